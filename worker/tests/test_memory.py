"""Plans for models that no machine here can hold: made by the control plane, and held against real memory."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from plans import make_plan
from processes import bace_worker, write_plan

from bace_worker import plan as plans
from bace_worker.memory import plan_memory, stage_bytes

NODE = shutil.which("node")


def large_plan(model: str, gpu: str, gpus_per_region: int, recomputation: str) -> dict[str, Any]:
    script = Path(__file__).with_name("large_plan.mjs")
    command = [str(NODE), str(script), model, gpu, str(gpus_per_region), recomputation]
    output = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout
    made: dict[str, Any] = json.loads(output)
    return made


@pytest.mark.skipif(NODE is None, reason="plans are made by the control plane, which needs Node")
@pytest.mark.parametrize(
    ("model", "gpu", "gpus", "recomputation"),
    [
        ("qwen2.5-14b", "H200", 4, "selective"),
        ("qwen2.5-14b", "A6000", 8, "full"),
    ],
)
def test_the_papers_models_fit_as_planned(model: str, gpu: str, gpus: int, recomputation: str) -> None:
    made = large_plan(model, gpu, gpus, recomputation)
    plan = plans.read(made["plan"])
    assert plan.training.device == "cuda"
    found = plan_memory(plan)
    assert len(found) == 2 * gpus
    for of, counted in zip(found, made["stageBytes"], strict=True):
        assert of.peak <= made["memoryBytes"], of
        assert of.peak == pytest.approx(counted, rel=0.15), of


def test_counts_what_a_small_model_keeps(text: Path) -> None:
    plan = plans.read(make_plan(text, 3))
    first, middle, last = (stage_bytes(plan, stage) for stage in plan.stages)
    layer = 32 * 32 * 2 + 2 * 32 * 16 + 3 * 32 * 64 + 2 * 32
    assert middle.parameters == 2 * layer
    assert first.parameters == 2 * layer + 256 * 32
    assert last.parameters == 2 * layer + 256 * 32 + 32
    assert middle.state == 16 * middle.parameters
    assert 0 < middle.waiting < middle.activation < last.activation


def test_recomputation_trades_memory_between_layers(text: Path) -> None:
    document = make_plan(text, 1)
    plain = stage_bytes(plans.read(document), plans.read(document).stages[0])
    document["stages"][0]["recompute"] = True
    again = stage_bytes(plans.read(document), plans.read(document).stages[0])
    assert again.state == plain.state
    assert again.activation < plain.activation / 3
    assert 0 < again.working < plain.activation


def test_a_peak_follows_the_actions(text: Path) -> None:
    plan = plans.read(make_plan(text, 3, training={"microbatches": 6}))
    sizes = [stage_bytes(plan, stage) for stage in plan.stages]
    assert [of.peak for of in plan_memory(plan)] == [
        size.state + held * size.activation for size, held in zip(sizes, (3, 2, 1), strict=True)
    ]


def test_the_command_says_what_is_too_much(text: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, make_plan(text, 2))
    process = bace_worker("check", "--plan", plan)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    ranks = [json.loads(line) for line in output.splitlines()]
    assert [rank["rank"] for rank in ranks] == [0, 1]
    most = max(rank["peakBytes"] for rank in ranks)
    process = bace_worker("check", "--plan", plan, "--memory-bytes", str(most - 1))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"needs {most} bytes, and has {most - 1}" in errors
