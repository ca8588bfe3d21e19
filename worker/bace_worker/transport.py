"""Tensors between ranks with neighbouring stages over TCP: one connection per pair of ranks and direction.

A rank has one listening socket, open before anyone can know its address. Every incoming connection has a
thread that always reads, into slots named (kind, stage, micro-batch, step); the consumer of a message waits
at its slot. Memory is bounded by the plan's activations in flight, not by handshakes. Left out: several
streams per link, compression, encryption, pinned buffers, a faster path inside one region.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from .exit_codes import PeerLost
from .outgoing import Outgoing, Transfer
from .plan import Plan
from .wire import ACCEPTED, FRAME_BYTES, LEAVING, RECEIVED, Frame, admit, buffer_bytes, greet, read_into, tune

CONNECT_SECONDS = 30.0
Address = tuple[str, int]
log = logging.getLogger(__name__)


class Transport:
    """Starts to listen when constructed; `address` is what the peers connect to."""

    def __init__(self, plan: Plan, rank: int, host: str) -> None:
        self._plan = plan
        self._rank = rank
        self._shape = (plan.training.microbatch_size, plan.model.sequence_length, plan.model.hidden_size)
        self._message_bytes = torch.empty(self._shape, dtype=torch.float32, device="meta").nbytes
        self._senders = _senders(plan, rank)
        self._peers = set(self._senders.values())
        self._outgoing: dict[int, Outgoing] = {}
        self._arrived = threading.Condition()
        self._connected: set[int] = set()
        self._left: set[int] = set()
        self._slots: dict[tuple[str, int, int, int], Tensor] = {}
        self._lost: str | None = None
        self._closing = False
        self._listener = self._listen(host)
        self.address: Address = self._listener.getsockname()[:2]
        threading.Thread(target=self._accept, daemon=True).start()

    def connect(self, addresses: Mapping[int, Address], check: Callable[[], None]) -> None:
        """Connects to the neighbours and waits until they have connected to this rank. Raises PeerLost."""
        for peer in self._peers:
            self._outgoing[peer] = self._connect(peer, addresses[peer])
        deadline = time.monotonic() + CONNECT_SECONDS
        with self._arrived:
            while missing := self._peers - self._connected:
                check()
                if self._lost is not None:
                    raise PeerLost(self._lost)
                if time.monotonic() > deadline:
                    raise PeerLost(f"rank {min(missing)} did not connect within {CONNECT_SECONDS:.0f} s")
                self._arrived.wait(0.1)

    def send(self, kind: str, stage: int, microbatch: int, step: int, tensor: Tensor) -> None:
        """Hands over an output (F) or a gradient (B) for `stage`, which is on another rank. Never waits."""
        payload = _bytes_of(tensor)
        assert len(payload) == self._message_bytes, f"{tuple(tensor.shape)} of {tensor.dtype} is no message"
        peer = self._plan.rank_of_stage(stage).rank
        self._outgoing[peer].push(Frame(kind, stage, microbatch, step, len(payload)), payload)

    def take(self, kind: str, stage: int, microbatch: int, step: int, check: Callable[[], None]) -> Tensor:
        """Waits for a message to `stage` of this rank. Raises PeerLost, or what `check` raises meanwhile."""
        slot, peer = (kind, stage, microbatch, step), self._senders[kind, stage]
        with self._arrived:
            while slot not in self._slots:
                check()
                if self._lost is not None:
                    raise PeerLost(self._lost)
                if peer in self._left:
                    name = f"{kind} of stage {stage}, micro-batch {microbatch}, step {step}"
                    raise PeerLost(f"rank {peer} ended without {name}")
                self._arrived.wait(0.1)
            return self._slots.pop(slot)

    def take_transfers(self) -> list[Transfer]:
        """Transfers completed since the last call."""
        return [transfer for outgoing in self._outgoing.values() for transfer in outgoing.take_transfers()]

    def close(self, check: Callable[[], None]) -> None:
        """Waits until the neighbours have everything that was sent, and says goodbye. Raises PeerLost."""

        def check_peers() -> None:
            check()
            if self._lost is not None:
                raise PeerLost(self._lost)

        for outgoing in self._outgoing.values():
            outgoing.drain(check_peers)
        self._closing = True
        self._listener.close()

    def _listen(self, host: str) -> socket.socket:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        links = [self._plan.link(peer, self._rank).emulated for peer in self._peers]
        sizes = [buffer_bytes(link, self._message_bytes) for link in links]
        if known := [size for size in sizes if size is not None]:
            # accepted sockets inherit it, and the window is negotiated before accept returns
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, max(known))
        listener.bind((host, 0))
        listener.listen()
        return listener

    def _connect(self, peer: int, address: Address) -> Outgoing:
        link = self._plan.link(self._rank, peer).emulated
        try:
            started = time.monotonic()
            sock = socket.create_connection(address, timeout=CONNECT_SECONDS)
            round_trip_seconds = time.monotonic() - started
            tune(sock)
            if (size := buffer_bytes(link, self._message_bytes)) is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
            greet(sock, self._plan, self._rank, peer)
        except OSError as error:
            raise PeerLost(f"rank {peer} at {address[0]}:{address[1]}: {error}") from None
        return Outgoing(
            sock, link, round_trip_seconds, lambda reason: self._fail(f"sending to rank {peer}: {reason}")
        )

    def _accept(self) -> None:
        while not self._closing:
            try:
                sock, address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock, address), daemon=True).start()

    def _serve(self, sock: socket.socket, address: Address) -> None:
        with sock:
            try:
                tune(sock)
                peer = admit(sock, self._plan, self._rank)
                with self._arrived:
                    if peer not in self._peers or peer in self._connected:
                        raise ConnectionError(f"rank {peer} is no neighbour, or connected already")
                    self._connected.add(peer)
                    self._arrived.notify_all()
                sock.sendall(ACCEPTED)
            except OSError as error:
                log.warning("refused a connection from %s:%s: %s", address[0], address[1], error)
                return
            try:
                self._read(sock, peer)
            except Exception as error:  # whatever ends this thread must end the wait of the main one
                self._fail(f"rank {peer}: {error}")

    def _read(self, sock: socket.socket, peer: int) -> None:
        head = bytearray(FRAME_BYTES)
        while True:
            if not read_into(sock, memoryview(head)):
                raise ConnectionError("closed the connection before it had finished")
            frame = Frame.unpack(head)
            if frame.kind == LEAVING:
                with self._arrived:
                    self._left.add(peer)
                    self._arrived.notify_all()
                return
            owed = self._senders.get((frame.kind, frame.stage)) == peer
            if not owed or frame.size != self._message_bytes:
                raise ConnectionError(f"sent {frame}, which the plan does not have")
            tensor = torch.empty(self._shape, dtype=torch.float32)
            if not read_into(sock, _bytes_of(tensor)):
                raise ConnectionError("closed in the middle of a message")
            sock.sendall(RECEIVED)
            with self._arrived:
                self._slots[frame.kind, frame.stage, frame.microbatch, frame.step] = tensor
                self._arrived.notify_all()

    def _fail(self, reason: str) -> None:
        with self._arrived:
            self._lost = self._lost or reason
            self._arrived.notify_all()


def _senders(plan: Plan, number: int) -> dict[tuple[str, int], int]:
    """The other ranks whose messages come, by (kind, stage of this rank): F from before, B from behind."""
    rank = plan.ranks[number]
    peers = {
        (kind, stage): plan.neighbour(stage, direction)
        for stage in rank.stages
        for kind, direction in (("F", -1), ("B", +1))
    }
    return {key: peer.rank for key, peer in peers.items() if peer is not None and peer is not rank}


def _bytes_of(tensor: Tensor) -> memoryview:
    """The tensor's memory, without a copy where it is contiguous."""
    return tensor.contiguous().view(torch.uint8).numpy().data.cast("B")
