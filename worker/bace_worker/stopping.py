"""After which step a gang stops: agreed among its ranks, whoever of them was told to stop, and whenever.

A rank that is told finishes the step it is in; between steps it begins none. It says so to its peers, who
say it on, and of several answers the smallest holds. That is safe: a step needs every rank's part, so what
one has not begun no other can have completed, and until its update a step leaves no trace in the weights.
Who has begun a later step abandons it, and everyone ends with the weights of the same step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from .lifetime import StopRequest

NOTE = "S"


class StepAbandoned(Exception):
    """The gang stops after an earlier step."""


class StopAgreement:
    """`note(peer, kind, step, payload)`: sends without waiting, from any thread."""

    def __init__(
        self,
        request: StopRequest,
        peers: Iterable[int],
        note: Callable[[int, str, int, bytes], None],
        first_step: int,
    ) -> None:
        self._request = request
        self._peers = frozenset(peers)
        self._note = note
        self._lock = threading.Lock()
        self._begun = first_step - 1
        self._last: int | None = None

    @property
    def last_step(self) -> int | None:
        """After which step the gang stops, as far as this rank knows; None while it goes on."""
        return self._last

    def begin(self, step: int) -> bool:
        """Whether to begin a step. To be asked before each, in order."""
        self._listen()
        if self._last is not None and step > self._last:
            return False
        self._begun = step
        return True

    def check(self) -> None:
        """Raises StepAbandoned where the gang stops before the step that this rank is in."""
        self._listen()
        if self._last is not None and self._begun > self._last:
            raise StepAbandoned

    def hear(self, peer: int, step: int) -> None:
        """A peer stops after `step`. May be called from any thread."""
        self._decide(step, self._peers - {peer})

    def _listen(self) -> None:
        if self._last is None and self._request.requested:
            self._decide(self._begun, self._peers)

    def _decide(self, step: int, told: Iterable[int]) -> None:
        with self._lock:
            if self._last is not None and self._last <= step:
                return
            self._last = step
        for peer in told:
            self._note(peer, NOTE, step, b"")
