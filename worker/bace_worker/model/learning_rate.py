"""The learning rate as a pure function of the step: linear warm-up, then half a cosine down to a floor.

The cosine is that of SGDR without restarts (Loshchilov and Hutter, arXiv 1608.03983, equation 5); warm-up and
floor as in GPT-3 (arXiv 2005.14165, appendix B). Nothing is remembered between steps, so a training that is
resumed, in whatever layout, goes on with the same rates. Left out: restarts, other shapes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Steps count from 1. `floor == peak` without warm-up is a constant rate."""

    peak: float
    floor: float
    warm_up_steps: int
    """The peak is reached in this step; 0 starts at it."""
    decay_end_step: int
    """The floor is reached in this step and kept after it."""


def learning_rate(schedule: Schedule, step: int) -> float:
    """The rate of the update that ends step `step` (1 or more)."""
    if step <= schedule.warm_up_steps:
        return schedule.peak * step / schedule.warm_up_steps
    if step >= schedule.decay_end_step:
        return schedule.floor
    decayed = (step - schedule.warm_up_steps) / (schedule.decay_end_step - schedule.warm_up_steps)
    return schedule.floor + (schedule.peak - schedule.floor) * 0.5 * (1 + math.cos(math.pi * decayed))
