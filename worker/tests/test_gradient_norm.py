"""Clipping by the global norm: what PyTorch does to one process, and the same bits on any layout."""

from __future__ import annotations

import math
import queue
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from gang import in_parallel, no_check
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.collectives.gradient_norm import GradientNorm, clip_scale, tree_of
from bace_worker.exit_codes import PeerLost
from bace_worker.model.model import StageModel

LAYERS = 6


class Post:
    """Notes between the threads of a test, as one rank sees them."""

    def __init__(self, boxes: dict[Any, queue.Queue[bytes]], number: int) -> None:
        self._boxes = boxes
        self._number = number

    def note(self, peer: int, kind: str, step: int, payload: bytes) -> None:
        self._boxes[self._number, peer, kind, step].put(payload)

    def take_note(self, peer: int, kind: str, step: int, check: Callable[[], None]) -> bytes:
        check()
        return self._boxes[peer, self._number, kind, step].get(timeout=10)


def models_of(plan: plans.Plan, numbers: tuple[int, ...]) -> list[StageModel]:
    """Stages whose gradients depend on the parameter's name alone."""
    models = [StageModel(plan.model, plan.stages[number], 1) for number in numbers]
    for model in models:
        for name, parameter in model.named_parameters():
            generator = torch.Generator().manual_seed(sum(map(ord, name)))
            parameter.grad = torch.randn(parameter.shape, generator=generator)
    return models


def norms_of(plan: plans.Plan) -> list[float]:
    """By rank."""
    boxes: dict[Any, queue.Queue[bytes]] = defaultdict(queue.Queue)
    norms: dict[int, float] = {}

    def measure(number: int) -> None:
        models = models_of(plan, plan.ranks[number].stages)
        norms[number] = GradientNorm(plan, number, models, Post(boxes, number)).measure(1, no_check)

    in_parallel([lambda number=rank.rank: measure(number) for rank in plan.ranks])
    return [norms[rank.rank] for rank in plan.ranks]


def test_is_the_length_of_the_whole_gradient(text: Path) -> None:
    plan = plans.read(make_plan(text, 1))
    (model,) = models_of(plan, (0,))
    expected = torch.cat([p.grad.flatten().double() for p in model.parameters() if p.grad is not None]).norm()
    assert norms_of(plan) == [pytest.approx(expected.item(), rel=1e-7)]


def test_has_the_same_bits_on_all_ranks_of_all_layouts(text: Path) -> None:
    alone = norms_of(plans.read(make_plan(text, 1)))
    layouts = [[[0], [1]], [[0], [1], [2]], [[0], [1], [2], [3]], [[0, 3], [1, 2]], [[3], [1], [0], [2]]]
    for placement in layouts:
        stages = sum(map(len, placement))
        seen = norms_of(plans.read(with_any_order(text, stages, placement)))
        assert seen == alone * len(placement), placement


def with_any_order(text: Path, stages: int, placement: list[list[int]]) -> dict[str, Any]:
    """All forwards in order, then all backwards: possible wherever the stages are."""
    actions: list[list[dict[str, Any]]] = []
    owners = {stage: rank for rank, held in enumerate(placement) for stage in held}
    for rank, held in enumerate(placement):
        order = []
        for kind, away, back in (("F", 1, -1), ("B", -1, 1)):
            for stage in sorted(held, reverse=kind == "B"):
                names = [f"RECV_{kind}"] * (owners.get(stage + back, rank) != rank) + [kind]
                names += [f"SEND_{kind}"] * (owners.get(stage + away, rank) != rank)
                order += [{"kind": name, "stage": stage, "microbatch": 0} for name in names]
        actions.append(order)
    return make_plan(text, stages, placement, actions=actions, training={"microbatches": 1})


@pytest.mark.parametrize("longest", [0.5, 30.0, 1e6])
def test_scales_as_pytorch_clips(text: Path, longest: float) -> None:
    plan = plans.read(make_plan(text, 1))
    (ours,) = models_of(plan, (0,))
    (theirs,) = models_of(plan, (0,))
    (norm,) = norms_of(plan)
    total = torch.nn.utils.clip_grad_norm_(theirs.parameters(), longest)
    assert norm == pytest.approx(total.item(), rel=1e-6)
    for mine, clipped in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert mine.grad is not None
        torch.testing.assert_close(mine.grad * clip_scale(norm, longest), clipped.grad, rtol=1e-6, atol=0)


def test_a_short_gradient_is_left_as_it_is() -> None:
    assert clip_scale(0.25, 1.0) == 1.0
    assert clip_scale(0.0, 1.0) == 1.0


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_gradient_that_is_not_finite_shows_on_every_rank(text: Path, value: float) -> None:
    plan = plans.read(make_plan(text, 3))
    boxes: dict[Any, queue.Queue[bytes]] = defaultdict(queue.Queue)
    norms: dict[int, float] = {}

    def measure(number: int) -> None:
        models = models_of(plan, (number,))
        if number == 2:
            next(models[0].parameters()).grad.view(-1)[3] = value  # type: ignore[union-attr]
        norms[number] = GradientNorm(plan, number, models, Post(boxes, number)).measure(1, no_check)

    in_parallel([lambda number=number: measure(number) for number in range(3)])
    assert not any(math.isfinite(norm) for norm in norms.values())


def test_every_rank_knows_its_place_in_one_tree(text: Path) -> None:
    """The root is in the middle, so that nothing has to come further than half the chain."""
    plan = plans.read(make_plan(text, 5, replicas=2))
    trees = [tree_of(plan, rank.rank) for rank in plan.ranks]
    assert [tree.parent for tree in trees] == [1, 2, None, 2, 3, 6, 7, None, 7, 8]
    assert [tree.children for tree in trees[:5]] == [(), (0,), (1, 3), (4,), ()]


def test_a_lost_peer_ends_the_measuring(text: Path) -> None:
    plan = plans.read(make_plan(text, 2))

    def lost() -> None:
        raise PeerLost("rank 1: closed")

    post = Post(defaultdict(queue.Queue), 0)
    with pytest.raises(PeerLost):
        GradientNorm(plan, 0, models_of(plan, (0,)), post).measure(1, lost)
