"""The disk full during a checkpoint: a small tmpfs in a mount namespace, which ends with its process.

Nothing is mounted where the machine's other processes could see it.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bace_worker.exit_codes import USER_ERROR

from ..table import SKIPPED, Row, say
from .jobs import Job
from .moments import TRAINING, wait_for
from .places import Here
from .tally import Tally

SIZE = "4m"
NAME = "disk full during a checkpoint"


class OnSmallDisk(Here):
    """Processes see a tmpfs at `folder`; this program sees it at `seen`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        script = f'mount -t tmpfs -o size={SIZE} none "$0" && echo ready && exec sleep infinity'
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            raise RuntimeError("the tmpfs could not be mounted")
        self.seen = Path(f"/proc/{self._holder.pid}/root{folder}")

    def command(self, region: str, *command: str) -> list[str]:
        return ["nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", *command]

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()


def unavailable() -> str | None:
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return "there is no `unshare` or `nsenter`: install util-linux"
    script = "mount -t tmpfs none /mnt"
    probe = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script], capture_output=True, text=True
    )
    return None if probe.returncode == 0 else f"no file system can be mounted: {probe.stderr.strip()}"


@contextmanager
def _small_disk(folder: Path) -> Iterator[OnSmallDisk]:
    disk = OnSmallDisk(folder)
    try:
        yield disk
    finally:
        disk.close()


def disk_rows(text: Path, folder: Path, expected: list[float], seed: int, quick: bool) -> Iterator[Row]:
    if (reason := unavailable()) is not None:
        say(f"SKIPPED, {NAME}: {reason}")
        yield Row((NAME, f"not run: {reason}", *[""] * 6), SKIPPED)
        return
    count = 1 if quick else 3
    tally = Tally(NAME, f"while training x {count}")
    for number in range(count):
        draw = random.Random(f"{seed} disk {number}")
        job = Job(text, folder / f"disk-{number}", expected, tally)
        with _small_disk(job.checkpoints) as disk:
            hidden, job.checkpoints = job.checkpoints, disk.seen
            job.location = hidden
            with job.epoch(disk) as epoch:
                epoch.until(lambda: job.committed() is not None)  # noqa: B023
                wait_for(TRAINING, epoch, 0, job.checkpoints, draw)
                filler = disk.seen / "filler"
                fill(filler)
                job.disturbed(epoch)
                codes = epoch.exit_codes()
                say(f"disk full: {codes}, committed {job.committed()}")
                told = [rank for rank in codes if f"checkpoint.location: {hidden}" in epoch.log(rank)]
                if USER_ERROR not in codes.values() or not told or "Free space" not in epoch.log(told[0]):
                    tally.fail(f"ended with {codes}\n{epoch.logs()}")
            filler.unlink()
            job.finish(1, disk)
    yield tally.row()


def fill(filler: Path) -> None:
    """Until nothing more goes in, again and again: pruning frees space for a moment."""
    with open(filler, "wb", buffering=0) as stream:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            try:
                stream.write(bytes(4096))
            except OSError:
                time.sleep(0.001)
