"""Walks the action list of a step: the plan decides the order, this only carries it out and times it.

A receive is no work here: the transport reads always, and the block that consumes a message waits for it (a
late message must not delay blocks that come before its consumer). Sends are handed over and never waited for.
Neighbouring stages that one rank runs for a micro-batch hand its tensors over in memory.
Times of blocks exclude waiting and include emulated compute.
"""

from __future__ import annotations

import math
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from .collectives.exchange import Exchange
from .collectives.groups import Groups
from .exit_codes import UserError
from .plan import Action, Plan
from .stage import Stage
from .transport.transport import Transport


@dataclass(frozen=True)
class StepReport:
    """Of one rank. `loss` where the head is, of the micro-batches of all replicas."""

    step: int
    loss: float | None
    step_seconds: float
    idle_seconds: float
    """Neither in a block nor in the update: waiting for messages, mostly."""
    update_seconds: float
    stage_seconds: Mapping[int, Mapping[str, float]]
    """Medians over the micro-batches, by stage and by kind of block."""


class Executor:
    """`stages`: those of the rank; `groups`: needed where other ranks have them too.

    `check` is called between actions and while waiting, and may raise."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        stages: Mapping[int, Stage],
        transport: Transport,
        check: Callable[[], None],
        groups: Groups | None = None,
    ) -> None:
        self.peak_activations = 0.0
        self._plan = plan
        self._rank = plan.ranks[number]
        self._stages = stages
        self._last = len(plan.stages) - 1
        self._actions = self._rank.actions
        self._cap = math.inf if plan.activation_caps is None else plan.activation_caps[number]
        self._transport = transport
        self._exchange = Exchange(plan, number, stages, transport, groups)
        self._emulated = plan.emulated_compute
        self._device = torch.device(plan.training.device)
        self._check = check
        self._results: dict[tuple[str, int, int], Tensor] = {}

    def run_step(self, step: int) -> StepReport:
        """Runs the list once and updates the weights. Raises UserError where the loss is not finite."""
        started = time.monotonic()
        seconds: dict[tuple[int, str], list[float]] = defaultdict(list)
        for action in self._actions:
            self._check()
            kind, stage, microbatch = action.kind, action.stage, action.microbatch
            if kind.startswith("SEND"):
                message = (kind[-1], stage + 1 if kind == "SEND_F" else stage - 1, microbatch)
                self._transport.send(*message, step, self._results.pop(message))
            elif not action.is_communication:
                received = self._receive(action, step)
                begun = time.monotonic()
                self._compute(action, step, received)
                self._wait_out(action, begun)
                seconds[stage, kind].append(time.monotonic() - begun)
                self._count_activations(action)
        assert not self._results, f"nobody has taken {sorted(self._results)}"
        loss, update_seconds = self._finish(step)
        step_seconds = time.monotonic() - started
        busy_seconds = sum(map(sum, seconds.values())) + update_seconds
        return StepReport(
            step=step,
            loss=loss,
            step_seconds=step_seconds,
            idle_seconds=max(0.0, step_seconds - busy_seconds),
            update_seconds=update_seconds,
            stage_seconds=_medians(seconds),
        )

    def _finish(self, step: int) -> tuple[float | None, float]:
        """Updates the weights. The loss, and the seconds that it took."""
        losses = [stage.take_loss() for stage in self._stages.values()]
        loss = next((loss for loss in losses if loss is not None), None)
        scale = self._exchange.gradient_scale(step, self._check_peers)
        if loss is not None:
            loss = self._exchange.mean_loss(loss, self._check_peers)
            if not math.isfinite(loss):
                raise UserError(
                    f"the loss of step {step} is {loss}: training diverged. Lower training.learningRate"
                )
        begun = time.monotonic()
        for stage in self._stages.values():
            stage.update(step, scale)
        self._synchronise()
        return loss, time.monotonic() - begun

    def _check_peers(self) -> None:
        self._check()
        self._transport.raise_if_lost()

    def _receive(self, action: Action, step: int) -> Tensor | None:
        """What the block consumes: the output of the stage before, or the gradient of the one behind."""
        if action.kind == "W" or action.stage == (0 if action.kind == "F" else self._last):
            return None
        kind, direction = ("F", -1) if action.kind == "F" else ("B", +1)
        message = (kind, action.stage, action.microbatch)
        sender = self._plan.neighbour(action.stage, action.microbatch, direction, self._rank.replica)
        if sender is self._rank:
            return self._results.pop(message)
        return self._transport.take(*message, step, self._check).to(self._device)

    def _compute(self, action: Action, step: int, received: Tensor | None) -> None:
        """Runs a block, and keeps its result for the neighbour that needs it, if any does."""
        stage, microbatch = self._stages[action.stage], action.microbatch
        match action.kind:
            case "F":
                output = stage.forward(step, microbatch, received)
                if action.stage < self._last:
                    self._results["F", action.stage + 1, microbatch] = output
            case "B" | "I":
                backward = stage.backward if action.kind == "B" else stage.backward_input
                gradient = backward(microbatch, received)
                if gradient is not None:
                    self._results["B", action.stage - 1, microbatch] = gradient
            case "W":
                stage.backward_weight(microbatch)
        self._synchronise()

    def _synchronise(self) -> None:
        """A block's time is that of its kernels, not of their launch; and what it sends must be there."""
        if self._device.type == "cuda":
            torch.cuda.synchronize()

    def _wait_out(self, action: Action, begun: float) -> None:
        if self._emulated is None:
            return
        remaining = begun + self._emulated[action.stage].seconds[action.kind] - time.monotonic()
        if remaining > 0:
            time.sleep(remaining)

    def _count_activations(self, action: Action) -> None:
        held = sum(stage.held_activations for stage in self._stages.values())
        self.peak_activations = max(self.peak_activations, held)
        assert held <= self._cap, f"{held:g} activations after {action}, the plan's cap is {self._cap:g}"


def _medians(seconds: Mapping[tuple[int, str], list[float]]) -> dict[int, dict[str, float]]:
    medians: dict[int, dict[str, float]] = defaultdict(dict)
    for (stage, kind), items in seconds.items():
        medians[stage][kind] = statistics.median(items)
    return dict(medians)
