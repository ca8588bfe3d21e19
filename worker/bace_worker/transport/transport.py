"""Tensors and notes between ranks: those with neighbouring stages, and the same stages of the next replica.

A rank has one listening socket, open before anyone can know its address. To each peer it makes connections of
its own: one for control frames and, where tensors go over TCP, those of the link's streams. Every incoming
connection has a thread that always reads; the consumer of a message waits for its name (kind, stage,
micro-batch, step). Memory is bounded by the plan's activations in flight, not by handshakes.
Inside a region tensors may take another channel (`use`); notes, and the news that a peer died, come this way.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping

from torch import Tensor

from ..exit_codes import PeerLost
from ..plan import Plan
from . import wire
from .chunks import layout
from .connecting import CONNECT_SECONDS, Address, Listener, connect, streams_of
from .control_line import ControlLine, read_control
from .incoming import Incoming
from .mailbox import Arrivals, Box
from .notes import Notes
from .outgoing import Channel, Outgoing, Transfer
from .peers import chained, latency, link_between, senders
from .tls import Encryption
from .wire import CONTROL, Control

__all__ = ["CONNECT_SECONDS", "Address", "Channel", "Transport"]
ORDERLY_SECONDS = 1.0
Check = Callable[[], None]


class Transport:
    """Starts to listen when constructed; `address` is what the peers connect to."""

    def __init__(self, plan: Plan, rank: int, host: str) -> None:
        self._plan = plan
        self._rank = rank
        self._senders = senders(plan, rank)
        self.peers = frozenset(self._senders.values()) | chained(plan, rank)
        self._encryption = None if plan.tls is None else Encryption(plan.tls)
        self._arrivals = Arrivals()
        self._tensors: Box[tuple[str, int, int, int], Tensor] = Box(self._arrivals)
        self._notes = Notes(self._arrivals)
        self._outgoing: dict[int, Outgoing] = {}
        self._channels: dict[int, Channel] = {}
        self._incoming = {peer: self._incoming_from(peer) for peer in set(self._senders.values())}
        links = {peer: link_between(plan, peer, rank) for peer in self.peers}
        self._expected = {
            (peer, number) for peer, link in links.items() for number in range(1 + streams_of(link))
        }
        self._outgoing_made = threading.Event()
        sizes = [None if link is None else link.buffer_bytes for link in links.values()]
        buffers = [size for size in sizes if size is not None]
        self._listener = Listener(plan, rank, host, buffers, self._encryption, self._claim, self._serve)
        self.address: Address = self._listener.address

    def use(self, peer: int, channel: Channel) -> None:
        """Tensors to `peer` go over `channel`, where the plan says that they do not go over TCP."""
        self._channels[peer] = channel

    def connect(self, addresses: Mapping[int, Address], check: Check) -> None:
        """Connects to the peers and waits until they have connected to this rank. Raises PeerLost."""
        wanted = {peer: link_between(self._plan, self._rank, peer) for peer in self.peers}
        made = connect(self._plan, self._rank, addresses, wanted, self._encryption)
        for peer, (socks, seconds) in made.items():
            self._outgoing[peer] = self._outgoing_to(peer, socks, seconds)
        self._outgoing_made.set()
        deadline = time.monotonic() + CONNECT_SECONDS
        with self._arrivals.changed:
            while self._expected:
                check()
                self._arrivals.raise_if_lost()
                if time.monotonic() > deadline:
                    missing = min(peer for peer, _ in self._expected)
                    raise PeerLost(f"rank {missing} did not connect within {CONNECT_SECONDS:.0f} s")
                self._arrivals.wait()

    def send(self, kind: str, stage: int, microbatch: int, step: int, tensor: Tensor) -> None:
        """Hands over an output (F) or a gradient (B) for `stage`, which is on another rank. Never waits."""
        peer = self._plan.rank_of(stage, microbatch, self._plan.ranks[self._rank].replica).rank
        way = self._channels.get(peer, self._outgoing[peer])
        way.push(kind, stage, microbatch, step, tensor)

    def take(self, kind: str, stage: int, microbatch: int, step: int, check: Check) -> Tensor:
        """Waits for a message to `stage` of this rank. Raises PeerLost, or what `check` raises meanwhile.

        The tensor is in the host's memory, pinned where the plan trains on a GPU.
        """
        key, peer = (kind, stage, microbatch, step), self._senders[kind, stage, microbatch]
        name = f"{kind} of stage {stage}, micro-batch {microbatch}, step {step}"
        tensor = self._tensors.take(key, peer, name, check)
        self._incoming[peer].taken(key)
        return tensor

    def deliver(self, kind: str, stage: int, microbatch: int, step: int, tensor: Tensor) -> None:
        """Something for `take` has arrived. From any thread."""
        self._tensors.put((kind, stage, microbatch, step), tensor)

    def lost(self, peer: int, reason: str) -> None:
        """A way to or from a peer has ended. From any thread; that waits for the peer's farewell."""
        with self._arrivals.changed:
            # a peer that has finished closes too, and its farewell may still be on its way to this thread
            self._arrivals.changed.wait_for(lambda: peer in self._arrivals.left, ORDERLY_SECONDS)
            if peer not in self._arrivals.left:
                self._arrivals.fail(reason)

    def raise_if_lost(self) -> None:
        """Raises PeerLost where a peer is: for who waits for something else than the transport."""
        self._arrivals.raise_if_lost()

    def note(self, peer: int, kind: str, step: int, payload: bytes) -> None:
        """Tells a peer something of at most 64 KiB; `kind` is one letter. Never waits; from any thread."""
        self._outgoing[peer].line.put(*self._notes.frame(kind, step, payload))

    def take_note(self, peer: int, kind: str, step: int, check: Check) -> bytes:
        """Waits for a peer's note. Raises PeerLost, or what `check` raises meanwhile."""
        return self._notes.take(peer, kind, step, check)

    @property
    def on_stop(self) -> Callable[[int, int], None] | None:
        """Called with (peer, step) for a note of kind S, from a thread; also for those that came before it
        was set. Afterwards the main thread, if it waits, looks at its `check` at once."""
        return self._notes.on_stop

    @on_stop.setter
    def on_stop(self, hook: Callable[[int, int], None]) -> None:
        self._notes.set_on_stop(hook)

    def take_transfers(self) -> list[Transfer]:
        """Transfers completed since the last call."""
        ways = (*self._outgoing.values(), *self._channels.values())
        return [transfer for way in ways for transfer in way.take_transfers()]

    def round_trips(self) -> dict[int, float]:
        """Least seconds there and back, by peer, over the last half minute."""
        return {peer: outgoing.line.round_trip_seconds for peer, outgoing in self._outgoing.items()}

    def arrived_bytes(self, peer: int) -> int:
        """Of tensors from `peer`, as they lay on the wire, since the start."""
        return self._incoming[peer].arrived_bytes

    def close(self, check: Check) -> None:
        """Waits until the peers have everything that was sent, and says goodbye. Raises PeerLost."""

        def check_peers() -> None:
            check()
            self._arrivals.raise_if_lost()

        for way in (*self._outgoing.values(), *self._channels.values()):
            way.drain(check_peers)
        for outgoing in self._outgoing.values():
            outgoing.leave()
        self._listener.close()

    def _incoming_from(self, peer: int) -> Incoming:
        owed = frozenset(key for key, sender in self._senders.items() if sender == peer)
        shape = layout(self._plan, self._plan.link(peer, self._rank))

        def acknowledge(frame: Control) -> None:
            self._outgoing[peer].line.put(frame)

        return Incoming(owed, shape, self._plan.training, self._tensors.put, acknowledge)

    def _outgoing_to(self, peer: int, socks: list[socket.socket], round_trip_seconds: float) -> Outgoing:
        def failed(reason: str) -> None:
            self.lost(peer, f"sending to rank {peer}: {reason}")

        link = link_between(self._plan, self._rank, peer)
        delay, delay_back = latency(link), latency(link_between(self._plan, peer, self._rank))
        line = ControlLine(socks[CONTROL], delay, round_trip_seconds + delay + delay_back, failed)
        shape = None if link is None else layout(self._plan, link)
        emulated = None if link is None else link.emulated
        return Outgoing(peer, line, socks[CONTROL + 1 :], shape, emulated, failed)

    def _claim(self, peer: int, number: int) -> None:
        with self._arrivals.changed:
            if (peer, number) not in self._expected:
                raise ConnectionError(f"rank {peer} is no peer, or its connection {number} is there already")
            self._expected.remove((peer, number))
            self._arrivals.changed.notify_all()

    def _serve(self, sock: socket.socket, peer: int, number: int) -> None:
        try:
            self._outgoing_made.wait()  # whatever comes is answered over it
            if number == CONTROL:
                self._read_control(sock, peer)
            else:
                self._incoming[peer].read(sock)
        except Exception as error:  # whatever ends this thread must end the wait of the main one
            self._arrivals.fail(f"rank {peer}: {error}")

    def _read_control(self, sock: socket.socket, peer: int) -> None:
        outgoing = self._outgoing[peer]
        for frame, payload in read_control(sock):
            match frame.kind:
                case wire.RECEIVED:
                    outgoing.acknowledged(frame)
                case wire.PING:
                    outgoing.line.put(Control(wire.PONG, seconds=frame.seconds))
                case wire.PONG:
                    outgoing.line.answered(frame)
                case wire.NOTE:
                    self._notes.arrived(peer, frame.letter, frame.step, payload)
                case _:
                    raise ConnectionError(f"sent {frame}, which nobody asked for")
        outgoing.peer_left()
        self._arrivals.leave(peer)
