"""PyTorch's own pipeline runtime over the WAN, for comparison: starts `torch_rank.py` in every region.

RUN: {"csv": as core exports it, "format": "compute_only" | "compute_comms", "plan": of the worker's, with
emulated blocks and a rank per stage; its actions are not looked at}
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from .processes import Outcome, Processes
from .wan.network import DEVICE, Wan

PORT = 29500  # in a namespace of our own nobody else listens


def run_torch(wan: Wan, run: dict[str, Any], deadline_seconds: float) -> tuple[list[list[float]], Outcome]:
    """Seconds of every step, by rank (empty where a rank failed), and how the ranks ended."""
    regions = [rank["region"] for rank in run["plan"]["ranks"]]
    rendezvous = f"tcp://{wan.address(regions[0])}:{PORT}"
    with tempfile.TemporaryDirectory(prefix="bace-lab-") as name:
        folder = Path(name)
        (folder / "schedule.csv").write_text(run["csv"])
        (folder / "plan.json").write_text(json.dumps(run["plan"]))
        setting = {"format": run["format"], "rendezvous": rendezvous, "device": DEVICE}
        (folder / "run.json").write_text(json.dumps(setting))
        with Processes(wan, folder) as processes:
            for rank, region in enumerate(regions):
                processes.start(rank, region, "lab.torch_rank", folder, str(rank))
            outcome = processes.wait(deadline_seconds)
        files = [folder / f"steps-{rank}.json" for rank in range(len(regions))]
        return [json.loads(file.read_text()) if file.exists() else [] for file in files], outcome
