"""Reports to the control plane: numbered, sent unchanged until acknowledged, never in the way of training.

A report goes out when there is something to say (at most every half second) and as a heartbeat when there is
not. While the control plane is away, reports queue here and leave in larger batches when it is back.
A gang that the control plane has given up ends as on SIGTERM, which is on its way: it saves a last
checkpoint, and goes on to report, since what it saves is news still.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .control import Control, Unreachable
from .executor import StepReport
from .exit_codes import Cancelled, PeerLost, WorkerError
from .transport.outgoing import Transfer

BATCH_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0
BACK_OFF_SECONDS = (0.2, 5.0)
LAST_REPORT_SECONDS = 600.0
LEAVE_SECONDS = 2.0
STEPS_PER_REPORT = 500
BLOCK_NAMES = {
    "F": "forwardSeconds",
    "B": "backwardSeconds",
    "I": "inputGradSeconds",
    "W": "weightGradSeconds",
}


@dataclass
class Traffic:
    """To one rank since the last report: bytes on the wire, and seconds for which the link was busy."""

    size: int = 0
    seconds: float = 0.0
    messages: int = 0


class Telemetry:
    """Starts its thread, and with it the heartbeat, when constructed.

    `on_cancelled` is called, from the thread, where the control plane gives the gang up; `check` raises that
    `grace_seconds` later.
    """

    def __init__(
        self,
        control: Control,
        grace_seconds: float = 0.0,
        on_cancelled: Callable[[], None] = lambda: None,
    ) -> None:
        self._control = control
        self._grace_seconds = grace_seconds
        self._on_cancelled = on_cancelled
        self._raise_from_seconds = 0.0
        self._changed = threading.Condition()
        self._steps: list[dict[str, object]] = []
        self._traffic: dict[int, Traffic] = {}
        self._round_trips: Mapping[int, float] = {}
        self._figures: dict[str, object] = {
            "memoryPeakBytes": None,
            "peakActivations": 0.0,
            "committedStep": None,
        }
        self._finishing = False
        self._leaving = False
        self._ended = False
        self._acknowledged_all = False
        self._error: WorkerError | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def add(self, step: StepReport, transfers: Iterable[Transfer], round_trips: Mapping[int, float]) -> None:
        """Queues a step, and the transfers completed since the last one. `round_trips`: seconds by peer."""
        entry: dict[str, object] = {
            "step": step.step,
            "loss": step.loss,
            "stepSeconds": step.step_seconds,
            "idleSeconds": step.idle_seconds,
            "updateSeconds": step.update_seconds,
            "stages": [
                {"stage": stage} | {name: seconds.get(kind) for kind, name in BLOCK_NAMES.items()}
                for stage, seconds in sorted(step.stage_seconds.items())
            ],
        }
        with self._changed:
            self._steps.append(entry)
            self._round_trips = dict(round_trips)
            self._count(transfers)

    def state(self, memory_peak_bytes: int, peak_activations: float, committed_step: int | None) -> None:
        """Figures of which the latest counts."""
        with self._changed:
            self._figures = {
                "memoryPeakBytes": memory_peak_bytes,
                "peakActivations": peak_activations,
                "committedStep": committed_step,
            }

    def finish(self, transfers: Iterable[Transfer], check: Callable[[], None]) -> None:
        """Sends what is left, marked finished, until it is acknowledged. Raises PeerLost after 600 s."""
        deadline = time.monotonic() + LAST_REPORT_SECONDS
        with self._changed:
            self._count(transfers)
            self._finishing = True
            self._changed.notify_all()
            while not self._acknowledged_all:
                self.check()
                check()
                if time.monotonic() > deadline:
                    raise PeerLost(f"the last report was not acknowledged within {LAST_REPORT_SECONDS:.0f} s")
                self._changed.wait(0.1)

    def leave(self, transfers: Iterable[Transfer]) -> None:
        """Sends what is left of a training that is not finished. Waits 2 s at most."""
        with self._changed:
            self._count(transfers)
            self._leaving = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended, LEAVE_SECONDS)

    def check(self) -> None:
        """Raises what the control plane answered, where it no longer wants this launch."""
        if self._error is not None and time.monotonic() >= self._raise_from_seconds:
            raise self._error

    def _count(self, transfers: Iterable[Transfer]) -> None:
        for transfer in transfers:
            traffic = self._traffic.setdefault(transfer.to_rank, Traffic())
            traffic.size += transfer.wire_bytes
            traffic.seconds += transfer.seconds
            traffic.messages += 1

    def _run(self) -> None:
        sequence = 0
        sent_seconds = time.monotonic()
        last = False
        try:
            while not last:
                self._wait(sent_seconds)
                sequence += 1
                report, last = self._next(sequence)
                try:
                    self._deliver(report)
                except Cancelled as error:
                    if report["finished"] or not self._grace_seconds:
                        raise
                    self._cancel(error)
                sent_seconds = time.monotonic()
        except WorkerError as error:
            self._error, self._raise_from_seconds = error, 0.0
        except Exception as error:  # whatever ends this thread must end the wait of the main one
            self._error, self._raise_from_seconds = WorkerError(f"telemetry: {error!r}"), 0.0
        with self._changed:
            self._ended = True
            self._acknowledged_all = self._error is None
            self._changed.notify_all()

    def _cancel(self, error: Cancelled) -> None:
        if self._error is None:
            self._raise_from_seconds = time.monotonic() + self._grace_seconds
            self._error = error
            self._on_cancelled()

    def _wait(self, sent_seconds: float) -> None:
        """Returns when a report is due."""
        with self._changed:
            while not (self._finishing or self._leaving):
                due = BATCH_SECONDS if self._steps or self._traffic else HEARTBEAT_SECONDS
                remaining = sent_seconds + due - time.monotonic()
                if remaining <= 0:
                    return
                self._changed.wait(min(remaining, BATCH_SECONDS))

    def _next(self, sequence: int) -> tuple[dict[str, object], bool]:
        """A report, and whether it is the last."""
        with self._changed:
            steps, self._steps = self._steps[:STEPS_PER_REPORT], self._steps[STEPS_PER_REPORT:]
            traffics, self._traffic = self._traffic, {}
            last = (self._finishing or self._leaving) and not self._steps
            finished = last and self._finishing
            figures = self._figures
        links = [
            {
                "toRank": rank,
                "bytes": traffic.size,
                "seconds": traffic.seconds,
                "messages": traffic.messages,
                "roundTripSeconds": self._round_trips.get(rank),
            }
            for rank, traffic in traffics.items()
        ]
        return {"sequence": sequence, "steps": steps, "links": links, "finished": finished} | figures, last

    def _deliver(self, report: dict[str, object]) -> None:
        pause, longest = BACK_OFF_SECONDS
        while True:
            try:
                answer = self._control.post("telemetry", report)
            except Unreachable:
                answer = {}
            if answer.get("acknowledged") == report["sequence"]:
                return
            time.sleep(pause)
            pause = min(2 * pause, longest)
