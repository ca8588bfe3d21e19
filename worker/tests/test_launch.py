"""Supervisors: their files and exit codes, and what becomes of ranks that are left alone."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from gang import run_gang
from plans import make_plan
from processes import (
    RecordingControl,
    alive,
    bace_worker,
    ended,
    eventually,
    launched,
    rank_pids,
    read_json,
    write_plan,
)

LONG = {"steps": 100_000}


def test_local_trains_and_prints_every_step(text: Path, tmp_path: Path) -> None:
    document = make_plan(text, 2, training={"steps": 6})
    process = bace_worker("local", "--plan", write_plan(tmp_path, document))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert [line["loss"] for line in lines] == pytest.approx(run_gang(document).losses(), abs=1e-5, rel=0)


def test_control_plane_may_restart_in_the_middle(text: Path, tmp_path: Path) -> None:
    """Two regions train on while it is away; each step is reported once, and both launches end with 0."""
    emulated = {"stages": [{"forwardSeconds": 0.005, "backwardSeconds": 0.01}] * 2}
    document = make_plan(text, 2, training={"steps": 40}, emulatedCompute=emulated)
    before = RecordingControl(document)
    plan = write_plan(tmp_path, document, before)
    first_folder, second_folder = tmp_path / "first", tmp_path / "second"
    with (
        launched(plan, "frankfurt", first_folder) as first,
        launched(plan, "virginia", second_folder) as second,
    ):
        eventually(lambda: len(before.steps(1)) >= 5, "five steps are reported")
        before.close()
        known = len(before.steps(1))
        assert known < 40
        eventually(lambda: trained(first_folder / "rank-0.log"), "training is done without a control plane")
        assert first.poll() is None
        after = RecordingControl(document, before.port, resume=before)
        assert (ended(first), ended(second)) == (0, 0)
        after.close()
    for rank in (0, 1):
        assert [step["step"] for step in after.steps(rank)] == list(range(1, 41))
    assert all(step["loss"] is None for step in after.steps(0))
    assert after.finished() == [0, 1]
    traffic = [link for report in after.reports if report["rank"] == 0 for link in report["links"]]
    assert {link["toRank"] for link in traffic} == {1}
    assert sum(link["bytes"] for link in traffic) == 40 * 4 * (2 * 32 * 32 * 4)
    assert read_json(first_folder / "exit.json") == {
        "exitCode": 0,
        "ranks": [{"rank": 0, "exitCode": 0, "signal": None}],
    }
    # a launch done twice is a launch done once
    with launched(plan, "frankfurt", first_folder) as again:
        assert ended(again) == 0
    assert (first_folder / "rank-0.log").read_text().count("checks in") == 1


def trained(log: Path) -> bool:
    return "trained in" in log.read_text()


def test_sigterm_ends_with_75_and_a_second_launch_starts_nothing(text: Path, tmp_path: Path) -> None:
    document = make_plan(text, 1, training=LONG)
    control = RecordingControl(document)
    plan, folder = write_plan(tmp_path, document, control), tmp_path / "run"
    with launched(plan, "frankfurt", folder) as supervisor:
        eventually(lambda: len(control.steps(0)) > 0, "a step is reported")
        started = read_json(folder / "started.json")
        assert started["pid"] == supervisor.pid
        assert started["startTicks"] > 0
        with launched(plan, "frankfurt", folder) as second:
            assert ended(second) == 0
        assert read_json(folder / "started.json") == started
        assert not (folder / "exit.json").exists()
        supervisor.send_signal(signal.SIGTERM)
        assert ended(supervisor) == 75
    assert read_json(folder / "exit.json") == {
        "exitCode": 75,
        "ranks": [{"rank": 0, "exitCode": 75, "signal": None}],
    }
    control.close()


def test_a_killed_rank_ends_the_gang(text: Path, tmp_path: Path) -> None:
    """Stages 0 and 2 are in one region, 1 in the other. All stop; the codes tell who died, who was left."""
    document = make_plan(text, 3, training=LONG)
    control = RecordingControl(document)
    plan, here, there = write_plan(tmp_path, document, control), tmp_path / "here", tmp_path / "there"
    with launched(plan, "frankfurt", here) as first, launched(plan, "virginia", there) as second:
        eventually(lambda: len(control.steps(2)) > 0, "a step is reported")
        os.kill(rank_pids(here)[0], signal.SIGKILL)
        assert ended(first, 20) == 137
        assert ended(second, 20) == 69
    killed, survivor = read_json(here / "exit.json")["ranks"]
    assert killed == {"rank": 0, "exitCode": 137, "signal": "SIGKILL"}
    assert survivor["exitCode"] in (69, 75)  # it noticed by itself, or was told
    assert read_json(there / "exit.json")["ranks"] == [{"rank": 1, "exitCode": 69, "signal": None}]
    assert "rank 1: " in (there / "rank-1.log").read_text()
    control.close()


def test_ranks_die_with_their_supervisor(text: Path, tmp_path: Path) -> None:
    document = make_plan(text, 1, training=LONG)
    control = RecordingControl(document)
    plan, folder = write_plan(tmp_path, document, control), tmp_path / "run"
    with launched(plan, "frankfurt", folder) as supervisor:
        eventually(lambda: len(control.steps(0)) > 0, "a step is reported")
        (pid,) = rank_pids(folder)
        assert alive(pid)
        supervisor.kill()
        eventually(lambda: not alive(pid), "the rank is gone", seconds=10)
    assert not (folder / "exit.json").exists()
    control.close()


def test_sigterm_before_a_rank_is_ready_is_not_lost(text: Path, tmp_path: Path) -> None:
    """It comes while the rank imports PyTorch, or even before Python runs."""
    plan, folder = write_plan(tmp_path, make_plan(text, 1)), tmp_path / "run"
    with launched(plan, "frankfurt", folder) as supervisor:
        eventually(lambda: rank_pids(folder) != [], "the rank has started")
        supervisor.send_signal(signal.SIGTERM)
        assert ended(supervisor) == 75
    assert read_json(folder / "exit.json")["exitCode"] == 75


def test_a_stale_epoch_ends_with_76(text: Path, tmp_path: Path) -> None:
    document = make_plan(text, 1)
    control = RecordingControl(document | {"epoch": 2})
    plan, folder = write_plan(tmp_path, document, control), tmp_path / "run"
    with launched(plan, "frankfurt", folder) as supervisor:
        assert ended(supervisor) == 76
    assert "409 stale-epoch" in (folder / "rank-0.log").read_text()
    control.close()


def test_missing_text_ends_with_1_and_says_what_to_do(text: Path, tmp_path: Path) -> None:
    document = make_plan(text / "nowhere", 1)
    plan, folder = write_plan(tmp_path, document), tmp_path / "run"
    with launched(plan, "frankfurt", folder) as supervisor:
        assert ended(supervisor) == 1
    assert "nowhere does not exist on this machine. Copy it there" in (folder / "rank-0.log").read_text()


def test_a_bad_plan_ends_with_78_before_any_rank_starts(text: Path, tmp_path: Path) -> None:
    document = make_plan(text, 2)
    document["stages"][1]["layerCount"] = 1
    plan, folder = write_plan(tmp_path, document), tmp_path / "run"
    process = bace_worker("launch", "--plan", plan, "--region", "frankfurt", "--directory", folder)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 78
    assert "stages[1].layerCount: layers end at 4, the model has 6" in errors
    assert read_json(folder / "exit.json") == {"exitCode": 78, "ranks": []}
    assert not (folder / "started.json").exists()


def test_a_region_without_ranks_is_a_bad_plan(text: Path, tmp_path: Path) -> None:
    plan, folder = write_plan(tmp_path, make_plan(text, 2)), tmp_path / "run"
    process = bace_worker("launch", "--plan", plan, "--region", "tokyo", "--directory", folder)
    assert "none is in region 'tokyo'; the plan has frankfurt, virginia" in process.communicate(timeout=30)[1]
    assert process.returncode == 78


def test_usage_errors_are_user_errors() -> None:
    process = bace_worker("launch", "--plan", "plan.json")
    assert "--region, --directory" in process.communicate(timeout=30)[1]
    assert process.returncode == 1
