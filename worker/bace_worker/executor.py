"""Walks the action list of a step: the plan decides the order, this only carries it out and times it.

A receive is no work here: the transport reads always, and the block that consumes a message waits for it (a
late message must not delay blocks that come before its consumer). Sends are handed over and never waited for.
Times of F and B exclude waiting and include emulated compute.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from .exit_codes import UserError
from .plan import Action, EmulatedStage
from .stage import Stage
from .transport import Transport


@dataclass(frozen=True)
class StepReport:
    """`loss` on the last stage alone. Forward and backward: medians over the step's micro-batches."""

    step: int
    loss: float | None
    step_seconds: float
    forward_seconds: float
    backward_seconds: float


class Executor:
    """`check` is called between actions and while waiting; what it raises ends the run."""

    def __init__(
        self,
        stage: Stage,
        index: int,
        actions: tuple[Action, ...],
        transport: Transport,
        emulated: EmulatedStage | None,
        check: Callable[[], None],
    ) -> None:
        self._stage = stage
        self._is_first = index == 0
        self._is_last = stage.model.head is not None
        self._actions = actions
        self._transport = transport
        self._emulated = emulated or EmulatedStage(0.0, 0.0)
        self._check = check

    def run_step(self, step: int) -> StepReport:
        """Runs the list once and updates the weights. Raises UserError where the loss is not finite."""
        started = time.monotonic()
        outgoing: dict[tuple[str, int], Tensor] = {}
        seconds: dict[str, list[float]] = {"F": [], "B": []}
        for action in self._actions:
            self._check()
            microbatch = action.microbatch
            if action.kind in ("SEND_F", "SEND_B"):
                kind = action.kind[-1]
                self._transport.send(kind, microbatch, step, outgoing.pop((kind, microbatch)))
            elif action.kind in ("F", "B"):
                received = self._receive(action.kind, microbatch, step)
                begun = time.monotonic()
                result = self._compute(action.kind, microbatch, step, received)
                self._wait_out(action.kind, begun)
                seconds[action.kind].append(time.monotonic() - begun)
                if result is not None:
                    outgoing[action.kind, microbatch] = result
        loss = self._stage.finish_step()
        if loss is not None and not math.isfinite(loss):
            raise UserError(
                f"the loss of step {step} is {loss}: training diverged. Lower training.learningRate"
            )
        return StepReport(
            step,
            loss,
            time.monotonic() - started,
            statistics.median(seconds["F"]),
            statistics.median(seconds["B"]),
        )

    def _receive(self, kind: str, microbatch: int, step: int) -> Tensor | None:
        if self._is_first if kind == "F" else self._is_last:
            return None
        return self._transport.take(kind, microbatch, step, self._check)

    def _compute(self, kind: str, microbatch: int, step: int, received: Tensor | None) -> Tensor | None:
        """What a neighbour needs of the result, if any does."""
        if kind == "B":
            return self._stage.backward(microbatch, received)
        output = self._stage.forward(step, microbatch, received)
        return None if self._is_last else output

    def _wait_out(self, kind: str, begun: float) -> None:
        least = self._emulated.forward_seconds if kind == "F" else self._emulated.backward_seconds
        remaining = begun + least - time.monotonic()
        if remaining > 0:
            time.sleep(remaining)
