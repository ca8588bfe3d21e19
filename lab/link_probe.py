"""`python -m bace_worker probe` between two regions: what a link carries, by streams and by windows."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from .processes import Outcome, Processes
from .wan.network import Wan

PORT = 29400  # in a namespace of our own nobody else listens
LISTENER, VISITOR = 0, 1


def probe(
    wan: Wan, regions: tuple[str, str], settings: dict[str, str], deadline_seconds: float
) -> tuple[dict[str, Any], Outcome]:
    """The visitor's result, from the first region to the second, and how both ended.

    `settings`: the command's options. The result is empty where either failed.
    """
    here, there = regions
    address = f"{wan.address(there)}:{PORT}"
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with (
        tempfile.TemporaryDirectory(prefix="bace-lab-") as folder,
        Processes(wan, Path(folder)) as processes,
    ):
        command = ("bace_worker", "probe", "--key", "lab")
        processes.start(LISTENER, there, *command, "--listen", address)
        deadline = time.monotonic() + deadline_seconds
        while "listening" not in processes.log(LISTENER) and time.monotonic() < deadline:
            time.sleep(0.05)
        processes.start(VISITOR, here, *command, "--to", address, *options)
        outcome = processes.wait(deadline - time.monotonic())
    failed = any(outcome.exit_codes.values())
    return {} if failed else json.loads(outcome.logs[VISITOR].splitlines()[-1]), outcome
