"""Stages on two ranks of a replica: DualPipe (DeepSeek-V3, arXiv 2412.19437), a copy for each direction.

Copies add their halves of a gradient up, so what they train is what one process trains but for rounding.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from gang import run_gang
from generated import MODEL, NODE, TRAINING, generate, plan_of
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.exit_codes import BadPlan
from bace_worker.rank import read_batches
from bace_worker.stage import Stage

# the worker is also tested where only Python is; CI has both
if NODE is None:
    pytest.skip("the generators need Node", allow_module_level=True)


@pytest.mark.parametrize("microbatches", [7, 8])
@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("ranks", [2, 4])
def test_copies_of_a_stage_train_as_one(text: Path, ranks: int, replicas: int, microbatches: int) -> None:
    """The gang's helper sees to it that both copies of a parameter have the same bits."""
    schedules = generate(microbatches)
    schedule = schedules["dualpipe", ranks]
    gang = run_gang(plan_of(text, schedule, replicas))
    expected = run_gang(plan_of(text, schedules["1f1b", 1], replicas))
    assert gang.losses() == pytest.approx(expected.losses(), abs=1e-6, rel=0)
    for parameter, value in expected.parameters.items():
        torch.testing.assert_close(gang.parameters[parameter], value, atol=1e-5, rtol=0)
    assert [gang.peaks[rank] for rank in range(ranks)] == schedule["peakActivations"]
    heads = [rank for rank in gang.reports if gang.reports[rank][0].loss is not None]
    assert sorted(heads) == [0, ranks - 1, *([ranks, 2 * ranks - 1] if replicas == 2 else [])]


def test_the_gradients_norm_counts_a_stage_once_whatever_its_copies(
    text: Path,
) -> None:
    clipped = {"gradientClipNorm": 0.05}
    document = plan_of(text, generate()["dualpipe", 4])
    document["training"] |= clipped
    one = run_gang(make_plan(text, 1, model=MODEL, training=TRAINING | clipped))
    assert run_gang(document).losses() == pytest.approx(one.losses(), abs=1e-6, rel=0)


def test_copies_of_a_stage_share_the_writing_of_its_layers(
    text: Path,
) -> None:
    plan = plans.read(plan_of(text, generate()["dualpipe", 4], replicas=2))
    written = [
        layer
        for rank in plan.ranks
        for index in rank.stages
        for layer in Stage(plan, index, read_batches(plan, [index])[0], rank).layer_states()
    ]
    assert sorted(written) == sorted(["embedding", "head", *(f"layer-{n}" for n in range(MODEL["layers"]))])


def blocks(*names: str) -> list[dict[str, Any]]:
    """Actions by their names: "1F0" is stage 1's F of micro-batch 0."""
    found = [re.fullmatch(r"(\d)([A-Z_]+)(\d)", name) for name in names]
    return [
        {"kind": one[2], "stage": int(one[1]), "microbatch": int(one[3])} for one in found if one is not None
    ]


REFUSED_COPIES: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (
        lambda plan: plan["ranks"][1].update(region="virginia"),
        "ranks[1].region: is 'virginia', its stage 0 is in 'frankfurt'; all ranks with a stage",
    ),
    (
        lambda plan: plan["ranks"][1].update(stages=[1]),
        "ranks[1].stages[0]: stage 1 is on rank 0 as well, whose stages are not all the same",
    ),
    (
        lambda plan: plan["ranks"][0].update(stages=[0, 0, 1]),
        "ranks[0].stages[1]: stage 0 is listed twice",
    ),
    (
        lambda plan: plan["ranks"][1]["actions"].extend(blocks("0F0", "0B0")),
        "F of stage 0, micro-batch 0 belongs to rank 0, which runs its F",
    ),
    (
        lambda plan: plan["ranks"][1]["actions"].pop(),
        "ranks[1].actions: W of stage",
    ),
]


@pytest.mark.parametrize(("mutate", "message"), REFUSED_COPIES, ids=[text for _, text in REFUSED_COPIES])
def test_refused_copies(
    text: Path,
    mutate: Callable[[dict[str, Any]], None],
    message: str,
) -> None:
    document = plan_of(text, generate()["dualpipe", 2])
    mutate(document)
    with pytest.raises(BadPlan, match=re.escape(message)):
        plans.read(document)


def test_copies_may_finish_their_stages_in_another_order(text: Path) -> None:
    """Two whole models, each on a rank of its own, that run their W in opposite orders."""
    order = [
        blocks("0F0", "1F0", "1I0", "0I0", "1W0", "0W0"),
        blocks("0F1", "1F1", "1I1", "0I1", "0W1", "1W1"),
    ]
    training = {"steps": 2, "microbatches": 2}
    gang = run_gang(make_plan(text, 2, [[0, 1], [0, 1]], actions=order, training=training))
    alone = run_gang(make_plan(text, 1, training=training))
    assert gang.losses() == pytest.approx(alone.losses(), abs=1e-6, rel=0)


def test_copies_without_a_microbatch_are_refused(text: Path) -> None:
    with pytest.raises(
        BadPlan, match=r"ranks\[0\].actions: run no micro-batch of stage 1, .* more micro-batches"
    ):
        plans.read(plan_of(text, generate(1)["dualpipe", 2]))
