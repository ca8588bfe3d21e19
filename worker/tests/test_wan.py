"""The lab's WAN does what it says: rate, delay, changes live, partitions; and leaves nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab.wan import namespace
from lab.wan.network import Wan, WanPath

if (reason := namespace.unavailable()) is not None:
    pytest.skip(f"the WAN was not tested: {reason}", allow_module_level=True)

FRANKFURT, VIRGINIA = "frankfurt", "virginia"
MEGABIT = 1e6
PATIENCE_SECONDS = 5.0


@pytest.fixture
def wan() -> Iterator[Wan]:
    with Wan((FRANKFURT, VIRGINIA), WanPath(100 * MEGABIT, 0.020)) as wan:
        yield wan


def connected(wan: Wan) -> tuple[socket.socket, socket.socket]:
    """A connection from Frankfurt to Virginia, both ends in this process."""
    with namespace.listener(wan.namespace(VIRGINIA), wan.address(VIRGINIA)) as listener:
        address = listener.getsockname()
        near = namespace.call(wan.namespace(FRANKFURT), lambda: socket.create_connection(address))
        far, _ = listener.accept()
    for end in (near, far):
        end.settimeout(PATIENCE_SECONDS)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near, far


def round_trip(near: socket.socket, far: socket.socket) -> float:
    """Seconds of one byte there and one back; the least of five, since a busy machine only adds."""
    seconds = []
    for _ in range(5):
        begun = time.monotonic()
        near.sendall(b"?")
        far.recv(1)
        far.sendall(b"!")
        near.recv(1)
        seconds.append(time.monotonic() - begun)
    return min(seconds)


def goodput(near: socket.socket, far: socket.socket, size: int) -> float:
    """Bits per second at which the second half of `size` bytes arrives."""
    sender = threading.Thread(target=near.sendall, args=(bytes(size),))
    sender.start()
    buffer, received, half = bytearray(1 << 18), 0, 0.0
    while received < size:
        received += far.recv_into(buffer)
        if not half and received >= size / 2:
            half, at_half = time.monotonic(), received
    seconds = time.monotonic() - half
    sender.join()
    return 8 * (size - at_half) / seconds


def assert_fills(bits_per_second: float, measured: float) -> None:
    """1448 of 1514 bytes of a frame are payload; a busy machine may lose some of it, and adds nothing."""
    share = measured / (bits_per_second * 1448 / 1514)
    assert 0.9 <= share <= 1.02, f"{measured / MEGABIT:.1f} of {bits_per_second / MEGABIT:.0f} Mbit/s"


def test_delay_is_there_and_back(wan: Wan) -> None:
    assert round_trip(*connected(wan)) == pytest.approx(0.040, rel=0.1)


def test_rate_is_that_of_the_link_less_headers(wan: Wan) -> None:
    assert_fills(100 * MEGABIT, goodput(*connected(wan), 8_000_000))


def test_directions_are_shaped_apart_and_live(wan: Wan) -> None:
    near, far = connected(wan)
    wan.shape(VIRGINIA, FRANKFURT, WanPath(100 * MEGABIT, 0.050))
    assert round_trip(near, far) == pytest.approx(0.070, rel=0.1)
    wan.shape(FRANKFURT, VIRGINIA, WanPath(20 * MEGABIT, 0.010))
    assert round_trip(near, far) == pytest.approx(0.060, rel=0.1)
    assert_fills(20 * MEGABIT, goodput(near, far, 2_000_000))


def test_nothing_passes_a_partition_and_everything_after_it(wan: Wan) -> None:
    near, far = connected(wan)
    with wan.partition(FRANKFURT, VIRGINIA):
        near.sendall(b"?")
        far.settimeout(0.3)
        with pytest.raises(TimeoutError):
            far.recv(1)
    far.settimeout(PATIENCE_SECONDS)
    assert far.recv(1) == b"?"


def test_each_region_has_its_own_loopback(wan: Wan) -> None:
    """A rank that binds 127.0.0.1 cannot be reached from another region by mistake."""
    with namespace.listener(wan.namespace(VIRGINIA), "127.0.0.1") as listener:
        address = listener.getsockname()
        with pytest.raises(ConnectionRefusedError):
            namespace.call(wan.namespace(FRANKFURT), lambda: socket.create_connection(address))


def test_a_failure_leaves_nothing_behind() -> None:
    with pytest.raises(ZeroDivisionError), Wan((FRANKFURT, VIRGINIA), WanPath(MEGABIT, 0.001)) as wan:
        names = [wan.namespace(FRANKFURT), wan.namespace(VIRGINIA)]
        assert all(name in namespace.ip("netns", "list") for name in names)
        raise ZeroDivisionError
    assert not any(name in namespace.ip("netns", "list") for name in names)


def test_what_a_killed_run_left_behind_goes_with_the_next() -> None:
    script = (
        "import os; from lab.wan.network import Wan, WanPath;"
        "Wan(('a', 'b'), WanPath(1e6, 0.001)).__enter__(); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).resolve().parents[2]
    killed = subprocess.Popen([sys.executable, "-c", script], cwd=root)
    killed.wait(PATIENCE_SECONDS)
    assert f"bace-{killed.pid}-" in namespace.ip("netns", "list")
    with Wan((FRANKFURT,), WanPath(MEGABIT, 0.001)):
        assert f"bace-{killed.pid}-" not in namespace.ip("netns", "list")
