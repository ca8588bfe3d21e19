"""Random moments in a rank's life at which something happens to it, so that every part of it is hit."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .epochs import Epoch

STARTING, CONNECTING, TRAINING, CHECKPOINTING, FINISHING = (
    *("starting", "connecting", "training", "checkpointing", "finishing"),
)
TEN = (
    (STARTING, TRAINING, CHECKPOINTING, TRAINING, CONNECTING),
    (TRAINING, STARTING, CHECKPOINTING, TRAINING, FINISHING),
)
"""Of two trainings, in the order of their epochs."""
MOST_STEPS = 14
"""Of an epoch, before something happens while it trains."""


def wait_for(moment: str, epoch: Epoch, rank: int, checkpoints: Path, draw: random.Random) -> bool:
    """Returns at the moment. False where the epoch was over before."""
    known = epoch.until(lambda: epoch.pid(rank) is not None)
    match moment:
        case "starting":
            there, spread = known, 2.0
        case "connecting":
            there, spread = epoch.until(lambda: "checks in" in epoch.log(rank)), 0.3
        case "training":
            done = draw.randrange(MOST_STEPS)
            there, spread = epoch.until(lambda: len(epoch.control.losses) >= done), 0.5
            there = there and epoch.until(lambda: "connected" in epoch.log(rank))
        case "checkpointing":
            there = epoch.until(lambda: "connected" in epoch.log(rank))
            time.sleep(draw.uniform(0, 1.0))
            there, spread = there and epoch.until(lambda: being_written(checkpoints)), 0.01
        case _:
            there, spread = epoch.until(lambda: "trained in" in epoch.log(rank)), 0.01
    time.sleep(draw.uniform(0, spread))
    return there and not epoch.over


def being_written(checkpoints: Path) -> bool:
    """Whether there is a checkpoint without a manifest."""
    folders = sorted(checkpoints.glob("epoch-*-step-*")) if checkpoints.exists() else []
    return bool(folders) and not (folders[-1] / "manifest.json").exists()


def named(*lives: Sequence[str]) -> str:
    """For people: which moments, and how often."""
    counts = Counter(moment for moments in lives for moment in moments)
    return ", ".join(moment + (f" x {count}" if count > 1 else "") for moment, count in counts.items())
