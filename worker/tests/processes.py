"""The worker as real processes, under a control plane of the tests' own that can go away and return."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bace_worker import plan as plans
from bace_worker.local import LocalControl

WORKER = Path(__file__).resolve().parent.parent
Document = dict[str, Any]


class RecordingControl(LocalControl):
    """Keeps every report that was new to it. `resume`: continues what another one knew."""

    def __init__(self, document: Document, port: int = 0, resume: RecordingControl | None = None) -> None:
        self.reports: list[Document] = [] if resume is None else resume.reports
        super().__init__(plans.read(document), port)
        if resume is not None:
            self._addresses, self._acknowledged = resume._addresses, resume._acknowledged

    def on_report(self, report: Document) -> None:
        self.reports.append(report)

    def steps(self, rank: int) -> list[Document]:
        return [step for report in self.reports if report["rank"] == rank for step in report["steps"]]

    def finished(self) -> list[int]:
        return sorted(report["rank"] for report in self.reports if report["finished"])


def write_plan(folder: Path, document: Document, control: LocalControl | None = None) -> Path:
    if control is not None:
        document["control"]["url"] = control.url
    path = folder / "plan.json"
    path.write_text(json.dumps(document))
    return path


def bace_worker(*arguments: str | Path) -> subprocess.Popen[str]:
    """Starts `python -m bace_worker ...`."""
    return subprocess.Popen(
        [sys.executable, "-m", "bace_worker", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(WORKER)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def launched(plan: Path, region: str, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A supervisor, ended (with its ranks) when the test is over, however it ends."""
    process = bace_worker("launch", "--plan", plan, "--region", region, "--directory", directory)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str], seconds: float = 60) -> int:
    process.communicate(timeout=seconds)
    return process.returncode


def read_json(path: Path) -> Document:
    value: Document = json.loads(path.read_text())
    return value


def rank_pids(directory: Path) -> list[int]:
    path = directory / "started.json"
    return [rank["pid"] for rank in read_json(path)["ranks"]] if path.exists() else []


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not yet collected by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], bool], what: str, seconds: float = 45) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.05)


def has_ended(process: subprocess.Popen[str]) -> bool:
    return process.poll() is not None


def ends_after_a_kill(document: Document, folder: Path, victim: int) -> list[int]:
    """Kills a rank in mid-training; the others' exit codes, if they end within seconds."""
    control = RecordingControl(document)
    plan = write_plan(folder, document, control)
    count = len(document["ranks"])
    ranks = [bace_worker("rank", "--plan", plan, "--rank", str(number)) for number in range(count)]
    try:
        eventually(
            lambda: len(control.steps(victim)) > 3 or any(map(has_ended, ranks)), "training is under way"
        )
        assert not any(map(has_ended, ranks)), [rank.communicate() for rank in ranks if has_ended(rank)]
        ranks[victim].kill()
        others = [rank for rank in ranks if rank is not ranks[victim]]
        eventually(lambda: all(map(has_ended, others)), "they have ended", seconds=15)
        return [rank.returncode for rank in others]
    finally:
        for rank in ranks:
            rank.kill()
            rank.communicate()
        control.close()
