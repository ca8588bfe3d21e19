"""Ranks as processes: told to stop they save one step and exit 75; the next epoch goes on from it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from gang import run_gang
from plans import make_plan
from processes import RecordingControl, alive, ended, eventually, launched, rank_pids, write_plan

STEPS = 30


def saved_plan(text: Path, folder: Path, stages: int, epoch: int, **changes: Any) -> dict[str, Any]:
    training = {"steps": STEPS} | changes.pop("training", {})
    checkpoint = {"location": str(folder), "everySteps": 10, "keep": 2, "graceSeconds": 20}
    return make_plan(text, stages, training=training, epoch=epoch, checkpoint=checkpoint, **changes)


def slow(stages: int, seconds: float) -> dict[str, Any]:
    block = {"forwardSeconds": seconds, "backwardSeconds": seconds}
    return {"emulatedCompute": {"stages": [block] * stages}}


def losses_of(control: RecordingControl) -> dict[int, float]:
    return {
        step["step"]: step["loss"]
        for report in control.reports
        for step in report["steps"]
        if step["loss"] is not None
    }


def manifests(folder: Path) -> list[tuple[int, int]]:
    found = [json.loads(path.read_text()) for path in folder.glob("*/manifest.json")]
    return sorted((manifest["epoch"], manifest["step"]) for manifest in found)


def go_on(text: Path, tmp_path: Path, folder: Path, stages: int) -> RecordingControl:
    """The second epoch, to its end."""
    document = saved_plan(text, folder, stages, epoch=2)
    control = RecordingControl(document)
    plan = write_plan(tmp_path, document, control)
    with (
        launched(plan, "frankfurt", tmp_path / "c") as first,
        launched(plan, "virginia", tmp_path / "d") as second,
    ):
        assert (ended(first), ended(second)) == (0, 0)
    control.close()
    return control


@pytest.fixture(scope="module")
def undisturbed(text: Path) -> list[float]:
    return run_gang(make_plan(text, 1, training={"steps": STEPS})).losses()


@pytest.mark.parametrize("told", ["one rank", "one region", "both regions"])
def test_sigterm_saves_and_the_next_epoch_goes_on_in_another_layout(
    text: Path, tmp_path: Path, undisturbed: list[float], told: str
) -> None:
    folder = tmp_path / "checkpoints"
    document = saved_plan(text, folder, 4, epoch=1, **slow(4, 0.004))
    control = RecordingControl(document)
    plan = write_plan(tmp_path, document, control)
    with (
        launched(plan, "frankfurt", tmp_path / "a") as first,
        launched(plan, "virginia", tmp_path / "b") as second,
    ):
        eventually(lambda: len(losses_of(control)) >= 3, "steps are reported")
        if told == "one rank":
            rank_of_frankfurt = json.loads((tmp_path / "a" / "started.json").read_text())["ranks"][1]["pid"]

            os.kill(rank_of_frankfurt, signal.SIGTERM)
        else:
            first.send_signal(signal.SIGTERM)
        if told == "both regions":
            time.sleep(0.03)
            second.send_signal(signal.SIGTERM)
        assert (ended(first), ended(second)) == (75, 75)
    control.close()
    (newest,) = manifests(folder)[-1:]
    before = losses_of(control)
    assert newest[0] == 1
    assert 3 <= newest[1] < STEPS
    assert sorted(before) == list(range(1, newest[1] + 1))
    control = go_on(text, tmp_path, folder, stages=2)
    after = losses_of(control)
    assert sorted(after) == list(range(newest[1] + 1, STEPS + 1))
    for step, loss in (before | after).items():
        assert loss == pytest.approx(undisturbed[step - 1], abs=1e-5, rel=0)
    assert manifests(folder)[-1] == (2, STEPS)
    assert max(report["committedStep"] or 0 for report in control.reports) == STEPS


def test_a_killed_rank_costs_the_steps_since_the_last_checkpoint(
    text: Path, tmp_path: Path, undisturbed: list[float]
) -> None:
    folder = tmp_path / "checkpoints"
    document = saved_plan(text, folder, 2, epoch=1, **slow(2, 0.01))
    control = RecordingControl(document)
    plan = write_plan(tmp_path, document, control)
    with (
        launched(plan, "frankfurt", tmp_path / "a") as first,
        launched(plan, "virginia", tmp_path / "b") as second,
    ):
        eventually(
            lambda: manifests(folder) != [] and max(losses_of(control), default=0) > 10, "step 10 is saved"
        )
        (victim,) = rank_pids(tmp_path / "b")
        os.kill(victim, signal.SIGKILL)
        assert ended(second) == 137
        assert ended(first) in (69, 75)
        assert not alive(victim)
    control.close()
    (newest,) = manifests(folder)[-1:]
    assert newest[1] % 10 == 0
    control = go_on(text, tmp_path, folder, stages=3)
    after = losses_of(control)
    assert sorted(after) == list(range(newest[1] + 1, STEPS + 1))
    for step, loss in after.items():
        assert loss == pytest.approx(undisturbed[step - 1], abs=1e-5, rel=0)


def test_a_finished_training_that_is_launched_again_has_nothing_to_do(text: Path, tmp_path: Path) -> None:
    for epoch in (1, 2):
        document = saved_plan(text, tmp_path / "checkpoints", 2, epoch, training={"steps": 4})
        control = RecordingControl(document)
        plan = write_plan(tmp_path, document, control)
        with (
            launched(plan, "frankfurt", tmp_path / f"a{epoch}") as first,
            launched(plan, "virginia", tmp_path / f"b{epoch}") as second,
        ):
            assert (ended(first), ended(second)) == (0, 0)
        control.close()
        assert sorted(losses_of(control)) == ([1, 2, 3, 4] if epoch == 1 else [])
        assert control.finished() == [0, 1]
