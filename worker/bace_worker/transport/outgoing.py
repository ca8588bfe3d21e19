"""One outgoing direction to one other rank: the chunks that its streams share, and what became of them.

Messages leave at once, whether or not the peer waits for them (a library that meets before it sends pays a
round trip per message across regions). All chunks lie in one queue, in order, and each stream's thread takes
the next one when its connection has room: so a slow stream carries less, an idle one never waits for another,
and no message is overtaken by a later one but for what is already on its way.
An emulated link is emulated here: a chunk is held until it would have arrived.
"""

from __future__ import annotations

import math
import queue
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from ..plan import EmulatedLink
from .chunks import Layout
from .control_line import ControlLine
from .host_copy import on_host
from .pacer import Pacer
from .sockets import send_message
from .wire import LEAVING, Chunk, Control

FAREWELL_SECONDS = 5.0
Key = tuple[str, int, int, int]


@dataclass(frozen=True)
class Transfer:
    """One message. `size` of its tensor, in bytes; `seconds`: how long it kept the link busy, without latency
    and waiting in the queue."""

    to_rank: int
    to_stage: int
    size: int
    wire_bytes: int
    seconds: float


class Channel(Protocol):
    """A way for the tensors to one peer. What comes over another than TCP goes to `Transport.deliver`."""

    def push(self, kind: str, stage: int, microbatch: int, step: int, tensor: Tensor) -> None:
        """Hands over a message; never waits."""

    def drain(self, check: Callable[[], None]) -> None:
        """Waits until the peer has everything. `check` may raise."""

    def take_transfers(self) -> list[Transfer]:
        """The transfers completed since the last call."""


class _Item(NamedTuple):
    due_seconds: float
    head: Chunk
    rows: Tensor | None
    copied: Any
    """A CUDA event, or None."""


class Outgoing:
    """Takes over connected, greeted sockets. `on_error` is called from threads, with the reason."""

    def __init__(
        self,
        peer: int,
        line: ControlLine,
        socks: list[socket.socket],
        layout: Layout | None,
        emulated: EmulatedLink | None,
        on_error: Callable[[str], None],
    ) -> None:
        self.line = line
        self._peer = peer
        self._layout = layout
        self._pacer = None if emulated is None else Pacer(emulated)
        self._on_error = on_error
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._unacknowledged: dict[Key, float] = {}
        self._previous_seconds = 0.0
        self._transfers: list[Transfer] = []
        self._peer_left = False
        self._threads = [threading.Thread(target=self._send, args=(sock,), daemon=True) for sock in socks]
        for thread in self._threads:
            thread.start()

    def push(self, kind: str, stage: int, microbatch: int, step: int, tensor: Tensor) -> None:
        """Queues a message and returns. `tensor` must not change until it is acknowledged."""
        layout = self._layout
        assert layout is not None, f"rank {self._peer} gets its tensors over a channel that is not there"
        assert (tensor.shape, tensor.dtype) == (layout.shape, layout.dtype), (
            f"{tuple(tensor.shape)} of {tensor.dtype} is no message"
        )
        now = time.monotonic()
        tensor, copied = on_host(tensor)
        with self._changed:
            self._unacknowledged[kind, stage, microbatch, step] = now
        for index in range(layout.chunks):
            head = Chunk(kind, stage, microbatch, step, index, layout.size(index))
            due = 0.0 if self._pacer is None else self._pacer.arrival(now, head.size)
            self._queue.put(_Item(due, head, layout.rows_of(tensor, index), copied))

    def acknowledged(self, frame: Control) -> None:
        """The peer has a message. `seconds` of the frame is 0 where all of it was there at the first look."""
        now = time.monotonic()
        layout = self._layout
        key = (frame.letter, frame.stage, frame.microbatch, frame.step)
        with self._changed:
            enqueued = self._unacknowledged.pop(key, None)
            if enqueued is None or layout is None or not 0 <= frame.seconds < math.inf:
                raise ConnectionError(f"sent {frame}, which acknowledges nothing")
            seconds = frame.seconds
            if self._pacer is not None:  # what is emulated is not seen where chunks arrive
                seconds = max(seconds, self._pacer.occupied(layout.wire_bytes))
            elif seconds == 0:  # all that this end knows; waking the threads on both sides is in it
                seconds = now - max(enqueued + self.line.round_trip_seconds, self._previous_seconds)
            self._previous_seconds = now
            sizes = layout.tensor_bytes, layout.wire_bytes
            self._transfers.append(Transfer(self._peer, frame.stage, *sizes, max(seconds, 1e-6)))
            self._changed.notify_all()

    def take_transfers(self) -> list[Transfer]:
        """The transfers completed since the last call."""
        with self._changed:
            transfers, self._transfers = self._transfers, []
        return transfers

    def peer_left(self) -> None:
        """The peer has finished, and needs nothing more."""
        with self._changed:
            self._peer_left = True
            self._changed.notify_all()

    def drain(self, check: Callable[[], None]) -> None:
        """Waits until the peer has everything, or has left. `check` may raise."""
        with self._changed:
            while self._unacknowledged and not self._peer_left:
                check()
                self._changed.wait(0.1)

    def leave(self) -> None:
        """Says goodbye on all connections: a process that only exited would look like one that died."""
        for _ in self._threads:
            self._queue.put(_Item(0.0, Chunk(LEAVING, 0, 0, 0, 0, 0), None, None))
        deadline = time.monotonic() + FAREWELL_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self.line.leave(max(0.0, deadline - time.monotonic()))

    def _send(self, sock: socket.socket) -> None:
        try:
            while self._send_next(sock):
                pass
        except Exception as error:  # whatever ends this thread must end the wait for acknowledgements
            self._on_error(str(error))
        finally:
            sock.close()

    def _send_next(self, sock: socket.socket) -> bool:
        """False after the farewell. A method of its own, so that no tensor outlives its last chunk."""
        item = self._queue.get()
        if item.rows is None or self._layout is None:
            sock.sendall(item.head.pack())
            return False
        if self._peer_left:
            return True
        if item.copied is not None:
            item.copied.synchronize()
        payload = self._layout.codec.encode(item.rows)
        if (remaining := item.due_seconds - time.monotonic()) > 0:
            time.sleep(remaining)
        send_message(sock, item.head.pack(), payload)
        return True
