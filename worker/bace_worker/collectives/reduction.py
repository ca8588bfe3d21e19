"""Siblings add up their gradients while the backwards still run: stages' buckets, all-reduced one by one.

As in PyTorch's DistributedDataParallel (Li et al., arXiv 2006.15704): weights are put into buckets in the
order in which their gradients become final, last layers first, and a bucket is reduced as soon as its last
gradient has its last micro-batch, and those before it in the order on which the siblings agree are under way:
copies of several stages need not finish them in the same order. With W apart from I, a gradient has its
micro-batch when W is done. Losses are divided by the micro-batches of all replicas, so the sum is the
gradient of the whole batch. Gradients lie in their bucket's memory from the first micro-batch on: that copy
replaces one before and one after the reduction.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Parameter

from ..exit_codes import PeerLost
from ..model.model import StageModel
from ..model.weight_gradients import Weighted
from .groups import OPERATION_TIMEOUT, Group, Work

ASK_AGAIN_SECONDS = 0.0002


@dataclass(eq=False)
class Bucket:
    flat: Tensor
    weights: int
    final: int = 0
    reducing: Work | None = None


@dataclass(eq=False)
class Place:
    """Of one weight's gradient: a view of its bucket. `expected`: how often it is added to in a step."""

    bucket: Bucket
    view: Tensor
    expected: int
    added: int = 0


class Reduction:
    """Of one rank, whose models hand every gradient over from construction on.

    `models`: of its stages, in the order in which all siblings reduce them, each with the micro-batches that
    this rank runs. A stage's last bucket may be smaller than `bucket_bytes`.
    """

    def __init__(self, models: Iterable[tuple[StageModel, int]], group: Group, bucket_bytes: int) -> None:
        self._group = group
        self._buckets: list[Bucket] = []
        self._places: dict[int, Place] = {}
        self._next = 0
        for model, microbatches in models:
            self._take(model, microbatches, bucket_bytes)

    def _take(self, model: StageModel, microbatches: int, bucket_bytes: int) -> None:
        uses = Counter(id(module.weight) for module in model.modules() if isinstance(module, Weighted))
        for weights in split_into_buckets(reversed(list(model.parameters())), bucket_bytes):
            flat = torch.zeros(sum(weight.numel() for weight in weights), device=weights[0].device)
            bucket = Bucket(flat, len(weights))
            self._buckets.append(bucket)
            start = 0
            for weight in weights:
                view = flat[start : start + weight.numel()].view_as(weight)
                self._places[id(weight)] = Place(bucket, view, microbatches * uses[id(weight)])
                start += weight.numel()
        model.gradients.on_accumulated = self._accumulated

    def finish(self, check: Callable[[], None]) -> float:
        """Waits until all gradients are sums over the siblings. Returns the seconds that it waited.

        To be called once in a step, after all blocks. Raises PeerLost, or what `check` raises.
        """
        begun = time.monotonic()
        for bucket in self._buckets:
            assert bucket.reducing is not None, "a gradient of the step is missing"
            wait_for(bucket.reducing, check)
            bucket.reducing, bucket.final = None, 0
        self._next = 0
        for place in self._places.values():
            place.added = 0
        return time.monotonic() - begun

    def _accumulated(self, weight: Tensor) -> None:
        place = self._places[id(weight)]
        if place.added == 0:
            assert weight.grad is not None
            place.view.copy_(weight.grad)
            weight.grad = place.view
        place.added += 1
        if place.added == place.expected:
            place.bucket.final += 1
            self._start()

    def _start(self) -> None:
        """All that are complete, up to the first one that is not."""
        while self._next < len(self._buckets):
            bucket = self._buckets[self._next]
            if bucket.final < bucket.weights:
                return
            bucket.reducing = self._group.allreduce([bucket.flat])
            self._next += 1


def wait_for(reducing: Work, check: Callable[[], None]) -> None:
    """Until an operation of the siblings is complete. Raises PeerLost, or what `check` raises."""
    try:
        while not reducing.is_completed():
            check()
            time.sleep(ASK_AGAIN_SECONDS)
        reducing.wait(OPERATION_TIMEOUT)
    except RuntimeError as error:
        raise PeerLost(f"adding up gradients: {error}") from None


def split_into_buckets(weights: Iterable[Parameter], bucket_bytes: int) -> list[list[Parameter]]:
    """In their order, each bucket ended by the weight with which it reaches the size."""
    buckets: list[list[Parameter]] = []
    size = bucket_bytes
    for weight in weights:
        if size >= bucket_bytes:
            buckets.append([])
            size = 0
        buckets[-1].append(weight)
        size += weight.nbytes
    return buckets
