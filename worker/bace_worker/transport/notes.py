"""Short notes between peers, apart from the tensors: where a gang stops, and sums over ranks.

A note is named by (peer, kind, step) and waited for by that name. Kind S is told to a hook as it comes.
"""

from __future__ import annotations

from collections.abc import Callable

from .control_line import NOTE_BYTES
from .mailbox import Arrivals, Box
from .wire import NOTE, Control

STOP = "S"
MOST_WAITING = 1024
"""Of one peer's notes; the worker has a few per step."""


class Notes:
    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._box: Box[tuple[int, str, int], bytes] = Box(arrivals)
        self._early: list[tuple[int, int]] = []
        self.on_stop: Callable[[int, int], None] | None = None

    def set_on_stop(self, hook: Callable[[int, int], None]) -> None:
        with self._arrivals.changed:
            self.on_stop = hook
            early, self._early = self._early, []
        for peer, step in early:
            hook(peer, step)

    def frame(self, kind: str, step: int, payload: bytes) -> tuple[Control, bytes]:
        assert len(kind) == 1, f"a note's kind is one letter, {kind!r} is not"
        assert len(payload) <= NOTE_BYTES, f"a note holds {NOTE_BYTES} bytes, not {len(payload)}"
        return Control(NOTE, kind, step=step, size=len(payload)), payload

    def arrived(self, peer: int, kind: str, step: int, payload: bytes) -> None:
        """From the threads that read. Raises ConnectionError where a peer sends what nobody can wait for."""
        if kind == STOP:
            self._stop(peer, step)
            return
        with self._arrivals.changed:
            if (peer, kind, step) in self._box:
                raise ConnectionError(f"sent note {kind} of step {step} twice")
            if sum(sender == peer for sender, _, _ in self._box) == MOST_WAITING:
                raise ConnectionError(f"sent {MOST_WAITING} notes that nobody waits for")
            self._box.put((peer, kind, step), payload)

    def take(self, peer: int, kind: str, step: int, check: Callable[[], None]) -> bytes:
        return self._box.take((peer, kind, step), peer, f"note {kind} of step {step}", check)

    def _stop(self, peer: int, step: int) -> None:
        with self._arrivals.changed:
            hook = self.on_stop
            if hook is None:
                if len(self._early) == MOST_WAITING:
                    raise ConnectionError(f"sent {MOST_WAITING} notes that nobody waits for")
                self._early.append((peer, step))
        if hook is not None:
            hook(peer, step)
            self._arrivals.wake()
