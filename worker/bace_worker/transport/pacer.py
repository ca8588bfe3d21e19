"""The emulated link: when bytes would arrive, for machines on which no slow link can be made."""

from __future__ import annotations

from ..plan import EmulatedLink


class Pacer:
    """Arrival times over a link of a rate and a latency, of which only the rate makes later messages wait."""

    def __init__(self, link: EmulatedLink) -> None:
        self._link = link
        self._free_seconds = 0.0

    def occupied(self, size: int) -> float:
        return size * 8 / self._link.bandwidth_bits_per_second

    def arrival(self, enqueued_seconds: float, size: int) -> float:
        self._free_seconds = max(enqueued_seconds, self._free_seconds) + self.occupied(size)
        return self._free_seconds + self._link.latency_seconds
