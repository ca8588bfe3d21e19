"""How ranks come to be connected: a listener that admits ranks of this launch, and connections to theirs.

Left out: retries. Every rank listens before it checks in, so who is not there now will not be.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from ..exit_codes import PeerLost
from ..plan import Link, Plan
from .sockets import limit_unsent, set_buffer, tune
from .tls import Encryption
from .wire import ACCEPTED, CONTROL, HELLO_SECONDS, admit, greet

CONNECT_SECONDS = 30.0
Address = tuple[str, int]
log = logging.getLogger(__name__)


class Listener:
    """Listens from the start. `claim(peer, number)` raises ConnectionError for one that nobody expects;
    `serve(sock, peer, number)` reads it to its end, in a thread of its own."""

    def __init__(
        self,
        plan: Plan,
        rank: int,
        host: str,
        buffers: Iterable[int],
        encryption: Encryption | None,
        claim: Callable[[int, int], None],
        serve: Callable[[socket.socket, int, int], None],
    ) -> None:
        self._plan = plan
        self._rank = rank
        self._encryption = encryption
        self._claim = claim
        self._serve = serve
        self._sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        # accepted sockets inherit it, and the window is negotiated before accept returns
        set_buffer(self._sock, socket.SO_RCVBUF, max(buffers, default=None))
        self._sock.bind((host, 0))
        self._sock.listen()
        self.address: Address = self._sock.getsockname()[:2]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)  # closing alone would leave the thread in accept
        self._sock.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, address = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._admit, args=(sock, address), daemon=True).start()

    def _admit(self, sock: socket.socket, address: Address) -> None:
        try:
            sock.settimeout(HELLO_SECONDS)
            tune(sock)
            if self._encryption is not None:
                sock = self._encryption.accept(sock)
            peer, number = admit(sock, self._plan, self._rank)
            self._claim(peer, number)
            sock.sendall(ACCEPTED)
        except OSError as error:
            log.warning("refused a connection from %s:%s: %s", address[0], address[1], error)
            sock.close()
            return
        with sock:
            self._serve(sock, peer, number)


def connect(
    plan: Plan,
    rank: int,
    addresses: Mapping[int, Address],
    wanted: Mapping[int, Link | None],
    encryption: Encryption | None,
) -> dict[int, tuple[list[socket.socket], float]]:
    """Connections to each peer, by number, and the least seconds that one took: a round trip.

    `wanted`: the link to each peer, None where it gets notes alone. All are made at the same time, since over
    a long way each takes several round trips. Raises PeerLost.
    """

    def one(peer: int, number: int) -> tuple[socket.socket, float]:
        address = addresses[peer]
        try:
            return _connect(plan, rank, peer, number, address, wanted[peer], encryption)
        except OSError as error:
            raise PeerLost(f"rank {peer} at {address[0]}:{address[1]}: {error}") from None

    with ThreadPoolExecutor(32) as pool:
        begun = {
            peer: [pool.submit(one, peer, number) for number in range(1 + streams_of(link))]
            for peer, link in wanted.items()
        }
        made = {peer: [future.result() for future in futures] for peer, futures in begun.items()}
    return {peer: ([sock for sock, _ in each], min(t for _, t in each)) for peer, each in made.items()}


def streams_of(link: Link | None) -> int:
    """Connections for tensors: none where there are none, or they go another way."""
    return link.streams if link is not None and link.via == "tcp" else 0


def _connect(
    plan: Plan,
    rank: int,
    peer: int,
    number: int,
    address: Address,
    link: Link | None,
    encryption: Encryption | None,
) -> tuple[socket.socket, float]:
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    try:
        sock.settimeout(CONNECT_SECONDS)
        if link is not None and number != CONTROL:
            set_buffer(sock, socket.SO_SNDBUF, link.buffer_bytes)
            if link.streams > 1:
                limit_unsent(sock)
        started = time.monotonic()
        sock.connect(address)
        seconds = time.monotonic() - started
        tune(sock)
        if encryption is not None:
            sock = encryption.connect(sock)
        greet(sock, plan, rank, peer, number)
        return sock, seconds
    except OSError:
        sock.close()
        raise
