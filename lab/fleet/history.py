"""What has happened, read from the service's own log as it grows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..service import Document, Service


@dataclass
class Epoch:
    """One attempt to run a job. Times are seconds since 1970."""

    placed: Document
    regions: list[tuple[str, int]]
    started_seconds: float | None = None
    losses: dict[int, float] = field(default_factory=dict)
    step_seconds: list[float] = field(default_factory=list)
    first_step_seconds: float | None = None
    exits: dict[str, int] = field(default_factory=dict)
    replan: Document | None = None
    """Why it was given up, if it was for a better placement."""

    @property
    def number(self) -> int:
        return int(self.placed["epoch"])

    @property
    def predicted_seconds(self) -> float:
        return float(self.placed["predictedIterationSeconds"])

    @property
    def where(self) -> str:
        return " → ".join(f"{region} {gpus}" for region, gpus in self.regions)


class History:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._seq = 0
        self._names: list[str] = []
        self.epochs: dict[str, list[Epoch]] = {}

    def follow(self) -> None:
        """Reads what is new; nothing while the service does not answer."""
        for event in self._service.events(self._seq):
            self._seq = event["seq"]
            self._take(event)

    def last(self, job: str) -> Epoch | None:
        epochs = self.epochs.get(job)
        return epochs[-1] if epochs else None

    def step(self, job: str) -> int:
        """The newest step of the newest epoch; 0 before its first."""
        epoch = self.last(job)
        return max(epoch.losses, default=0) if epoch else 0

    def losses(self, job: str) -> Iterator[tuple[int, float]]:
        """Of all epochs: steps that were done again come again."""
        for epoch in self.epochs.get(job, []):
            yield from epoch.losses.items()

    def _take(self, event: Document) -> None:
        kind = event["kind"]
        if kind == "fleet-loaded":
            self._names = [region["name"] for region in event["fleet"]["regions"]]
        elif kind == "placed":
            placement = event["placement"]
            regions = [self._names[region] for region in placement["regions"]]
            epoch = Epoch(event, list(zip(regions, placement["gpus"], strict=True)))
            self.epochs.setdefault(event["jobId"], []).append(epoch)
        elif "epoch" in event and (found := self._of(event)) is not None:
            self._add(found, event)

    def _of(self, event: Document) -> Epoch | None:
        numbered = (epoch for epoch in self.epochs.get(event["jobId"], []) if epoch.number == event["epoch"])
        return next(numbered, None)

    def _add(self, epoch: Epoch, event: Document) -> None:
        match event["kind"]:
            case "gang-started":
                epoch.started_seconds = event["atSeconds"]
            case "progress":
                if epoch.first_step_seconds is None:
                    epoch.first_step_seconds = event["atSeconds"]
                epoch.losses[event["step"]] = event["loss"]
                epoch.step_seconds.append(event["stepSeconds"])
            case "launch-observed" if event["status"]["kind"] == "exited":
                epoch.exits[event["region"]] = event["status"]["exitCode"]
            case "replan-requested":
                epoch.replan = event["why"]
