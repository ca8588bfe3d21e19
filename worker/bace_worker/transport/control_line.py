"""Control frames to one rank, over a connection of their own: acknowledgements, notes, a ping every second.

Frames are handed over and never waited for; a thread writes them. Over an emulated link they arrive later by
its latency, but do not occupy it.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from .sockets import read_into
from .wire import CONTROL_BYTES, LEAVING, NOTE, PING, Control

PING_SECONDS = 1.0
REMEMBERED_PINGS = 30
NOTE_BYTES = 64 << 10


class ControlLine:
    """Takes over a connected, greeted socket. `on_error` is called from the thread, with the reason."""

    def __init__(
        self,
        sock: socket.socket,
        delay_seconds: float,
        connect_seconds: float,
        on_error: Callable[[str], None],
    ) -> None:
        self._sock = sock
        self._delay_seconds = delay_seconds
        self._round_trips = deque([connect_seconds], maxlen=REMEMBERED_PINGS)
        self._on_error = on_error
        self._queue: queue.SimpleQueue[tuple[float, Control, bytes]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def put(self, frame: Control, payload: bytes = b"") -> None:
        """Queues a frame and returns. From any thread."""
        self._queue.put((time.monotonic() + self._delay_seconds, frame, payload))

    def leave(self, seconds: float) -> None:
        """Says goodbye behind all other frames, and waits at most `seconds` until they are written."""
        self.put(Control(LEAVING))
        self._thread.join(seconds)

    def answered(self, pong: Control) -> None:
        """Notes how long the ping was away. From one thread at a time."""
        self._round_trips.append(max(0.0, time.monotonic() - pong.seconds))

    @property
    def round_trip_seconds(self) -> float:
        """The least of the last half minute: what is above it is waiting, for the link or for a thread."""
        return min(tuple(self._round_trips))

    def _write(self) -> None:
        ping_due = 0.0
        try:
            while True:
                now = time.monotonic()
                if now >= ping_due:
                    self.put(Control(PING, seconds=now))
                    ping_due = now + PING_SECONDS
                try:
                    due, frame, payload = self._queue.get(timeout=ping_due - now)
                except queue.Empty:
                    continue
                if (remaining := due - time.monotonic()) > 0:
                    time.sleep(remaining)
                self._sock.sendall(frame.pack() + payload)
                if frame.kind == LEAVING:
                    return
        except Exception as error:  # whatever ends this thread must be known
            self._on_error(str(error))
        finally:
            self._sock.close()


def read_control(sock: socket.socket) -> Iterator[tuple[Control, bytes]]:
    """Frames with what follows them, until the peer leaves. Raises OSError, with what was wrong."""
    head = bytearray(CONTROL_BYTES)
    while True:
        if not read_into(sock, memoryview(head)):
            raise ConnectionError("closed the connection before it had finished")
        frame = Control.unpack(head)
        if frame.kind == LEAVING:
            return
        if frame.size > (NOTE_BYTES if frame.kind == NOTE else 0):
            raise ConnectionError(f"sent {frame}, which is too long")
        payload = bytearray(frame.size)
        if not read_into(sock, memoryview(payload)):
            raise ConnectionError("closed in the middle of a note")
        yield frame, bytes(payload)
