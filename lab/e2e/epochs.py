"""One epoch of a training as the control plane runs it: a supervisor per region, and an end for all of them.

Where one launch fails, the control plane gives the gang up and tells the others to end. So it is here.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .places import Control, Place
from .trainings import Document

WORKER = Path(__file__).resolve().parents[2] / "worker"
POLL_SECONDS = 0.002


class Epoch:
    """Launched when entered; everything is ended when left."""

    def __init__(self, document: Document, folder: Path, place: Place) -> None:
        folder.mkdir(parents=True)
        self._document = document
        self._folder = folder
        self._place = place
        self._regions = sorted({rank["region"] for rank in document["ranks"]})
        self._region_of = {rank["rank"]: rank["region"] for rank in document["ranks"]}
        self._pids: set[int] = set()
        self.ranks = list(self._region_of)
        self.supervisors: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Epoch:
        self.control = self._place.control(self._document)
        self._document["control"]["url"] = self.control.url
        plan = self._folder / "plan.json"
        plan.write_text(json.dumps(self._document))
        for region in self._regions:
            directory = self._directory(region)
            launch = ("launch", "--plan", str(plan), "--region", region, "--directory", str(directory))
            with open(self._folder / f"{region}.log", "wb") as output:
                self.supervisors[region] = subprocess.Popen(
                    self._place.command(region, sys.executable, "-m", "bace_worker", *launch),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=os.environ | {"PYTHONPATH": str(WORKER)},
                )
        return self

    def __exit__(self, *_: object) -> None:
        for supervisor in self.supervisors.values():
            supervisor.kill()
            supervisor.wait()
        for pid in self.left_behind():  # they end with their supervisor; a stopped one only when it is woken
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.control.close()

    def pid(self, rank: int) -> int | None:
        """None before the supervisor has written it down."""
        started = _read(self._directory(self._region_of[rank]) / "started.json")
        found: dict[int, int] = {one["rank"]: one["pid"] for one in started["ranks"]} if started else {}
        self._pids |= set(found.values())
        return found.get(rank)

    def log(self, rank: int) -> str:
        path = self._directory(self._region_of[rank]) / f"rank-{rank}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def region(self, rank: int) -> str:
        """Where a rank is."""
        return str(self._region_of[rank])

    @property
    def over(self) -> bool:
        return all(supervisor.poll() is not None for supervisor in self.supervisors.values())

    def until(self, condition: Callable[[], bool], seconds: float = 120.0) -> bool:
        """Waits for it. False where the epoch is over first; raises TimeoutError where neither happens."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.over:
                return False
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing happened for {seconds:.0f} s\n{self.logs()}")
            time.sleep(POLL_SECONDS)
        return True

    def end(self, seconds: float, tell_others: bool = True) -> float | None:
        """As the control plane ends a gang, once a launch has failed. Seconds that it took; None: too long.

        Not `tell_others`: a cut link keeps the news from them.
        """
        begun = time.monotonic()
        while not self.over:
            failed = any(supervisor.poll() not in (None, 0) for supervisor in self.supervisors.values())
            if failed and tell_others and not self.control.cancelled:
                self.control.cancelled = True
                for supervisor in self.supervisors.values():
                    if supervisor.poll() is None:
                        supervisor.send_signal(signal.SIGTERM)
            if time.monotonic() - begun > seconds:
                return None
            time.sleep(POLL_SECONDS)
        return time.monotonic() - begun

    def exit_codes(self) -> dict[int, int]:
        """By rank, of launches that have ended."""
        exits = [_read(self._directory(region) / "exit.json") for region in self._regions]
        return {end["rank"]: end["exitCode"] for one in exits if one for end in one["ranks"]}

    def left_behind(self) -> list[int]:
        """Processes of ranks that run although their supervisor has ended."""
        for rank in self.ranks:
            self.pid(rank)
        return [pid for pid in self._pids if _runs(pid)]

    def logs(self) -> str:
        """The ends of all ranks' logs."""
        return "\n".join(f"--- rank {rank}\n{self.log(rank)[-1500:]}" for rank in self.ranks)

    def _directory(self, region: str) -> Path:
        return self._folder / region


def finish(document: Document, folder: Path, place: Place, seconds: float) -> tuple[Control, str | None]:
    """An undisturbed epoch. What was reported, and what went wrong, if anything did."""
    with Epoch(document, folder, place) as epoch:
        took = epoch.end(seconds)
        codes = epoch.exit_codes()
        if took is None or set(codes.values()) != {0} or len(codes) < len(epoch.ranks):
            late = f"not over after {seconds:.0f} s" if took is None else f"ended with {codes}"
            return epoch.control, f"{late}\n{epoch.logs()}"
        return epoch.control, None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value: dict[str, Any] = json.loads(path.read_text())
        return value
    except FileNotFoundError:
        return None


def _runs(pid: int) -> bool:
    """Whether it is a rank that runs: not a zombie, and no other program that has got its number since."""
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" and b"bace_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
