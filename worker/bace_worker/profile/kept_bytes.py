"""Bytes that one micro-batch keeps on a stage: storages, so that views and shared tensors count once.

From F to B or I it is what autograd has saved, with what came in and what went out; from I to W what the
waiting weight gradients refer to. What two micro-batches both keep is the model's own, and does not count.
Left out: what an allocator adds, and what a block needs only while it runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..model.storages import Storages, waited_for
from ..model.weight_gradients import WaitingGradient
from .parts import Part


@dataclass(frozen=True)
class KeptBytes:
    activation: int
    """From F to B or I."""
    weight_gradient: int
    """From I to W."""


def count_bytes(part: Part) -> KeptBytes:
    """Runs F and I of two micro-batches, whose weight gradients nobody computes."""
    stage = part.stage
    saved = Storages(), Storages()
    for microbatch, own in enumerate(saved):
        received = part.received()
        with torch.autograd.graph.saved_tensors_hooks(own.add, _same):
            output = stage.forward(1, microbatch, received)
        own.add_all(tensor for tensor in (received, output) if tensor is not None)
    kept = Storages(), Storages()
    waiting = [_backward_input(part, microbatch) for microbatch in range(2)]
    for gradients, own in zip(waiting, kept, strict=True):
        own.add_all(waited_for(gradients))
    return KeptBytes(saved[0].bytes_without(saved[1]), kept[0].bytes_without(kept[1]))


def _backward_input(part: Part, microbatch: int) -> list[WaitingGradient]:
    with part.stage.model.gradients.kept() as waiting:
        part.stage.backward(microbatch, part.gradient())
    return waiting


def _same(tensor: Tensor) -> Tensor:
    return tensor
