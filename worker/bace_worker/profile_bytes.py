"""Bytes that one micro-batch keeps on a stage: storages, so that views and shared tensors count once.

From F to B or I it is what autograd has saved, with what came in and what went out; from I to W what the
waiting weight gradients refer to. What two micro-batches both keep is the model's own, and does not count.
Left out: what an allocator adds, and what a block needs only while it runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .profile_parts import Part
from .weight_gradients import WaitingGradient


@dataclass(frozen=True)
class KeptBytes:
    activation: int
    """From F to B or I."""
    weight_gradient: int
    """From I to W."""


@dataclass(frozen=True)
class _Storages:
    bytes_of: dict[int, int] = field(default_factory=dict)

    def add(self, tensor: Tensor) -> Tensor:
        """Returns another view: autograd would never free a graph whose own output it gets back here."""
        storage = tensor.untyped_storage()
        self.bytes_of[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()

    def without(self, other: _Storages) -> int:
        return sum(size for place, size in self.bytes_of.items() if place not in other.bytes_of)


def count_bytes(part: Part) -> KeptBytes:
    """Runs F and I of two micro-batches, whose weight gradients nobody computes."""
    stage = part.stage
    saved = _Storages(), _Storages()
    for microbatch, own in enumerate(saved):
        received = part.received()
        with torch.autograd.graph.saved_tensors_hooks(own.add, _same):
            output = stage.forward(1, microbatch, received)
        for tensor in (received, output):
            if tensor is not None:
                own.add(tensor)
    kept = _Storages(), _Storages()
    waiting = [_backward_input(part, microbatch) for microbatch in range(2)]
    for gradients, own in zip(waiting, kept, strict=True):
        for tensor in _tensors(gradients):
            own.add(tensor)
    return KeptBytes(saved[0].without(saved[1]), kept[0].without(kept[1]))


def _backward_input(part: Part, microbatch: int) -> list[WaitingGradient]:
    with part.stage.model.gradients.kept() as waiting:
        part.stage.backward(microbatch, part.gradient())
    return waiting


def _tensors(gradients: Iterable[WaitingGradient]) -> list[Tensor]:
    """What the gradients' functions have closed over."""
    cells = (cell for one in gradients for cell in getattr(one.compute, "__closure__", None) or ())
    return [cell.cell_contents for cell in cells if isinstance(cell.cell_contents, Tensor)]


def _same(tensor: Tensor) -> Tensor:
    return tensor
