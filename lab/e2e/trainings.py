"""What is trained: a small model on the tests' own text, in the orders of the control plane's generators."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plans import make_plan

Document = dict[str, Any]
Schedules = Mapping[tuple[str, int], Document]
"""By generator and ranks; of one number of micro-batches."""

TESTS = Path(__file__).resolve().parents[2] / "worker" / "tests"
SAMPLES = 8
"""Micro-batches of all replicas together."""
STEPS = 50
RANKS = (1, 2, 3, 4)
REPLICAS = (1, 2)
MODEL = {"layers": 8, "hiddenSize": 16, "feedForwardSize": 32, "sequenceLength": 16}


def generate() -> Mapping[int, Schedules]:
    """Every generator's schedules, by the number of replicas that share the samples."""
    return {replicas: _generated(SAMPLES // replicas) for replicas in REPLICAS}


def _generated(microbatches: int) -> Schedules:
    command = ["node", str(TESTS / "schedules.mjs"), str(microbatches)]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=120).stdout
    return {(one["generator"], one["ranks"]): one for one in json.loads(output)}


@dataclass(frozen=True)
class Layout:
    generator: str
    ranks: int
    replicas: int = 1

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
