"""One outgoing direction to one other rank: a queue, a thread that sends, one that reads acknowledgements.

Messages leave at once, whether or not the peer waits for them (a library that meets before it sends pays a
round trip per message across regions). Each is timed by its acknowledgement, because a small message
disappears into the socket buffer in no time and would report any bandwidth one likes.
An emulated link is emulated here: a message is held until it would have arrived.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .plan import EmulatedLink
from .wire import LEAVING, RECEIVED, Frame, send_message

FAREWELL_SECONDS = 5.0


class Pacer:
    """Arrival times over a link of a rate and a latency, of which only the rate makes later messages wait."""

    def __init__(self, link: EmulatedLink) -> None:
        self._link = link
        self._free_seconds = 0.0

    def arrival(self, enqueued_seconds: float, size: int) -> float:
        occupied = size * 8 / self._link.bandwidth_bits_per_second
        self._free_seconds = max(enqueued_seconds, self._free_seconds) + occupied
        return self._free_seconds + self._link.latency_seconds


@dataclass(frozen=True)
class Transfer:
    """One message. `seconds` is how long it kept the link busy, without latency and waiting in the queue.

    Waking the threads on both sides is in it, so the rate of messages under a few milliseconds reads too low.
    """

    to_stage: int
    size: int
    seconds: float


class Outgoing:
    """Takes over a connected, greeted socket. `on_lost` is called once, from a thread, with the reason."""

    def __init__(
        self,
        sock: socket.socket,
        emulated: EmulatedLink | None,
        round_trip_seconds: float,
        on_lost: Callable[[str], None],
    ) -> None:
        self._sock = sock
        self._pacer = None if emulated is None else Pacer(emulated)
        self._unloaded_seconds = round_trip_seconds + (0.0 if emulated is None else emulated.latency_seconds)
        self._on_lost = on_lost
        self._queue: queue.SimpleQueue[tuple[float, Frame, memoryview | None]] = queue.SimpleQueue()
        self._unacknowledged: deque[tuple[float, Frame]] = deque()
        self._changed = threading.Condition()
        self._transfers: list[Transfer] = []
        self._sender = threading.Thread(target=self._send, daemon=True)
        self._sender.start()
        threading.Thread(target=self._read_acknowledgements, daemon=True).start()

    def push(self, frame: Frame, payload: memoryview) -> None:
        """Queues a message and returns. `payload` must not change until it is acknowledged."""
        now = time.monotonic()
        with self._changed:
            self._unacknowledged.append((now, frame))
        self._queue.put((now, frame, payload))

    def take_transfers(self) -> list[Transfer]:
        """The transfers completed since the last call."""
        with self._changed:
            transfers, self._transfers = self._transfers, []
        return transfers

    def drain(self, check: Callable[[], None]) -> None:
        """Waits until the peer has everything, then says goodbye. `check` may raise."""
        with self._changed:
            while self._unacknowledged:
                check()
                self._changed.wait(0.1)
        self._queue.put((time.monotonic(), Frame(LEAVING, 0, 0, 0, 0), None))
        self._sender.join(FAREWELL_SECONDS)  # a process that exited first would look like one that died

    def _send(self) -> None:
        try:
            while True:
                enqueued_seconds, frame, payload = self._queue.get()
                if self._pacer is not None and payload is not None:
                    remaining = self._pacer.arrival(enqueued_seconds, frame.size) - time.monotonic()
                    if remaining > 0:
                        time.sleep(remaining)
                if payload is None:
                    self._sock.sendall(frame.pack())
                    self._sock.shutdown(socket.SHUT_WR)
                    return
                send_message(self._sock, frame.pack(), payload)
        except OSError as error:
            self._lost(str(error))

    def _read_acknowledgements(self) -> None:
        previous = 0.0
        try:
            while answers := self._sock.recv(256):
                now = time.monotonic()
                if answers != RECEIVED * len(answers):
                    raise ConnectionError("answered with something that is no acknowledgement")
                with self._changed:
                    for _ in answers:
                        enqueued, frame = self._unacknowledged.popleft()
                        busy = now - max(enqueued + self._unloaded_seconds, previous)
                        self._transfers.append(Transfer(frame.stage, frame.size, max(busy, 1e-6)))
                        previous = now
                    self._changed.notify_all()
            self._lost("closed by the peer")
        except OSError as error:
            self._lost(str(error))

    def _lost(self, reason: str) -> None:
        # with nothing under way, a peer that closes has finished; if it died, the incoming side says so
        if self._unacknowledged:
            self._on_lost(reason)
