"""What one other rank sends: chunks put together in the receiver's own tensors, from all of its connections.

A message's size, its chunks and who sends it follow from the plan. So a frame that is wrong ends the
connection before anything is allocated for it, and what a peer can make this rank hold is bounded: it is
never more than a step ahead, since within a step every pair exchanges messages in both directions.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from ..plan import Training
from .chunks import Layout
from .compression import Raw, bytes_of
from .peers import Name
from .sockets import read_into, waiting_bytes
from .wire import CHUNK_BYTES, LEAVING, RECEIVED, Chunk, Control

YIELD_SECONDS = 0.00005
"""For the consumer: it cannot wake up while this thread has the GIL for what can be done later."""
Key = tuple[str, int, int, int]


@dataclass
class _Message:
    tensor: Tensor
    memory: memoryview
    first_seconds: float = 0.0
    first_bytes: int = 0
    """That had arrived when the first head was looked at."""
    last_seconds: float = 0.0
    seen: set[int] = field(default_factory=set)
    complete: int = 0


class Incoming:
    """`owed`: what the peer sends in a step. `deliver` and `acknowledge` are called from threads."""

    def __init__(
        self,
        owed: frozenset[Name],
        layout: Layout,
        training: Training,
        deliver: Callable[[Key, Tensor], None],
        acknowledge: Callable[[Control], None],
    ) -> None:
        self.arrived_bytes = 0
        self._owed = owed
        self._layout = layout
        self._training = training
        self._sizes = [layout.size(index) for index in range(layout.chunks)]
        self._most_held = 2 * len(owed)
        self._deliver = deliver
        self._acknowledge = acknowledge
        self._lock = threading.Lock()
        self._arriving: dict[Key, _Message] = {}
        self._untaken: set[Key] = set()
        self._previous_seconds = 0.0
        self._spare: list[_Message] = []
        self._socks: list[socket.socket] = []

    def taken(self, key: Key) -> None:
        """The consumer has a message: there is room for another."""
        with self._lock:
            self._untaken.discard(key)

    def read(self, sock: socket.socket) -> None:
        """Reads one connection until the peer leaves. Raises OSError, with what was wrong."""
        layout, head = self._layout, memoryview(bytearray(CHUNK_BYTES))
        direct = isinstance(layout.codec, Raw)
        scratch = memoryview(bytearray(0 if direct else self._sizes[0]))
        with self._lock:
            self._socks.append(sock)
        self._prepare()
        while True:
            if not read_into(sock, head):
                raise ConnectionError("closed the connection before it had finished")
            chunk = Chunk.unpack(head)
            if chunk.kind == LEAVING:
                return
            message = self._message(chunk)
            start = chunk.part * self._sizes[0]
            view = message.memory[start : start + chunk.size] if direct else scratch[: chunk.size]
            if not read_into(sock, view):
                raise ConnectionError("closed in the middle of a message")
            arrived = time.monotonic()
            if not direct:
                layout.codec.decode(scratch, layout.rows_of(message.tensor, chunk.part))
            self._count(chunk, message, arrived)
            del message, view  # or the tensor would live until the next chunk

    def _message(self, chunk: Chunk) -> _Message:
        """What the chunk is a part of. Raises ConnectionError where the plan has no such chunk."""
        key = (chunk.kind, chunk.stage, chunk.microbatch, chunk.step)
        with self._lock:
            known = (
                (chunk.kind, chunk.stage, chunk.microbatch) in self._owed
                and 1 <= chunk.step <= self._training.steps
                and chunk.part < len(self._sizes)
                and chunk.size == self._sizes[chunk.part]
            )
            if not known:
                raise ConnectionError(f"sent {chunk}, which the plan does not have")
            message = self._arriving.get(key)
            if message is None:
                if key in self._untaken:
                    raise ConnectionError(f"sent {chunk} of a message that is here already")
                if len(self._untaken) == self._most_held:
                    raise ConnectionError(f"is more than a step ahead: {len(self._untaken)} messages wait")
                message = self._arriving[key] = self._spare.pop() if self._spare else self._allocated()
                message.first_seconds = time.monotonic()
                if len(self._arriving) == 1:
                    message.first_bytes = sum(waiting_bytes(sock) for sock in self._socks)
                self._untaken.add(key)
            if chunk.part in message.seen:
                raise ConnectionError(f"sent {chunk} twice")
            message.seen.add(chunk.part)
            return message

    def _count(self, chunk: Chunk, message: _Message, arrived_seconds: float) -> None:
        """Delivers and acknowledges the message if this was the last of its chunks."""
        key = (chunk.kind, chunk.stage, chunk.microbatch, chunk.step)
        with self._lock:
            self.arrived_bytes += chunk.size
            message.complete += 1
            message.last_seconds = max(message.last_seconds, arrived_seconds)
            if message.complete < len(self._sizes):
                return
            del self._arriving[key]
            seconds = self._busy_seconds(message)
            self._previous_seconds = max(self._previous_seconds, message.last_seconds)
        self._deliver(key, message.tensor)
        time.sleep(YIELD_SECONDS)
        self._acknowledge(Control(RECEIVED, *key, seconds=seconds))
        self._prepare()

    def _prepare(self) -> None:
        """Has memory at hand for the next message before it comes."""
        if not self._spare:
            self._spare.append(self._allocated())

    def _allocated(self) -> _Message:
        tensor = self._layout.empty()
        return _Message(tensor, bytes_of(tensor))

    def _busy_seconds(self, message: _Message) -> float:
        """From the message's first byte, or the end of the one before it, to its last byte.

        So what messages took that arrive at the same time is right as a sum. Bytes that were there at the
        first look tell nothing of time: the rate is that of the others, and unknown (0) where they are few.
        """
        if message.first_seconds < self._previous_seconds:
            return max(message.last_seconds - self._previous_seconds, 1e-9)
        size = self._layout.wire_bytes
        later = size - message.first_bytes
        return 0.0 if later < size / 2 else (message.last_seconds - message.first_seconds) * size / later
