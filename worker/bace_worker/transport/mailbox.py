"""What has arrived for the main thread, tensors and notes by name, and whether more will come.

One condition for all: the main thread waits for one thing at a time, and whatever happens must end its wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from ..exit_codes import PeerLost

CHECK_SECONDS = 0.1
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Arrivals:
    """Which peers have left, and why nothing more can come."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.left: set[int] = set()
        self.lost: str | None = None

    def fail(self, reason: str) -> None:
        """The first reason stays: those that follow are its consequences."""
        with self.changed:
            self.lost = self.lost or reason
            self.changed.notify_all()

    def leave(self, peer: int) -> None:
        with self.changed:
            self.left.add(peer)
            self.changed.notify_all()

    def wake(self) -> None:
        """Lets the main thread look at what it checks, at once."""
        with self.changed:
            self.changed.notify_all()

    def raise_if_lost(self) -> None:
        if self.lost is not None:
            raise PeerLost(self.lost)

    def wait(self) -> None:
        """For a change, or until it is time to check. To be called with `changed` held."""
        self.changed.wait(CHECK_SECONDS)


class Box(Generic[K, V]):
    """Things of one sort by name, each there once."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._there: dict[K, V] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._there

    def __iter__(self) -> Iterator[K]:
        return iter(self._there)

    def put(self, key: K, value: V) -> None:
        with self._arrivals.changed:
            self._there[key] = value
            self._arrivals.changed.notify_all()

    def take(self, key: K, peer: int, name: str, check: Callable[[], None]) -> V:
        """Waits for it. Raises PeerLost, also where `peer` has left without it; or what `check` raises."""
        arrivals = self._arrivals
        with arrivals.changed:
            while key not in self._there:
                check()  # first: who is asked to stop need not miss anything
                arrivals.raise_if_lost()
                if peer in arrivals.left:
                    raise PeerLost(f"rank {peer} ended without {name}")
                arrivals.wait()
            return self._there.pop(key)
