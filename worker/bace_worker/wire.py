"""What goes over a connection between two ranks: a greeting, frames one way, acknowledgements the other.

A connection carries one direction of one pair. The greeting names (from, to) and proves knowledge of the
launch: an HMAC of (job, epoch, from, to) under the launch key, so that a process of an older epoch or a
foreign one is refused. It is no protection against someone who reads the network: traffic is plain text.
Headers are big-endian; tensors travel as they lie in memory (little-endian wherever PyTorch runs).
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

from .exit_codes import PeerLost
from .plan import EmulatedLink, Plan

MAGIC = b"BACE"
VERSION = 1
ACCEPTED = b"\x01"  # answers the greeting
RECEIVED = b"\x02"  # answers each frame, when all of it has been read
HELLO_SECONDS = 10.0

_HELLO = struct.Struct("!4sHII32s")
_FRAME = struct.Struct("!cxHIIQ")
FRAME_BYTES = _FRAME.size
LEAVING = "X"  # the frame without payload by which a rank that has finished says so


@dataclass(frozen=True)
class Frame:
    """Head of one message. `stage` is the receiver's; `size` the bytes of payload that follow."""

    kind: str
    stage: int
    microbatch: int
    step: int
    size: int

    def pack(self) -> bytes:
        return _FRAME.pack(self.kind.encode(), self.stage, self.microbatch, self.step, self.size)

    @staticmethod
    def unpack(head: bytes | bytearray) -> Frame:
        kind, stage, microbatch, step, size = _FRAME.unpack(head)
        return Frame(kind.decode("ascii", "replace"), stage, microbatch, step, size)


def _proof(plan: Plan, from_rank: int, to_rank: int) -> bytes:
    text = f"{plan.job_id}\n{plan.epoch}\n{from_rank}\n{to_rank}"
    return hmac.digest(plan.launch_key.encode(), text.encode(), hashlib.sha256)


def greet(sock: socket.socket, plan: Plan, from_rank: int, to_rank: int) -> None:
    """Sends the greeting and waits for its acceptance. Raises OSError where it is refused or late."""
    sock.settimeout(HELLO_SECONDS)
    sock.sendall(_HELLO.pack(MAGIC, VERSION, from_rank, to_rank, _proof(plan, from_rank, to_rank)))
    if sock.recv(1) != ACCEPTED:
        raise ConnectionError(
            "the greeting was refused: the other end belongs to another job, epoch or launch"
        )
    sock.settimeout(None)


def admit(sock: socket.socket, plan: Plan, to_rank: int) -> int:
    """The rank that greets; the caller answers ACCEPTED, or closes. Raises OSError for foreign processes."""
    sock.settimeout(HELLO_SECONDS)
    hello = bytearray(_HELLO.size)
    if not read_into(sock, memoryview(hello)):
        raise ConnectionError("closed without a greeting")
    magic, version, from_rank, named_rank, proof = _HELLO.unpack(hello)
    if magic != MAGIC or version != VERSION or named_rank != to_rank:
        raise ConnectionError("not a greeting of this protocol, version and rank")
    if not hmac.compare_digest(proof, _proof(plan, from_rank, to_rank)):
        raise ConnectionError(f"says it is rank {from_rank}, but of another job, epoch or launch")
    sock.settimeout(None)
    return int(from_rank)


def read_into(sock: socket.socket, view: memoryview) -> bool:
    """Fills `view`. False where the peer closed before the first byte; ConnectionError where after it."""
    filled = 0
    while filled < len(view):
        # one call for all of it where possible: after every call this thread must get the GIL back
        count = sock.recv_into(view[filled:], 0, socket.MSG_WAITALL)
        if count == 0:
            if filled == 0:
                return False
            raise ConnectionError("closed in the middle of a message")
        filled += count
    return True


def send_message(sock: socket.socket, head: bytes, payload: memoryview) -> None:
    """Sends both, in one call where the socket takes it."""
    sent = sock.sendmsg((head, payload))
    if sent < len(head):
        sock.sendall(head[sent:])
    if sent < len(head) + len(payload):
        sock.sendall(payload[max(0, sent - len(head)) :])


def buffer_bytes(link: EmulatedLink | None, message_bytes: int) -> int | None:
    """Socket buffer for a known bandwidth x delay, at least one message. None: leave it to the kernel."""
    if link is None:
        return None
    return max(int(link.bandwidth_bits_per_second * link.latency_seconds / 8), message_bytes + FRAME_BYTES)


def tune(sock: socket.socket) -> None:
    """Sends small messages at once, and notices within half a minute a network that swallows everything."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 30_000))
    for name, value in options:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


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
