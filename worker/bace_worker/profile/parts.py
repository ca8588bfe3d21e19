"""Times of one part of a model, measured on the very stage that trains it.

A part is a stage of its own: nothing at all, the embedding, several layers, or the head with its loss. Each
is built alone, so a model need not fit into memory as a whole. Two micro-batches are in flight at a time, so
that the activations of one have left the caches when its backward comes, as in a pipeline; and gradients are
added to what is there, as in all micro-batches of a step but the first.
Left out: sending, receiving, clipping gradients. Where a device queues its work (CUDA), each block is waited
for, as if nothing were queued behind it.
"""

from __future__ import annotations

import math
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..data.batches import Batches
from ..model.model import DTYPES
from ..plan import Plan
from ..plan import Stage as StagePlan
from ..stage import Stage

WARM_UP_ROUNDS = 2
LEAST_ROUNDS = 5


@dataclass(frozen=True)
class Times:
    """Medians in seconds by kind: F, B, I, W, UPDATE (what ends a step) and REFRESH (the F after it)."""

    seconds: dict[str, float]
    spread: dict[str, float]
    """Distance of the quartiles by kind, as a share of the median."""
    relative_error: float
    """Estimated standard error of all kinds together, as a share of their sum."""
    rounds: int


class Part:
    """`shape`: which layers, and whether embedding and head. `batches`: samples for both."""

    def __init__(self, plan: Plan, shape: StagePlan, batches: Batches) -> None:
        training, model = plan.training, plan.model
        size = (training.microbatch_size, model.sequence_length, model.hidden_size)
        device, dtype = torch.device(training.device), DTYPES[training.dtype]
        generator = torch.Generator().manual_seed(training.seed)
        self._message = torch.randn(size, generator=generator).to(device, dtype)
        self._gradient = 1e-3 * torch.randn(size, generator=generator).to(device, dtype)
        self._shape = shape
        self._wait: Callable[[], None] = torch.cuda.synchronize if device.type == "cuda" else _nothing
        self._samples: dict[str, list[float]] = defaultdict(list)
        self._step = 0
        self.stage = Stage(replace(plan, stages=(shape,)), 0, batches)

    def received(self) -> Tensor | None:
        """What F gets from the stage before, for a micro-batch of its own."""
        return None if self._shape.embedding else self._message.clone()

    def gradient(self) -> Tensor | None:
        """What B and I get from the stage behind, likewise."""
        return None if self._shape.head else self._gradient.clone()

    def measure(self, relative_error: float, limit_seconds: float) -> Times:
        """Repeats until the error is reached or the time is over."""
        for _ in range(WARM_UP_ROUNDS):
            self._run_round()
        self._samples.clear()
        deadline = time.monotonic() + limit_seconds
        rounds = 0
        while rounds < LEAST_ROUNDS or (self._error() > relative_error and time.monotonic() < deadline):
            self._run_round()
            rounds += 1
        medians = {kind: statistics.median(items) for kind, items in self._samples.items()}
        spread = {kind: _quartile_distance(items) / medians[kind] for kind, items in self._samples.items()}
        return Times(medians, spread, self._error(), rounds)

    def _run_round(self) -> None:
        stage = self.stage
        self._step += 1
        self._forward("REFRESH", 0)
        self._forward("F", 1)
        stage.backward(0, self.gradient())  # sets gradients, where all others add to them
        self._backward("B", stage.backward, 1)
        self._forward("F", 2)
        self._forward("F", 3)
        self._backward("I", stage.backward_input, 2)
        self._backward("I", stage.backward_input, 3)
        self._block("W", lambda: stage.backward_weight(2))
        self._block("W", lambda: stage.backward_weight(3))
        self._block("UPDATE", self._end_step)

    def _forward(self, kind: str, microbatch: int) -> None:
        received = self.received()
        self._block(kind, lambda: self.stage.forward(self._step, microbatch, received))

    def _backward(self, kind: str, run: Callable[[int, Tensor | None], object], microbatch: int) -> None:
        gradient = self.gradient()
        self._block(kind, lambda: run(microbatch, gradient))

    def _end_step(self) -> None:
        self.stage.take_loss()
        self.stage.update(self._step)

    def _block(self, kind: str, run: Callable[[], object]) -> None:
        self._wait()
        begun = time.perf_counter()
        run()
        self._wait()
        self._samples[kind].append(time.perf_counter() - begun)

    def _error(self) -> float:
        """A median's standard error is 1.25 deviations over the root of the count, quartiles 1.35 of them."""
        samples = self._samples.values()
        errors = sum(1.25 / 1.35 * _quartile_distance(items) / math.sqrt(len(items)) for items in samples)
        return errors / sum(statistics.median(items) for items in samples)


def _quartile_distance(items: list[float]) -> float:
    first, _, third = statistics.quantiles(items, n=4, method="inclusive")
    return third - first


def _nothing() -> None:
    pass
