"""Reports are numbered, sent again unchanged until acknowledged, refused where the launch is not wanted."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from gang import no_check
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.control import Control, Unreachable
from bace_worker.executor import StepReport
from bace_worker.exit_codes import PeerLost, Superseded, UserError
from bace_worker.local import LocalControl, Refusal
from bace_worker.telemetry import Telemetry
from bace_worker.transport.outgoing import Transfer


class Unsteady(LocalControl):
    """Answers telemetry with each of `refusals` first; keeps all bodies."""

    def __init__(self, plan: plans.Plan, refusals: list[tuple[int, str]]) -> None:
        self.refusals = refusals
        self.bodies: list[dict[str, Any]] = []
        super().__init__(plan)

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.bodies.append(body)
        if self.refusals:
            raise Refusal(*self.refusals.pop(0))
        return super().answer(path, body)

    def on_report(self, report: dict[str, Any]) -> None:
        pass


def control_for(document: dict[str, Any], refusals: list[tuple[int, str]]) -> tuple[Unsteady, Control]:
    server = Unsteady(plans.read(document), refusals)
    document["control"]["url"] = server.url
    return server, Control(plans.read(document), rank=0)


def report(step: int) -> StepReport:
    return StepReport(step, 2.5, 0.4, 0.05, 0.05, {0: {"F": 0.1, "B": 0.2}})


def test_a_report_is_repeated_unchanged_until_acknowledged(text: Path) -> None:
    server, control = control_for(make_plan(text, 2), refusals=[(503, "stopping"), (500, "internal")])
    telemetry = Telemetry(control)
    telemetry.add(report(1), [Transfer(1, 1, 200, 100, 0.25), Transfer(1, 1, 200, 100, 0.25)], {1: 0.04})
    telemetry.state(1 << 20, 2.0, 1)
    telemetry.finish([Transfer(1, 1, 100, 50, 0.5)], no_check)
    server.close()
    first, second, third = server.bodies
    assert first == second == third
    assert first == {
        "launchKey": "secret of this launch",
        "rank": 0,
        "sequence": 1,
        "steps": [
            {
                "step": 1,
                "loss": 2.5,
                "stepSeconds": 0.4,
                "idleSeconds": 0.05,
                "updateSeconds": 0.05,
                "stages": [
                    {
                        "stage": 0,
                        "forwardSeconds": 0.1,
                        "backwardSeconds": 0.2,
                        "inputGradSeconds": None,
                        "weightGradSeconds": None,
                    }
                ],
            }
        ],
        "links": [{"toRank": 1, "bytes": 250, "seconds": 1.0, "messages": 3, "roundTripSeconds": 0.04}],
        "finished": True,
        "memoryPeakBytes": 1 << 20,
        "peakActivations": 2.0,
        "committedStep": 1,
    }


def test_reports_are_numbered_and_batched(text: Path) -> None:
    server, control = control_for(make_plan(text, 2), refusals=[])
    telemetry = Telemetry(control)
    for step in range(1, 1201):
        telemetry.add(report(step), [], {})
    telemetry.finish([], no_check)
    server.close()
    assert [body["sequence"] for body in server.bodies] == [1, 2, 3]
    assert [body["finished"] for body in server.bodies] == [False, False, True]
    assert [step["step"] for body in server.bodies for step in body["steps"]] == list(range(1, 1201))


def test_silence_is_broken_by_a_heartbeat(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bace_worker.telemetry.HEARTBEAT_SECONDS", 0.1)
    server, control = control_for(make_plan(text, 2), refusals=[])
    telemetry = Telemetry(control)
    deadline = time.monotonic() + 20
    while len(server.bodies) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    telemetry.finish([], no_check)
    server.close()
    assert server.bodies[0]["steps"] == []
    assert not server.bodies[0]["finished"]


@pytest.mark.parametrize(
    "refusal",
    [(403, "wrong-launch-key"), (404, "unknown-job"), (409, "stale-epoch"), (410, "gang-cancelled")],
)
def test_a_refused_report_ends_the_training(text: Path, refusal: tuple[int, str]) -> None:
    server, control = control_for(make_plan(text, 2), refusals=[refusal])
    telemetry = Telemetry(control)
    telemetry.add(report(1), [], {})
    with pytest.raises(Superseded, match=f"{refusal[0]} {refusal[1]}"):
        telemetry.finish([], no_check)
    with pytest.raises(Superseded):
        telemetry.check()
    server.close()


def test_rendezvous_asks_until_all_are_there(text: Path) -> None:
    document = make_plan(text, 2)
    server, first = control_for(document, refusals=[(502, "unsteady")])
    second = Control(plans.read(document), rank=1)
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            second.post("rendezvous", {"host": "10.0.0.2", "port": 2, "storePort": 3, "dataHash": "a"})

    gathering = first.rendezvous(("10.0.0.1", 1), "a", check)
    server.close()
    assert gathering.addresses == {0: ("10.0.0.1", 1), 1: ("10.0.0.2", 2)}
    assert gathering.store == ("10.0.0.2", 3)
    assert asked == 3


def test_different_text_in_two_regions_is_refused(text: Path) -> None:
    document = make_plan(text, 2)
    server, first = control_for(document, refusals=[])
    first.post("rendezvous", {"host": "h", "port": 1, "dataHash": "a"})
    with pytest.raises(UserError, match="409 data-mismatch"):
        Control(plans.read(document), rank=1).rendezvous(("h", 2), "b", no_check)
    server.close()


def test_rendezvous_gives_up_where_nobody_answers(text: Path) -> None:
    document = make_plan(text, 2)
    document["control"]["rendezvousDeadlineSeconds"] = 0.3
    with pytest.raises(
        PeerLost, match=r"no answer from http://127\.0\.0\.1:9/.* Check that the control plane runs"
    ):
        Control(plans.read(document), rank=0).rendezvous(("h", 1), None, no_check)


def test_other_answers_are_told_apart(text: Path) -> None:
    # the last two are not of the control plane: another program may hold its port while it restarts
    refusals = [(400, "invalid-request"), (429, "too-many"), (404, "unknown-route"), (410, "gone")]
    server, control = control_for(make_plan(text, 2), refusals=refusals)
    with pytest.raises(UserError, match="refuses: 400 invalid-request"):
        control.post("telemetry", {})
    for _ in refusals[1:]:
        with pytest.raises(Unreachable):
            control.post("telemetry", {})
    server.close()


def test_a_gang_that_was_given_up_goes_on_to_report_what_it_saves(text: Path) -> None:
    """The control plane's SIGTERM is on its way, and the last checkpoint is not to be lost to a heartbeat."""
    server, control = control_for(make_plan(text, 2), refusals=[(410, "gang-cancelled")] * 3)
    cancelled = threading.Event()
    telemetry = Telemetry(control, grace_seconds=60, on_cancelled=cancelled.set)
    telemetry.add(report(1), [], {})
    assert cancelled.wait(10)
    telemetry.check()
    telemetry.state(1 << 20, 2.0, 1)
    telemetry.leave([])
    server.close()
    assert server.bodies[-1]["committedStep"] == 1
    assert not server.bodies[-1]["finished"]


def test_grace_for_a_gang_that_was_given_up_ends(text: Path) -> None:
    server, control = control_for(make_plan(text, 2), refusals=[(410, "gang-cancelled")] * 1000)
    cancelled = threading.Event()
    telemetry = Telemetry(control, grace_seconds=0.2, on_cancelled=cancelled.set)
    telemetry.add(report(1), [], {})
    assert cancelled.wait(10)
    time.sleep(0.2)
    with pytest.raises(Superseded, match="gang-cancelled"):
        telemetry.check()
    server.close()


def test_who_leaves_before_the_end_reports_its_last_steps(text: Path) -> None:
    server, control = control_for(make_plan(text, 2), refusals=[])
    telemetry = Telemetry(control)
    for step in range(1, 701):
        telemetry.add(report(step), [], {})
    telemetry.leave([])
    server.close()
    assert [step["step"] for body in server.bodies for step in body["steps"]] == list(range(1, 701))
    assert not any(body["finished"] for body in server.bodies)
