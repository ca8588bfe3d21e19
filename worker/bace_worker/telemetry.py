"""Reports to the control plane: numbered, sent unchanged until acknowledged, never in the way of training.

A report goes out when there is something to say (at most every half second) and as a heartbeat when there is
not. While the control plane is away, reports queue here and leave in larger batches when it is back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from .control import Control, Unreachable
from .executor import StepReport
from .exit_codes import PeerLost, WorkerError
from .outgoing import Transfer

BATCH_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0
BACK_OFF_SECONDS = (0.2, 5.0)
LAST_REPORT_SECONDS = 600.0
STEPS_PER_REPORT = 500


class Telemetry:
    """Starts its thread, and with it the heartbeat, when constructed."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._changed = threading.Condition()
        self._steps: list[dict[str, object]] = []
        self._traffic: dict[int, tuple[int, float]] = {}
        self._finishing = False
        self._acknowledged_all = False
        self._error: WorkerError | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def add(self, step: StepReport, transfers: Iterable[Transfer]) -> None:
        """Queues a step, and the transfers completed since the last one."""
        entry: dict[str, object] = {
            "step": step.step,
            "loss": step.loss,
            "stepSeconds": step.step_seconds,
            "forwardSeconds": step.forward_seconds,
            "backwardSeconds": step.backward_seconds,
        }
        with self._changed:
            self._steps.append(entry)
            self._count(transfers)

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

    def check(self) -> None:
        """Raises what the control plane answered, where it no longer wants this launch."""
        if self._error is not None:
            raise self._error

    def _count(self, transfers: Iterable[Transfer]) -> None:
        for transfer in transfers:
            size, seconds = self._traffic.get(transfer.to_stage, (0, 0.0))
            self._traffic[transfer.to_stage] = (size + transfer.size, seconds + transfer.seconds)

    def _run(self) -> None:
        sequence = 0
        sent_seconds = time.monotonic()
        finished = False
        try:
            while not finished:
                self._wait(sent_seconds)
                sequence += 1
                report = self._next(sequence)
                finished = bool(report["finished"])
                self._deliver(report)
                sent_seconds = time.monotonic()
        except WorkerError as error:
            self._error = error
        except Exception as error:  # whatever ends this thread must end the wait of the main one
            self._error = WorkerError(f"telemetry: {error!r}")
        with self._changed:
            self._acknowledged_all = self._error is None
            self._changed.notify_all()

    def _wait(self, sent_seconds: float) -> None:
        """Returns when a report is due."""
        with self._changed:
            while not self._finishing:
                due = BATCH_SECONDS if self._steps or self._traffic else HEARTBEAT_SECONDS
                remaining = sent_seconds + due - time.monotonic()
                if remaining <= 0:
                    return
                self._changed.wait(min(remaining, BATCH_SECONDS))

    def _next(self, sequence: int) -> dict[str, object]:
        with self._changed:
            steps, self._steps = self._steps[:STEPS_PER_REPORT], self._steps[STEPS_PER_REPORT:]
            traffic, self._traffic = self._traffic, {}
            finished = self._finishing and not self._steps
        links = [
            {"toStage": stage, "bytes": n, "seconds": seconds} for stage, (n, seconds) in traffic.items()
        ]
        return {"sequence": sequence, "steps": steps, "links": links, "finished": finished}

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
