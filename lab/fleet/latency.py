"""From `bace submit` on one machine to the first step on all clusters, and whose time that is.

Of each submit, in seconds since the command was started:
    placed    the scheduler has decided
    slurm     the last cluster has begun the job's script (counted from its hand-over to Slurm)
    gang      every rank has loaded PyTorch and met the others
    step      the first step is known
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..service import eventually
from ..table import say
from . import jobs
from .history import Epoch, History
from .jobs import Job
from .world import REGIONS, World

STEPS = 2
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Start:
    """Seconds. `slurm`: from the hand-over until the script has begun, in the slowest region."""

    placed: float
    slurm: float
    gang: float
    step: float


PARTS = ("placed", "slurm", "gang", "step")


def starts(world: World, count: int) -> list[Start]:
    """One after the other, on clusters where nothing else runs, one GPU in each."""
    tried = [Job(f"start-{number}", gpus=len(REGIONS), steps=STEPS) for number in range(1, count + 1)]
    files = jobs.write(tried, world.folder / "starts")
    found = []
    with world.on_slurm(1) as service:
        history = History(service)
        for job, file in zip(tried, files, strict=True):
            since = time.time()
            service.bace("submit", file)

            def is_over(name: str = job.name) -> bool:
                history.follow()
                return bool(service.job(name)["phase"] == "ended")

            eventually(is_over, f"{job.name} has ended", PATIENCE_SECONDS)
            history.follow()
            epochs = history.epochs[job.name]
            if len(epochs) != 1:
                raise RuntimeError(f"{job.name} took {len(epochs)} epochs")
            found.append(_start(world, epochs[0], since))
            say(
                f"{job.name}: {found[-1].step:.1f} s to the first step, {found[-1].slurm:.1f} s of it Slurm's"
            )
    return found


def _start(world: World, epoch: Epoch, since: float) -> Start:
    assert epoch.started_seconds is not None and epoch.first_step_seconds is not None
    return Start(
        placed=epoch.placed["atSeconds"] - since,
        slurm=max(_slurm_seconds(world, epoch)),
        gang=epoch.started_seconds - since,
        step=epoch.first_step_seconds - since,
    )


def _slurm_seconds(world: World, epoch: Epoch) -> Iterator[float]:
    for region, _ in epoch.regions:
        folder = world.launch(f"{epoch.placed['jobId']}.{epoch.number}.{region}")
        handed_over = json.loads((folder / "submitted.json").read_text())["seconds"]
        yield (folder / "claimed" / "job").stat().st_mtime - handed_over


def summary(found: list[Start]) -> Iterator[tuple[str, float, float]]:
    """Part, median, worst."""
    for part in PARTS:
        values = [getattr(start, part) for start in found]
        yield part, statistics.median(values), max(values)
