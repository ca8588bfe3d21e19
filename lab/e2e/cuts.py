"""The link between the regions cut, for some seconds and for good. Over the lab's WAN: needs root."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

from bace_worker.exit_codes import FINISHED, PEER_LOST, SUPERSEDED

from ..table import SKIPPED, Row, say
from ..wan.namespace import unavailable
from ..wan.network import Wan, WanPath
from .jobs import FINISH_SECONDS, Job
from .moments import CONNECTING, STARTING, TRAINING, wait_for
from .places import RENDEZVOUS_SECONDS, OverWan
from .tally import NOTICE_SECONDS, Tally

REGIONS = ("frankfurt", "virginia")
PATH = WanPath(200e6, 0.005)
SHORT_SECONDS = 5.0
TCP_SECONDS = 30.0
"""After which the kernel gives a connection up on which nothing gets through (sockets.tune)."""
ROUND_SECONDS = 15.0
"""A kernel looks at its time-out when it sends again, and waits twice as long from one time to the next."""
CUT_DEADLINE_SECONDS = TCP_SECONDS + ROUND_SECONDS + NOTICE_SECONDS
GATHERING_DEADLINE_SECONDS = max(CUT_DEADLINE_SECONDS, RENDEZVOUS_SECONDS + NOTICE_SECONDS)


def cut_rows(text: Path, folder: Path, expected: list[float], seed: int, quick: bool) -> Iterator[Row]:
    if (reason := unavailable()) is not None:
        for name in ("link cut for 5 s", "link cut for good"):
            say(f"SKIPPED, {name}: {reason}")
            yield Row((name, f"not run: {reason}", *[""] * 6), SKIPPED)
        return
    with Wan(REGIONS, PATH) as wan:
        yield from _short(wan, text, folder, expected, seed, 1 if quick else 3)
        moments = (TRAINING,) if quick else (TRAINING, CONNECTING, STARTING, TRAINING)
        yield from _for_good(wan, text, folder, expected, seed, moments)


def _short(wan: Wan, text: Path, folder: Path, expected: list[float], seed: int, count: int) -> Iterator[Row]:
    """Training goes on by itself, and nothing is lost."""
    tally = Tally(
        f"link cut for {SHORT_SECONDS:.0f} s", f"train x {count}; goes on by itself", FINISH_SECONDS
    )
    for number in range(count):
        draw = random.Random(f"{seed} short {number}")
        job = Job(text, folder / f"short-{number}", expected, tally)
        with job.epoch(OverWan(wan)) as epoch:
            if not wait_for(TRAINING, epoch, 1, job.checkpoints, draw):
                tally.fail("was over before the cut")
            with wan.partition(*REGIONS):
                time.sleep(SHORT_SECONDS)
            job.disturbed(epoch, tell_others=False)
            say(f"cut for {SHORT_SECONDS:.0f} s: {epoch.exit_codes()}")
            if set(epoch.exit_codes().values()) != {FINISHED}:
                tally.fail(f"did not go on: {epoch.exit_codes()}\n{epoch.logs()}")
        job.finish(1)
    yield tally.row()


def _for_good(
    wan: Wan, text: Path, folder: Path, expected: list[float], seed: int, moments: tuple[str, ...]
) -> Iterator[Row]:
    """Both sides end by themselves; the next epoch has the link back."""
    tally = Tally("link cut for good", ", ".join(moments), GATHERING_DEADLINE_SECONDS)
    job = Job(text, folder / "good", expected, tally)
    draw = random.Random(f"{seed} good")
    hit = 0
    for moment in moments:
        with job.epoch(OverWan(wan)) as epoch:
            there = wait_for(moment, epoch, 1, job.checkpoints, draw)
            with wan.partition(*REGIONS):
                connected = "connected" in epoch.log(1)
                deadline = CUT_DEADLINE_SECONDS if connected else GATHERING_DEADLINE_SECONDS
                job.disturbed(epoch, deadline, tell_others=False)
            hit += there
            codes = epoch.exit_codes()
            say(f"cut for good while {moment}: {codes}, {tally.worst_seconds:.1f} s at most")
            gathering = {PEER_LOST, SUPERSEDED}  # the control plane gives up a gang that does not gather
            if not set(codes.values()) <= ({PEER_LOST} if moment == TRAINING else gathering):
                tally.fail(f"cut while {moment}: ended with {codes}\n{epoch.logs()}")
    job.finish(hit)
    yield tally.row()
