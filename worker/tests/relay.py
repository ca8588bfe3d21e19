"""A network between ranks that a test can slow down, stop and cut, connection by connection."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import Counter

HELLO_BYTES = 50
PIECE_BYTES = 1 << 14
Address = tuple[str, int]


class Relay:
    """Forwards connections to `target`; `address` is what a peer connects to instead of it.

    `seconds_per_piece` and `open` are by the connection's number: 0 control frames, 1 and on tensors.
    """

    def __init__(self, target: Address) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: Address = self._listener.getsockname()
        self.seconds_per_piece: dict[int, float] = {}
        self.carried: Counter[int] = Counter()
        self._gates: dict[int, threading.Event] = {}
        self._socks: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self, *numbers: int) -> None:
        """Bytes that come wait from now on."""
        for number in numbers:
            self._gate(number).clear()

    def resume(self, *numbers: int) -> None:
        for number in numbers:
            self._gate(number).set()

    def cut(self) -> None:
        """Both ends see their connections closed."""
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _gate(self, number: int) -> threading.Event:
        if number not in self._gates:
            self._gates[number] = threading.Event()
            self._gates[number].set()
        return self._gates[number]

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        hello = near.recv(HELLO_BYTES, socket.MSG_WAITALL)
        number: int = struct.unpack("!4sHIII", hello[:18])[-1]
        far = socket.create_connection(self._target)
        far.sendall(hello)
        near.sendall(far.recv(1))
        self._socks += [near, far]
        with contextlib.suppress(OSError):
            while piece := near.recv(PIECE_BYTES):
                self._gate(number).wait()
                time.sleep(self.seconds_per_piece.get(number, 0.0))
                self.carried[number] += len(piece)
                far.sendall(piece)
            far.shutdown(socket.SHUT_WR)
