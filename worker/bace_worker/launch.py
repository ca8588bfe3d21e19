"""The supervisor: starts the ranks of one region, ends them together, and records what became of them.

One per (job, epoch, region), with a directory of its own. A launch done twice is a launch done once: a lock
decides between supervisors that run now, exit.json between one that ran and one that starts. The files are
the interface to the control plane, which may restart at any time, so each is complete or absent.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .exit_codes import FINISHED, RESTART, BadPlan, WorkerError
from .lifetime import STOP_OF_STEPS
from .plan import Plan, load
from .starters import Children, Ended, Starter, Steps

KILL_AFTER_SECONDS = 10.0  # besides what the plan grants for a last checkpoint


def main(plan_path: str, region: str, directory: str, steps: Sequence[str] | None = None) -> int:
    """Supervises the ranks of `region` and returns the exit code of the launch.

    `steps`: what ranks are started with as steps of this Slurm job; None: they are this process's children.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder / "lock") as locked:
        if not locked or (folder / "exit.json").exists():
            print(f"bace_worker launch: {folder} is already in use or done; nothing started", file=sys.stderr)
            return FINISHED
        try:
            plan = load(plan_path)
            numbers = [rank.rank for rank in plan.ranks if rank.region == region]
            if not numbers:
                regions = ", ".join(sorted({rank.region for rank in plan.ranks}))
                raise BadPlan(f"ranks: none is in region {region!r}; the plan has {regions}")
            count, environment = len(numbers), os.environ
            starter = Children(count, environment) if steps is None else Steps(count, environment, steps)
            exit_code, ended = Supervisor(plan_path, numbers, folder, grace_seconds(plan), starter).run()
        except WorkerError as error:
            print(f"bace_worker launch: {error}", file=sys.stderr)
            exit_code, ended = error.exit_code, []
        ranks = [{"rank": end.rank, "exitCode": end.exit_code, "signal": end.signal} for end in ended]
        write_json(folder / "exit.json", {"exitCode": exit_code, "ranks": ranks})
        return exit_code


class Supervisor:
    """Runs some ranks of a plan to their end. To be used from the main thread, whose signals it takes."""

    def __init__(
        self,
        plan_path: str,
        numbers: Sequence[int],
        folder: Path,
        kill_after_seconds: float,
        starter: Starter,
    ) -> None:
        self._plan_path = plan_path
        self._numbers = numbers
        self._folder = folder
        self._kill_after_seconds = kill_after_seconds
        self._starter = starter
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._ends: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._stop_seconds: float | None = None

    def run(self) -> tuple[int, list[Ended]]:
        """Returns the first failing rank's exit code, or 0, and how each rank ended, by rank."""
        for caught in (signal.SIGTERM, signal.SIGINT, STOP_OF_STEPS):
            signal.signal(caught, lambda _number, _frame: self._stop())
        self._record_start()
        for number in self._numbers:
            if self._stop_seconds is None:
                self._start(number)
        self._record_start()
        if self._stop_seconds is not None:
            self._stop()  # reaches a rank that was starting while the signal came
        ended: list[Ended] = []
        while len(ended) < len(self._processes):
            with contextlib.suppress(queue.Empty):
                ended.append(self._ends.get(timeout=self._patience()))
                if ended[-1].exit_code != FINISHED and self._stop_seconds is None:
                    self._stop()
            if self._stop_seconds is not None and time.monotonic() > self._kill_seconds():
                self._signal(signal.SIGKILL)
        exit_code = next((end.exit_code for end in ended if end.exit_code != FINISHED), FINISHED)
        if len(self._processes) < len(self._numbers):
            exit_code = exit_code or RESTART
        return exit_code, sorted(ended, key=lambda end: end.rank)

    def _start(self, number: int) -> None:
        index = len(self._processes)
        arguments = ("rank", "--plan", self._plan_path, "--rank", str(number))
        with open(self._folder / f"rank-{number}.log", "ab") as output:
            process = subprocess.Popen(
                self._starter.command(index, arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._starter.environment(index),
                start_new_session=self._starter.own_sessions,
            )
        self._processes[number] = process
        threading.Thread(target=self._await, args=(number, process), daemon=True).start()

    def _await(self, number: int, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        self._ends.put(self._starter.ended(number, code, self._stop_seconds is not None))

    def _stop(self) -> None:
        if self._stop_seconds is None:
            self._stop_seconds = time.monotonic()
        self._signal(self._starter.stop_signal)

    def _signal(self, number: int) -> None:
        for process in list(self._processes.values()):
            process.send_signal(number)

    def _patience(self) -> float | None:
        """Seconds until ranks that were told to stop are killed (again); None while nobody was told."""
        if self._stop_seconds is None:
            return None
        return max(1.0, self._kill_seconds() - time.monotonic())

    def _kill_seconds(self) -> float:
        assert self._stop_seconds is not None
        return self._stop_seconds + self._kill_after_seconds

    def _record_start(self) -> None:
        ranks = [{"rank": number, "pid": process.pid} for number, process in self._processes.items()]
        write_json(
            self._folder / "started.json", {"pid": os.getpid(), "startTicks": _start_ticks(), "ranks": ranks}
        )


def grace_seconds(plan: Plan) -> float:
    """How long ranks that were told to stop may take."""
    return KILL_AFTER_SECONDS + (0 if plan.checkpoint is None else plan.checkpoint.grace_seconds)


def write_json(path: Path, value: object) -> None:
    """Writes a file that is complete or absent, whatever happens meanwhile."""
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(value, stream)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Holds an exclusive lock while inside; False where another process holds it."""
    with open(path, "a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _start_ticks() -> int | None:
    """Start of this process in clock ticks since boot: tells it from a later one with the same pid."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[22 - 3])
