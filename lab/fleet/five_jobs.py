"""Five jobs over three clusters, and what must be true of them whatever happened meanwhile.

A and B are stretched over two regions each as soon as they come; the others wait until GPUs are free. What
they learn is held against the same job files on this machine's own processes, undisturbed.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from ..service import Document, Service
from ..table import say
from . import jobs
from .faults import Fault, faults, happen
from .history import History
from .jobs import CHECKPOINT_STEPS, Job
from .world import REGIONS, World, workers

JOBS = [
    Job("a", gpus=4, steps=150, learning_rate=3.0e-3),
    Job("b", gpus=4, steps=40, learning_rate=2.5e-3),
    Job("c", gpus=4, steps=16, learning_rate=2.0e-3),
    Job("d", gpus=4, steps=16, learning_rate=1.5e-3),
    Job("e", gpus=4, steps=16, learning_rate=1.0e-3),
]
AT_ONCE = 2
GPUS_PER_REGION = 3
DEADLINE_SECONDS = 900.0
POLL_SECONDS = 0.1
GONE_SECONDS = 30.0


@dataclass
class Result:
    history: History
    views: dict[str, Document]
    """Jobs as the service shows them at the end."""
    explanations: dict[str, str]
    faults: list[Fault] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Of the run as a whole."""
    seconds: float = 0.0


def undisturbed(world: World) -> Result:
    """All five side by side, as processes of this machine in one region."""
    files = jobs.write(JOBS, world.folder / "undisturbed")
    with world.on_this_machine(sum(job.gpus for job in JOBS)) as service:
        service.bace("submit", *files)
        return _until_ended(service, [])


def disturbed(world: World) -> Result:
    files = jobs.write(JOBS, world.folder / "disturbed")
    with world.on_slurm(GPUS_PER_REGION) as service:
        service.bace("submit", *files[:AT_ONCE])
        service.bace("submit", *files[AT_ONCE:])
        result = _until_ended(service, faults(world, service))
        result.problems += [
            f"{fault.what}: its moment never came" for fault in result.faults if not fault.done
        ]
        result.problems += _left_behind(world)
        result.problems += _doubled(world)
        return result


def _until_ended(service: Service, due: list[Fault]) -> Result:
    since = time.monotonic()
    history = History(service)
    result = Result(history, {}, {}, due)
    while len(result.views) < len(JOBS):
        if time.monotonic() - since > DEADLINE_SECONDS:
            late = [job.name for job in JOBS if job.name not in result.views]
            result.problems.append(f"not over after {DEADLINE_SECONDS:.0f} s: {', '.join(late)}")
            break
        history.follow()
        happen(due, history)
        for job in JOBS:
            if job.name in result.views or history.step(job.name) < job.steps:
                continue
            view = service.job(job.name)
            if view["phase"] == "ended":
                say(f"{job.name}: {view['outcome']} after {len(history.epochs[job.name])} epochs")
                result.views[job.name] = view
                result.explanations[job.name] = service.bace("explain", job.name)
        time.sleep(POLL_SECONDS)
    history.follow()
    result.seconds = time.monotonic() - since
    return result


def largest_difference(job: Job, history: History, expected: History) -> float:
    """Of a loss to the one that the same step had undisturbed. Infinite where one is missing."""
    reference = dict(expected.losses(job.name))
    seen = list(history.losses(job.name))
    known = {step for step, _ in seen} | unreported(history, job.name)
    if known != set(range(1, job.steps + 1)) or len(reference) != job.steps:
        return float("inf")
    return max(abs(loss - reference[step]) for step, loss in seen)


def unreported(history: History, job: str) -> set[int]:
    """Steps whose loss died with the rank that knew it, and that were in a checkpoint already.

    At most as many as are between two checkpoints, just before an epoch that went on behind them.
    """
    found = set()
    for before, after in pairwise(history.epochs.get(job, [])):
        if before.losses and after.losses:
            gap = range(max(before.losses) + 1, min(after.losses))
            found.update(gap if len(gap) <= CHECKPOINT_STEPS else ())
    return found


def _left_behind(world: World) -> list[str]:
    """Processes and jobs of Slurm that are there although every job has ended."""
    deadline = time.monotonic() + GONE_SECONDS
    while (left := [*workers(world.folder).values(), *_live(world)]) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return [f"left behind: {each}" for each in left]


def _live(world: World) -> Iterator[str]:
    for region in REGIONS:
        yield from world.clusters.client(region, "squeue", "--noheader", "--format=%j %T").splitlines()


def _doubled(world: World) -> list[str]:
    """Launches that two jobs have run. A second job that found the launch taken has run nothing."""
    problems = []
    for region in REGIONS:
        listed = world.clusters.client(region, "squeue", "--noheader", "--states=all", "--format=%j")
        names = Counter(listed.split())
        for name, count in names.items():
            log = world.launch(name.removeprefix("bace-")) / "supervisor.log"
            refused = len(re.findall("another job has this launch", log.read_text() if log.exists() else ""))
            if count - refused > 1:
                problems.append(f"doubled: {count} jobs called {name} in {region}, {refused} found it taken")
    return problems
