"""What changes numbers a little (bfloat16) and what must not (recomputation)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from gang import Gang, run_gang
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.rank import read_batches
from bace_worker.stage import Stage

STEPS = 16


def recomputed(document: dict[str, Any], stages: set[int]) -> dict[str, Any]:
    for stage in document["stages"]:
        stage["recompute"] = stage["index"] in stages
    return document


@pytest.fixture(scope="module")
def precise(text: Path) -> Gang:
    return run_gang(make_plan(text, 2, training={"steps": STEPS}))


@pytest.mark.parametrize("stages", [{0}, {1}, {0, 1}])
def test_recomputation_changes_no_bit(text: Path, precise: Gang, stages: set[int]) -> None:
    gang = run_gang(recomputed(make_plan(text, 2, training={"steps": STEPS}), stages))
    assert gang.losses() == precise.losses()
    for name, value in gang.parameters.items():
        assert torch.equal(value, precise.parameters[name]), name


def test_recomputation_keeps_the_inputs_of_layers_alone(text: Path) -> None:
    """Bytes that autograd saves for a micro-batch of a middle stage with two layers."""

    def saved(recompute: bool) -> int:
        plan = plans.read(recomputed(make_plan(text, 3), {1} if recompute else set()))
        stage = Stage(plan, 1, read_batches(plan, [1])[0])
        sizes: dict[int, int] = {}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            sizes[tensor.data_ptr()] = tensor.nbytes
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            stage.forward(1, 0, torch.zeros(2, 32, 32))
        return sum(sizes.values())

    inputs = 2 * (2 * 32 * 32 * 4)
    assert saved(recompute=False) > 4 * inputs
    assert saved(recompute=True) == inputs


def test_bfloat16_learns_like_float32(text: Path, precise: Gang) -> None:
    gang = run_gang(make_plan(text, 2, training={"steps": STEPS, "dtype": "bfloat16"}))
    assert gang.losses() == pytest.approx(precise.losses(), rel=0.02)
    assert gang.losses() != precise.losses()
    assert all(value.dtype == torch.float32 for value in gang.parameters.values())


def test_bfloat16_trains_the_same_bits_in_every_layout(text: Path) -> None:
    training = {"steps": 4, "dtype": "bfloat16"}
    one = run_gang(make_plan(text, 1, training=training))
    for stages in (2, 3):
        assert run_gang(make_plan(text, stages, training=training)).losses() == one.losses()


def test_bfloat16_sends_half_the_bytes(text: Path) -> None:
    sizes = {
        dtype: {
            transfer.size
            for transfers in run_gang(
                make_plan(text, 2, training={"steps": 1, "dtype": dtype})
            ).transfers.values()
            for transfer in transfers
        }
        for dtype in ("float32", "bfloat16")
    }
    assert sizes == {"float32": {2 * 32 * 32 * 4}, "bfloat16": {2 * 32 * 32 * 2}}
