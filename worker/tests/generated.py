"""The control plane's schedules for 1 to 4 ranks, from its generators (schedules.mjs), and plans of them."""

from __future__ import annotations

import copy
import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from plans import make_plan

NODE = shutil.which("node")
MICROBATCHES = 8
MODEL = {"layers": 8, "hiddenSize": 16, "feedForwardSize": 32, "sequenceLength": 16}
TRAINING = {"steps": 3, "microbatches": MICROBATCHES}
Schedules = dict[tuple[str, int], dict[str, Any]]
"""By generator and ranks."""


@functools.cache
def generate(microbatches: int = MICROBATCHES) -> Schedules:
    script = Path(__file__).with_name("schedules.mjs")
    command = [str(NODE), str(script), str(microbatches)]
    output = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout
    return {(one["generator"], one["ranks"]): one for one in json.loads(output)}


def plan_of(text: Path, schedule: dict[str, Any], replicas: int = 1, **changes: Any) -> dict[str, Any]:
    """States as caps the activations that the control plane counts for it."""
    schedule = copy.deepcopy(schedule)
    return make_plan(
        text,
        schedule["stages"],
        schedule["stagesOfRank"],
        actions=schedule["actions"],
        schedule=schedule["generator"],
        model=MODEL,
        training=TRAINING | {"microbatches": schedule["microbatches"]},
        activationCaps=schedule["peakActivations"] * replicas,
        replicas=replicas,
        **changes,
    )
