"""Same training: the layout must not change what is learnt."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from gang import Gang, run_gang
from plans import constant_rate, make_plan
from reference import initial_weights, loss_of, train_reference
from torch import Tensor

from bace_worker import plan as plans
from bace_worker.exit_codes import UserError
from bace_worker.rank import read_batches
from bace_worker.stage import Stage

STEPS = 24
TOLERANCE = 1e-5


def layout(text: Path, stages: int) -> dict[str, Any]:
    return make_plan(text, stages, training={"steps": STEPS})


@pytest.fixture(scope="module")
def one_stage(text: Path) -> Gang:
    return run_gang(layout(text, 1))


@pytest.fixture(scope="module")
def reference(text: Path) -> tuple[list[float], dict[str, Tensor]]:
    return train_reference(layout(text, 1))


def worst(left: dict[str, Tensor], right: dict[str, Tensor]) -> float:
    assert left.keys() == right.keys()
    return max((left[name] - right[name]).abs().max().item() for name in left)


def test_one_stage_trains_like_plain_pytorch(
    one_stage: Gang, reference: tuple[list[float], dict[str, Tensor]]
) -> None:
    losses, weights = reference
    assert one_stage.losses() == pytest.approx(losses, abs=TOLERANCE, rel=0)
    assert worst(one_stage.parameters, weights) <= 10 * TOLERANCE  # AdamW divides by small second moments


def test_gradients_are_those_of_the_mean_loss(text: Path) -> None:
    """Looked at before the optimizer, since AdamW hides a gradient that is wrong by a factor."""
    plan = plans.read(layout(text, 1))
    batches = read_batches(plan, [0])[0]
    assert batches is not None
    stage = Stage(plan, 0, batches)
    weights = {name: tensor.requires_grad_() for name, tensor in initial_weights(plan).items()}
    for microbatch in range(4):
        stage.forward(1, microbatch, None)
        stage.backward(microbatch, None)
        (loss_of(plan.model, weights, *batches.sample(1, microbatch)) / 4).backward()
    for name, parameter in stage.model.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, weights[name].grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("stages", [2, 3])
def test_more_stages_train_like_one(text: Path, one_stage: Gang, stages: int) -> None:
    gang = run_gang(layout(text, stages))
    assert len(gang.losses()) == STEPS
    assert gang.losses() == pytest.approx(one_stage.losses(), abs=TOLERANCE, rel=0)
    assert worst(gang.parameters, one_stage.parameters) <= TOLERANCE


def test_loss_falls(one_stage: Gang) -> None:
    losses = one_stage.losses()
    assert losses[0] == pytest.approx(math.log(256), abs=0.2)  # all bytes as likely as each other
    assert sum(losses[-4:]) / 4 < losses[0] - 2


def test_order_of_blocks_does_not_change_the_training(text: Path, one_stage: Gang) -> None:
    """All forwards first, then all backwards (GPipe), on ranks whose numbers run against their stages."""
    document = layout(text, 2)
    for rank in document["ranks"]:
        rank["actions"].sort(key=lambda action: action["kind"][-1] == "B")
    document["ranks"].reverse()
    for number, rank in enumerate(document["ranks"]):
        rank["rank"] = number
    gang = run_gang(document)
    assert gang.losses() == pytest.approx(one_stage.losses(), abs=TOLERANCE, rel=0)
    assert worst(gang.parameters, one_stage.parameters) <= TOLERANCE
    assert gang.peaks == {0: 4, 1: 4}


def test_1f1b_holds_as_many_activations_as_stages_are_left(text: Path) -> None:
    gang = run_gang(make_plan(text, 3, training={"steps": 1, "microbatches": 6}))
    assert gang.peaks == {0: 3, 1: 2, 2: 1}


def test_tied_embeddings_share_one_matrix(text: Path) -> None:
    gang = run_gang(make_plan(text, 1, model={"tiedEmbeddings": True}))
    assert torch.equal(gang.parameters["embedding.weight"], gang.parameters["head.projection.weight"])
    assert gang.losses()[-1] < gang.losses()[0]


def test_emulated_compute_lasts_as_long_as_stated(text: Path) -> None:
    emulated = {"stages": [{"forwardSeconds": 0.03, "backwardSeconds": 0.05}] * 2}
    gang = run_gang(make_plan(text, 2, training={"steps": 2}, emulatedCompute=emulated))
    for report in (report for reports in gang.reports.values() for report in reports):
        (seconds,) = report.stage_seconds.values()
        assert seconds["F"] >= 0.03
        assert seconds["B"] >= 0.05
        assert report.step_seconds >= 4 * 0.08


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [({}, (0.03, 0.03)), ({"inputGradSeconds": 0.02, "weightGradSeconds": 0.05}, (0.02, 0.05))],
)
def test_parts_of_a_backward_are_emulated_apart(
    text: Path, parts: dict[str, float], seconds: tuple[float, float]
) -> None:
    """Halves of a whole backward where the plan does not say."""
    kinds = [("F", 0), ("I", 0), ("F", 1), ("I", 1), ("W", 0), ("W", 1)]
    order = [{"kind": kind, "stage": 0, "microbatch": microbatch} for kind, microbatch in kinds]
    block = {"forwardSeconds": 0.01, "backwardSeconds": 0.06} | parts
    training = {"steps": 1, "microbatches": 2}
    gang = run_gang(
        make_plan(text, 1, actions=[order], training=training, emulatedCompute={"stages": [block]})
    )
    (report,) = gang.reports[0]
    measured = report.stage_seconds[0]
    assert measured.keys() == {"F", "I", "W"}
    assert measured["F"] >= 0.01
    assert measured["I"] >= seconds[0]
    assert measured["W"] >= seconds[1]


def test_diverged_training_is_a_user_error(text: Path) -> None:
    with pytest.raises(UserError, match=r"loss of step \d+ is (nan|inf).*learningRate"):
        run_gang(make_plan(text, 1, training={"learningRate": constant_rate(1e30)}))
