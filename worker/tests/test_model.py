"""Initial weights depend on (seed, layer), never on the layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from plans import make_plan
from torch import Tensor

from bace_worker import plan as plans
from bace_worker.model.model import StageModel


def weights(plan: plans.Plan) -> dict[str, Tensor]:
    merged: dict[str, Tensor] = {}
    for stage in plan.stages:
        merged |= StageModel(plan.model, stage, plan.training.seed).state_dict()
    return merged


def test_every_layout_starts_from_the_same_weights(text: Path) -> None:
    whole = weights(plans.read(make_plan(text, 1)))
    for stages in (2, 3, 6):
        parts = weights(plans.read(make_plan(text, stages)))
        assert parts.keys() == whole.keys()
        assert all(torch.equal(parts[name], whole[name]) for name in whole)


def test_layers_and_seeds_differ(text: Path) -> None:
    plan = plans.read(make_plan(text, 1))
    first = weights(plan)
    second = weights(replace(plan, training=replace(plan.training, seed=2)))
    name = "feed_forward.up.weight"
    assert not torch.equal(first[f"layers.0.{name}"], first[f"layers.1.{name}"])
    assert not torch.equal(first[f"layers.0.{name}"], second[f"layers.0.{name}"])


def test_no_position_sees_its_future(text: Path) -> None:
    plan = plans.read(make_plan(text, 1))
    model = StageModel(plan.model, plan.stages[0], seed=1)
    tokens = torch.arange(32)[None]
    changed = tokens.clone()
    changed[0, 20:] = 99
    before, after = model(tokens), model(changed)
    assert torch.equal(before[:, :20], after[:, :20])
    assert not torch.equal(before[:, 20:], after[:, 20:])
