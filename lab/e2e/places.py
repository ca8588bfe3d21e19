"""Where an epoch's regions are, and the control plane that they can reach.

Once a gang is given up, its ranks are refused; one that is not together by a deadline is given up too.
"""

from __future__ import annotations

import time
from typing import Protocol

from bace_worker import plan as plans
from bace_worker.local import LocalControl, Refusal

from ..wan.namespace import call
from ..wan.network import Wan
from .trainings import Document

RENDEZVOUS_SECONDS = 90.0
"""The control plane's own, if not told otherwise."""


class Control(LocalControl):
    """Keeps every report. Once `cancelled`, it refuses all ranks, as the control plane does."""

    def __init__(self, document: Document, host: str = "127.0.0.1") -> None:
        self.reports: list[Document] = []
        self.cancelled = False
        self._deadline = time.monotonic() + RENDEZVOUS_SECONDS
        super().__init__(plans.read(document), host=host)

    def on_report(self, report: Document) -> None:
        self.reports.append(report)

    def answer(self, path: str, body: Document) -> Document:
        late = len(self._addresses) < len(self._plan.ranks) and time.monotonic() > self._deadline
        if self.cancelled or late:
            raise Refusal(410, "gang-cancelled")
        return super().answer(path, body)

    @property
    def losses(self) -> dict[int, float]:
        steps = [step for report in self.reports for step in report["steps"]]
        return {step["step"]: step["loss"] for step in steps if step["loss"] is not None}


class Place(Protocol):
    """Where the regions are."""

    def command(self, region: str, *command: str) -> list[str]: ...

    def control(self, document: Document) -> Control: ...


class Here:
    """Regions in name alone."""

    def command(self, region: str, *command: str) -> list[str]:
        return list(command)

    def control(self, document: Document) -> Control:
        return Control(document)


class OverWan:
    """The control plane is in the region of the first rank."""

    def __init__(self, wan: Wan) -> None:
        self._wan = wan

    def command(self, region: str, *command: str) -> list[str]:
        return self._wan.inside(region, *command)

    def control(self, document: Document) -> Control:
        home = document["ranks"][0]["region"]
        return call(self._wan.namespace(home), lambda: Control(document, self._wan.address(home)))
