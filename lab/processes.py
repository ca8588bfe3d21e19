"""Several processes that belong together: started in regions of a WAN, waited for until a deadline, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .wan.network import Wan

ROOT = Path(__file__).resolve().parents[1]
FIRST_IN_LINE = ("chrt", "--rr", "1")  # before all else on the machine; the relay comes before them
PYTHON_PATH = os.pathsep.join((str(ROOT), str(ROOT / "worker")))


@dataclass(frozen=True)
class Outcome:
    """By rank. An exit code is -9 where the deadline came first; `logs` are standard output and error."""

    exit_codes: Mapping[int, int]
    logs: Mapping[int, str]


class Processes:
    """One process per rank, ended at the latest when the `with` block ends."""

    def __init__(self, wan: Wan, folder: Path) -> None:
        self._wan = wan
        self._folder = folder
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, rank: int, region: str, module: str, *arguments: str | Path) -> None:
        """Runs `python -m module arguments` in a region as that rank."""
        command = self._wan.inside(region, *FIRST_IN_LINE, sys.executable, "-m", module, *arguments)
        with open(self._file(rank), "wb") as output:
            self._running[rank] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(),
            )

    def wait(self, seconds: float) -> Outcome:
        """Returns when all have ended; those that have not by the deadline are killed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(p.poll() is None for p in self._running.values()):
            time.sleep(0.02)
        self.kill()
        codes = {rank: process.returncode for rank, process in self._running.items()}
        return Outcome(codes, {rank: self.log(rank) for rank in codes})

    def kill(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    def log(self, rank: int) -> str:
        """Standard output and error so far."""
        return self._file(rank).read_text(errors="replace")

    def _file(self, rank: int) -> Path:
        return self._folder / f"rank-{rank}.log"


def _environment() -> dict[str, str]:
    """One thread per rank, and no rank that outlives this process."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return os.environ | threads | {"BACE_SUPERVISOR_PID": str(os.getpid()), "PYTHONPATH": PYTHON_PATH}


def failures(outcome: Outcome, expected: Sequence[int] = (0,)) -> str | None:
    """The logs of ranks that ended otherwise than expected; None where there are none."""
    wrong = [rank for rank, code in outcome.exit_codes.items() if code not in expected]
    texts = [
        f"rank {rank} ended with {outcome.exit_codes[rank]}:\n{outcome.logs[rank][-3000:]}" for rank in wrong
    ]
    return "\n".join(texts) or None


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM ends this program in good order, so that what it has started ends too."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
