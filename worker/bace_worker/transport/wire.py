"""What goes over the connections between two ranks: a greeting, then chunks of tensors or control frames.

Every connection carries one direction of one pair, so that none is ever read and written at the same time by
two threads (TLS does not allow it) and none is closed with something unread in it (TCP would discard what is
still on its way). Number 0 is for control frames alone: they never wait behind a tensor. The others share
the chunks. The greeting names (from, to, number) and proves knowledge of the launch: an HMAC under its key,
so that a process of an older epoch or a foreign one is refused. It is no protection against someone who reads
the network: for that there is TLS (tls.py).
Headers are big-endian; tensors travel as they lie in memory (little-endian wherever PyTorch runs).
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import struct
from typing import NamedTuple
from urllib.parse import urlsplit

from ..exit_codes import PeerLost
from ..plan import Plan
from .sockets import read_into

MAGIC = b"BACE"
VERSION = 2
ACCEPTED = b"\x01"  # answers the greeting
CONTROL = 0  # the number of the connection for control frames
HELLO_SECONDS = 10.0

# control frames
RECEIVED = "A"  # a message has arrived whole; `seconds` as measured by Arrivals
PING = "P"
PONG = "Q"  # gives back what the ping held
NOTE = "N"  # `size` bytes follow
LEAVING = "X"  # also a chunk without payload: the rank that sends it has finished

_HELLO = struct.Struct("!4sHIII32s")
_CHUNK = struct.Struct("!cxHIIII")
_CONTROL = struct.Struct("!ccHIIdI")
CHUNK_BYTES = _CHUNK.size
CONTROL_BYTES = _CONTROL.size


class Chunk(NamedTuple):
    """Head of a part of a message. `stage` is the receiver's; `size` the bytes of payload that follow."""

    kind: str
    stage: int
    microbatch: int
    step: int
    part: int
    size: int

    def pack(self) -> bytes:
        return _CHUNK.pack(self.kind.encode(), *self[1:])

    @staticmethod
    def unpack(head: bytes | bytearray | memoryview) -> Chunk:
        kind, *numbers = _CHUNK.unpack(head)
        return Chunk(kind.decode("latin-1"), *numbers)


class Control(NamedTuple):
    """`letter`: the kind of the message or note that it is about."""

    kind: str
    letter: str = "-"
    stage: int = 0
    microbatch: int = 0
    step: int = 0
    seconds: float = 0.0
    size: int = 0

    def pack(self) -> bytes:
        return _CONTROL.pack(self.kind.encode(), self.letter.encode(), *self[2:])

    @staticmethod
    def unpack(head: bytes | bytearray) -> Control:
        kind, letter, *numbers = _CONTROL.unpack(head)
        return Control(kind.decode("latin-1"), letter.decode("latin-1"), *numbers)


def _proof(plan: Plan, from_rank: int, to_rank: int, number: int) -> bytes:
    text = f"{plan.job_id}\n{plan.epoch}\n{from_rank}\n{to_rank}\n{number}"
    return hmac.digest(plan.launch_key.encode(), text.encode(), hashlib.sha256)


def greet(sock: socket.socket, plan: Plan, from_rank: int, to_rank: int, number: int) -> None:
    """Sends the greeting and waits for its acceptance. Raises OSError where it is refused or late."""
    sock.settimeout(HELLO_SECONDS)
    proof = _proof(plan, from_rank, to_rank, number)
    sock.sendall(_HELLO.pack(MAGIC, VERSION, from_rank, to_rank, number, proof))
    if sock.recv(1) != ACCEPTED:
        raise ConnectionError(
            "the greeting was refused: the other end belongs to another job, epoch or launch"
        )
    sock.settimeout(None)


def admit(sock: socket.socket, plan: Plan, to_rank: int) -> tuple[int, int]:
    """The rank that greets and the number of its connection; the caller answers ACCEPTED, or closes.

    Raises OSError for foreign processes.
    """
    sock.settimeout(HELLO_SECONDS)
    hello = bytearray(_HELLO.size)
    if not read_into(sock, memoryview(hello)):
        raise ConnectionError("closed without a greeting")
    magic, version, from_rank, named_rank, number, proof = _HELLO.unpack(hello)
    if magic != MAGIC or version != VERSION or named_rank != to_rank:
        raise ConnectionError("not a greeting of this protocol, version and rank")
    if not hmac.compare_digest(proof, _proof(plan, from_rank, to_rank, number)):
        raise ConnectionError(f"says it is rank {from_rank}, but of another job, epoch or launch")
    sock.settimeout(None)
    return int(from_rank), int(number)


def local_host_towards(url: str) -> str:
    """This machine's address on the route to `url`: the one its peers are told. Sends nothing."""
    parts = urlsplit(url)
    try:
        info = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM)[0]
        with socket.socket(info[0], socket.SOCK_DGRAM) as probe:
            probe.connect(info[4])
            return str(probe.getsockname()[0])
    except OSError as error:
        raise PeerLost(
            f"control.url: no route to {url}: {error}. Check the name and this machine's network"
        ) from None
