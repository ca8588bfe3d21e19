"""Network namespaces: whether this machine lets us make them, and what a process does inside one.

The root namespace is never touched: all that is made here lies in namespaces of our own names.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

CLONE_NEWNET = 0x40000000
NAMESPACES = Path("/run/netns")
T = TypeVar("T")


def unavailable() -> str | None:
    """Why there can be no WAN here, as a sentence for people; None where there can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program, package in (("ip", "iproute2"), ("unshare", "util-linux"), ("chrt", "util-linux")):
        if shutil.which(program) is None:
            return f"there is no `{program}`: install {package}"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    return None if probe.returncode == 0 else f"no network namespace can be made: {probe.stderr.strip()}"


def ip(*arguments: str) -> str:
    """Runs `ip` and returns its output. Raises RuntimeError with what it says where it fails."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def inside(namespace: str, *command: str | Path) -> list[str]:
    """The command line that runs `command` in the namespace, in the process that is started."""
    return ["ip", "netns", "exec", namespace, *map(str, command)]


def call(namespace: str, function: Callable[[], T]) -> T:
    """Calls `function` in a thread inside the namespace. What it opens may be used from everywhere."""
    results: list[T] = []
    errors: list[Exception] = []

    def body() -> None:
        try:
            with _entered(namespace):
                results.append(function())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def listener(namespace: str, host: str) -> socket.socket:
    """A listening socket at an address of the namespace, on a port of the kernel's choice."""
    return call(namespace, lambda: socket.create_server((host, 0)))


@contextmanager
def _entered(namespace: str) -> Iterator[None]:
    """The calling thread alone changes namespaces; it is to end afterwards."""
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(NAMESPACES / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if library.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns to {namespace}")
        yield
    finally:
        os.close(descriptor)
