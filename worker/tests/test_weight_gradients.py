"""A backward in two parts: I and W are B, bit for bit and product for product, and I leaves weights alone."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from plans import make_plan
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from bace_worker import plan as plans
from bace_worker.rank import read_batches
from bace_worker.stage import Stage

MICROBATCHES = 4


@dataclass(eq=False)
class Saved:
    """A tensor that autograd keeps for a backward."""

    tensor: Tensor


def stages(text: Path, count: int, **model: object) -> list[Stage]:
    """All stages of a model, each with a forward of every micro-batch behind it."""
    plan = plans.read(make_plan(text, count, model=model))
    batches = read_batches(plan, range(count))[0]
    made = [Stage(plan, index, batches) for index in range(count)]
    for microbatch in range(MICROBATCHES):
        received: Tensor | None = None
        for stage in made:
            received = stage.forward(1, microbatch, received)
    return made


def backward(made: list[Stage], microbatch: int, split: bool) -> None:
    """The gradients of all stages' inputs; those of weights only where `split` is False."""
    gradient: Tensor | None = None
    for stage in reversed(made):
        run = stage.backward_input if split else stage.backward
        gradient = run(microbatch, gradient)


def gradients(made: list[Stage]) -> list[Tensor | None]:
    return [parameter.grad for stage in made for parameter in stage.model.parameters()]


@pytest.mark.parametrize(("count", "tied"), [(1, True), (3, False)])
def test_both_parts_give_the_bits_of_a_whole_backward(text: Path, count: int, tied: bool) -> None:
    """All I first: the weight gradients of several micro-batches wait at once."""
    whole, split = (stages(text, count, tiedEmbeddings=tied) for _ in range(2))
    for microbatch in range(MICROBATCHES):
        backward(whole, microbatch, split=False)
        backward(split, microbatch, split=True)
    assert all(gradient is None for gradient in gradients(split))
    for stage in split:
        for microbatch in range(MICROBATCHES):
            stage.backward_weight(microbatch)
    for ours, expected in zip(gradients(split), gradients(whole), strict=True):
        assert ours is not None
        assert expected is not None
        assert torch.equal(ours, expected)


def test_the_parts_have_the_products_of_the_whole(text: Path) -> None:
    """W has one product per matrix and nothing of the way back to it; I has the rest."""
    (whole,), (split,) = stages(text, 1), stages(text, 1)
    with FlopCounterMode(display=False) as of_whole:
        whole.backward(0, None)
    with FlopCounterMode(display=False) as of_input:
        split.backward_input(0, None)
    with FlopCounterMode(display=False) as of_weight:
        split.backward_weight(0)
    matrices = [p for name, p in split.model.named_parameters() if p.dim() == 2 and "embedding" not in name]
    tokens = 2 * 32
    assert of_weight.get_total_flops() == sum(2 * tokens * matrix.numel() for matrix in matrices)
    assert of_input.get_total_flops() + of_weight.get_total_flops() == of_whole.get_total_flops()


def test_half_an_activation_is_left_after_the_first_part(text: Path) -> None:
    saved: list[weakref.ref[Saved]] = []

    def pack(tensor: Tensor) -> Saved:
        box = Saved(tensor)
        saved.append(weakref.ref(box))
        return box

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda box: box.tensor):
        (stage,) = stages(text, 1)
    assert stage.held_activations == MICROBATCHES
    stage.backward_input(0, None)
    assert sum(box() is not None for box in saved) == len(saved) * (1 - 1 / MICROBATCHES)
    assert stage.held_activations == MICROBATCHES - 0.5
    stage.backward_weight(0)
    assert stage.held_activations == MICROBATCHES - 1
