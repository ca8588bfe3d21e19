"""Ranks that are killed (SIGKILL) at random moments."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from bace_worker.exit_codes import FINISHED, PEER_LOST, RESTART, SUPERSEDED

from ..table import Row, say
from .jobs import RANKS, Job
from .moments import CHECKPOINTING, TEN, TRAINING, named, wait_for
from .tally import Tally

BYSTANDERS = {FINISHED, PEER_LOST, RESTART, SUPERSEDED}
"""Exit codes of ranks that nothing happened to: it is chance who tells them first."""
KILLED = 128 + signal.SIGKILL
TWO = (TRAINING, CHECKPOINTING)


def kill_rows(text: Path, folder: Path, expected: list[float], seed: int, quick: bool) -> Iterator[Row]:
    """Each rank, at each of ten moments: two trainings, five of whose epochs end so."""
    lives = (TWO,) if quick else TEN
    for rank in range(RANKS):
        tally = Tally(f"kill rank {rank}", named(*lives))
        for life, moments in enumerate(lives):
            draw = random.Random(f"{seed} kill {rank} {life}")
            job = Job(text, folder / f"kill-{rank}-{life}", expected, tally)
            _live(job, moments, [rank], draw)
        yield tally.row()


def replica_rows(text: Path, folder: Path, expected: list[float], seed: int, quick: bool) -> Iterator[Row]:
    """Any rank of a gang whose replicas reduce gradients together."""
    moments = TWO if quick else TEN[0]
    tally = Tally("kill any rank of 2 stages x 2 replicas", named(moments))
    job = Job(text, folder / "kill-replicas", expected, tally, stages=2, replicas=2)
    _live(job, moments, range(4), random.Random(f"{seed} kill replicas"))
    yield tally.row()


def _live(job: Job, moments: Sequence[str], ranks: Sequence[int], draw: random.Random) -> None:
    """An epoch for each of the moments, and one that trains to the end."""
    hit = 0
    for moment in moments:
        rank = draw.choice(ranks)
        with job.epoch() as epoch:
            if wait_for(moment, epoch, rank, job.checkpoints, draw):
                pid = epoch.pid(rank)
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
            job.disturbed(epoch)
            codes = epoch.exit_codes()
            hit += codes.get(rank) == KILLED
            say(f"{job.tally.fault}, {moment}, rank {rank}: {codes}, committed {job.committed()}")
            others = {code for other, code in codes.items() if other != rank}
            if not others <= BYSTANDERS:
                job.tally.fail(f"rank {rank} killed while {moment}: ended with {codes}\n{epoch.logs()}")
    job.finish(hit)
