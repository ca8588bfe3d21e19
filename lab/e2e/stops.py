"""Gangs that are told to end (SIGTERM) at random moments: one rank, one region, or all.

By the control plane means that it has given the gang up, and refuses its reports from then on.
"""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Iterator
from pathlib import Path

from bace_worker.exit_codes import PEER_LOST, RESTART

from ..table import Row, say
from .epochs import Epoch
from .jobs import RANKS, Job
from .moments import CHECKPOINTING, CONNECTING, STARTING, TRAINING, named, wait_for
from .tally import Tally

STOPPED = re.compile(r"stopped after step (\d+), which is saved")
TOLD = ("one rank", "one region", "all regions")


def stop_rows(text: Path, folder: Path, expected: list[float], seed: int, quick: bool) -> Iterator[Row]:
    """Everyone ends with 75 and after the same step, which is saved: no step is lost."""
    lives = [(TRAINING, CHECKPOINTING)] if quick else [(TRAINING, CHECKPOINTING, TRAINING)] * 2
    for cancelled in (False, True):
        name = "SIGTERM by the control plane" if cancelled else "SIGTERM to one rank, one region or all"
        tally = Tally(name, named(*lives))
        for life, moments in enumerate(lives):
            draw = random.Random(f"{seed} stop {cancelled} {life}")
            job = Job(text, folder / f"stop-{cancelled}-{life}", expected, tally)
            hit = 0
            for number, moment in enumerate(moments):
                told = TOLD[-1] if cancelled else TOLD[(number + life) % len(TOLD)]
                hit += _stop(job, moment, told, cancelled, {RESTART}, draw)
            job.finish(hit)
        yield tally.row()
    early = (STARTING, CONNECTING) if quick else (STARTING, CONNECTING, STARTING, CONNECTING)
    tally = Tally("SIGTERM to all regions", named(early))
    job = Job(text, folder / "stop-early", expected, tally)
    draw = random.Random(f"{seed} stop early")
    job.finish(sum(_stop(job, moment, TOLD[-1], False, {RESTART, PEER_LOST}, draw) for moment in early))
    yield tally.row()


def _stop(job: Job, moment: str, told: str, cancelled: bool, allowed: set[int], draw: random.Random) -> bool:
    """An epoch that is told to end. Whether it came to that."""
    rank = draw.randrange(RANKS)
    with job.epoch() as epoch:
        hit = wait_for(moment, epoch, rank, job.checkpoints, draw)
        if hit:
            epoch.control.cancelled = cancelled
            _tell(epoch, told, rank)
        job.disturbed(epoch, tell_others=False)
        codes, (_, saved) = epoch.exit_codes(), job.committed() or (0, 0)
        say(f"SIGTERM to {told} while {moment}: {codes}, committed {job.committed()}")
        if hit and not set(codes.values()) <= allowed:
            job.tally.fail(f"told {told} while {moment}: ended with {codes}\n{epoch.logs()}")
        steps = [STOPPED.search(epoch.log(each)) for each in epoch.ranks]
        if len({int(step[1]) for step in steps if step is not None} | {saved}) > 1:
            job.tally.fail(f"told {told} while {moment}: committed {saved}\n{epoch.logs()}")
    return hit


def _tell(epoch: Epoch, told: str, rank: int) -> None:
    if told == "one rank":
        pid = epoch.pid(rank)
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        return
    regions = [epoch.region(rank)] if told == "one region" else list(epoch.supervisors)
    for region in regions:
        epoch.supervisors[region].send_signal(signal.SIGTERM)
