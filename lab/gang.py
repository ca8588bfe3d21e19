"""A plan of the worker's, trained over a WAN: every rank a process in the namespace of its region.

The control plane is the worker's own small one, at a WAN address of the first rank's region, so that ranks
find their own address on the way to it, as they do between real regions.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bace_worker import plan as plans
from bace_worker.local import LocalControl

from .processes import Outcome, Processes
from .wan.namespace import call
from .wan.network import Wan

Document = dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """`reports`: every rank's telemetry, each rank's in order."""

    outcome: Outcome
    reports: list[Document]


class RecordingControl(LocalControl):
    """Keeps every report."""

    def __init__(self, document: Document, host: str) -> None:
        self.reports: list[Document] = []
        super().__init__(plans.read(document), host=host)

    def on_report(self, report: Document) -> None:
        self.reports.append(report)


def train(
    wan: Wan,
    document: Document,
    deadline_seconds: float,
    meanwhile: Callable[[list[Document]], None] | None = None,
) -> Trained:
    """Trains a plan whose `control.url` is still to be filled in, until all ranks end or the deadline.

    `meanwhile` is called with the reports so far, which go on growing, as soon as the ranks are started.
    """
    home = document["ranks"][0]["region"]
    control = call(wan.namespace(home), lambda: RecordingControl(document, wan.address(home)))
    placed = document | {"control": document["control"] | {"url": control.url}}
    with tempfile.TemporaryDirectory(prefix="bace-lab-") as folder:
        path = Path(folder, "plan.json")
        path.write_text(json.dumps(placed))
        try:
            with Processes(wan, Path(folder)) as processes:
                for rank in document["ranks"]:
                    number = rank["rank"]
                    arguments = ("--plan", path, "--rank", str(number))
                    processes.start(number, rank["region"], "bace_worker", "rank", *arguments)
                if meanwhile is not None:
                    meanwhile(control.reports)
                outcome = processes.wait(deadline_seconds)
        finally:
            control.close()
    return Trained(outcome, control.reports)
