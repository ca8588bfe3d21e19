"""Sockets as the transport uses them, plain or TLS: options, and reading and writing whole pieces.

The GIL decides how fast this is: after every call a thread must get it back from a busy main thread. So
pieces are large, and each takes one call where the kernel allows it. TLS has neither gathered writes nor
waiting for all of a piece: there a call writes a piece, and one returns at most a record (16 KiB).
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import socket
import ssl
import struct
import sys
import termios

GIL_SWITCH_SECONDS = 0.0001
"""A message may lie unread this long while the main thread runs short operations; CPython's is 5 ms."""

UNSENT_BYTES = 256 << 10
"""What a connection may hold that is not yet on its way. The queue is to be shared: what lies in a slow
connection can no longer be taken by a quicker one, and the kernel's own buffers hold megabytes."""

_FORCED = {socket.SO_SNDBUF: 32, socket.SO_RCVBUF: 33}  # Linux's SO_SNDBUFFORCE, SO_RCVBUFFORCE
log = logging.getLogger(__name__)


def read_into(sock: socket.socket, view: memoryview) -> bool:
    """Fills `view`. False where the peer closed before the first byte; ConnectionError where after it."""
    filled = 0
    flags = 0 if isinstance(sock, ssl.SSLSocket) else socket.MSG_WAITALL
    while filled < len(view):
        count = sock.recv_into(view[filled:], 0, flags)
        if count == 0:
            if filled == 0:
                return False
            raise ConnectionError("closed in the middle of a message")
        filled += count
    return True


def send_message(sock: socket.socket, head: bytes, payload: memoryview) -> None:
    """Sends both, in one call where the socket takes it."""
    if isinstance(sock, ssl.SSLSocket):
        sock.sendall(head)
        sock.sendall(payload)
        return
    sent = sock.sendmsg((head, payload))
    if sent < len(head):
        sock.sendall(head[sent:])
    if sent < len(head) + len(payload):
        sock.sendall(payload[max(0, sent - len(head)) :])


def waiting_bytes(sock: socket.socket) -> int:
    """What has arrived and was not read yet; with TLS about that."""
    count: int = struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, bytes(4)))[0]
    return count


def tune(sock: socket.socket) -> None:
    """Sends small messages at once, and notices within half a minute a network that swallows everything."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 30_000))
    for name, value in options:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def limit_unsent(sock: socket.socket) -> None:
    """Of a connection that shares its messages with others."""
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


def set_buffer(sock: socket.socket, option: int, size: int | None) -> None:
    """SO_SNDBUF or SO_RCVBUF, before connect or listen: the window's scale is negotiated with the connection.

    None: left to the kernel. Above the kernel's limit only root gets it; others are told what to change.
    """
    if size is None:
        return
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, _FORCED[option], size)
    if sock.getsockopt(socket.SOL_SOCKET, option) >= size:
        return
    sock.setsockopt(socket.SOL_SOCKET, option, size)
    if (granted := sock.getsockopt(socket.SOL_SOCKET, option)) < size:
        name = {socket.SO_SNDBUF: "wmem", socket.SO_RCVBUF: "rmem"}[option]
        log.warning(
            "the kernel grants %d of %d bytes of buffer: raise net.core.%s_max, or use more streams",
            *(granted, size, name),
        )
