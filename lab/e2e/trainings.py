"""What is trained: a small model on the tests' own text, in the orders of the control plane's generators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import generated
from generated import MODEL, Schedules
from plans import make_plan

Document = dict[str, Any]
SAMPLES = 8
"""Micro-batches of all replicas together."""
STEPS = 50
RANKS = (1, 2, 3, 4)
REPLICAS = (1, 2)


def generate() -> Mapping[int, Schedules]:
    """Every generator's schedules, by the number of replicas that share the samples."""
    return {replicas: generated.generate(SAMPLES // replicas) for replicas in REPLICAS}


@dataclass(frozen=True)
class Layout:
    generator: str
    ranks: int
    replicas: int = 1

    @property
    def copies(self) -> bool:
        """Whether gradients are added up over ranks, and so not in one process's order."""
        return self.replicas > 1 or self.generator == "dualpipe"

    def __str__(self) -> str:
        return f"{self.generator} on {self.ranks}" + (f" x {self.replicas}" if self.replicas > 1 else "")


def plan_of(text: Path, schedules: Mapping[int, Schedules], layout: Layout, **changes: Any) -> Document:
    """A plan of `STEPS` steps; it states the activations that the control plane counts for it as caps.

    `changes`: recompute=, of all stages, and as `make_plan` takes them.
    """
    schedule = schedules[layout.replicas][layout.generator, layout.ranks]
    training = {"steps": STEPS, "microbatches": SAMPLES // layout.replicas} | changes.pop("training", {})
    recompute = changes.pop("recompute", False)
    document = make_plan(
        text,
        schedule["stages"],
        schedule["stagesOfRank"],
        actions=schedule["actions"],
        schedule=layout.generator,
        model=MODEL,
        training=training,
        replicas=layout.replicas,
        activationCaps=schedule["peakActivations"] * layout.replicas,
        **changes,
    )
    for stage in document["stages"]:
        stage["recompute"] = recompute
    return document


def alone(text: Path, **changes: Any) -> Document:
    """The whole model in one process: whole backwards, one micro-batch after the other."""
    training = {"steps": STEPS, "microbatches": SAMPLES} | changes.pop("training", {})
    return make_plan(text, 1, model=MODEL, training=training, **changes)
