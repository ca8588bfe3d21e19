"""Replicas share a step's micro-batches and train what one process trains with all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from gang import Gang, run_gang
from plans import make_plan

STEPS = 12
MICROBATCHES = 8


def plan_of(text: Path, stages: int, replicas: int, **changes: Any) -> dict[str, Any]:
    training = {"steps": STEPS, "microbatches": MICROBATCHES // replicas} | changes.pop("training", {})
    return make_plan(text, stages, replicas=replicas, training=training, **changes)


@pytest.fixture(scope="module")
def alone(text: Path) -> Gang:
    return run_gang(plan_of(text, 1, 1))


@pytest.mark.parametrize("bucket_bytes", [1, 20_000, 1 << 30])
@pytest.mark.parametrize("stages", [1, 2, 3])
def test_two_replicas_train_like_one_process(text: Path, alone: Gang, stages: int, bucket_bytes: int) -> None:
    gang = run_gang(plan_of(text, stages, 2, gradientBucketBytes=bucket_bytes))
    assert gang.losses() == pytest.approx(alone.losses(), abs=1e-5, rel=0)
    for name, value in alone.parameters.items():
        torch.testing.assert_close(gang.parameters[name], value, atol=1e-4, rtol=0)
        assert torch.equal(gang.replicas[1][name], gang.parameters[name]), name


def test_every_replica_reports_the_mean_loss_of_all(text: Path) -> None:
    gang = run_gang(plan_of(text, 2, 2, training={"steps": 3}))
    assert [report.loss for report in gang.reports[1]] == [report.loss for report in gang.reports[3]]


@pytest.mark.parametrize("longest", [0.05, 100.0])
def test_clipping_is_the_same_in_every_layout(text: Path, alone: Gang, longest: float) -> None:
    training = {"gradientClipNorm": longest}
    one = run_gang(plan_of(text, 1, 1, training=training))
    assert (one.losses() == alone.losses()) == (longest == 100.0)
    for stages in (2, 3):
        assert run_gang(plan_of(text, stages, 1, training=training)).losses() == one.losses()
    both = run_gang(plan_of(text, 2, 2, training=training))
    assert both.losses() == pytest.approx(one.losses(), abs=1e-5, rel=0)


@pytest.mark.parametrize("stages", [2, 3])
def test_links_by_torch_distributed_train_the_same_bits(text: Path, alone: Gang, stages: int) -> None:
    gang = run_gang(plan_of(text, stages, 1, link={"via": "collective"}))
    assert gang.losses() == alone.losses()
