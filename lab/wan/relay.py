"""The relay: a process that carries packets between namespaces with a rate, a delay and a loss of its own.

The kernel's own delay line (netem) is missing on many machines of CI, so packets pass through this program:
a TUN device in each namespace, and between each ordered pair a link with a queue. A packet occupies its link
for its bytes on the wire divided by the rate and arrives `delay` later; where the queue is full it is lost.
Packets are taken from the kernel before it has cut them into segments (TSO), up to 64 kB each, and counted as
the segments that they stand for: Python keeps up with more than 1 Gbit/s.

Standard input: one line of JSON with `regions` and `links`, then any number of lines with `links` that change
live; each is answered with `ready`. The end of the input is the end of the relay, and of its devices.
Left out: IPv6, and loss of single segments of a large packet.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import random
import select
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454CA, 0x400454D0, 0x400454D8
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
CHECKSUM_AND_TCP4_SEGMENTATION = 0x01 | 0x02
CLONE_NEWNET = 0x40000000
VNET_HEADER_BYTES = 10
ETHERNET_BYTES = 14
SEGMENT_HEADER_BYTES = 52  # IPv4 and TCP with time stamps
PACKETS_PER_TURN = 32  # of one device, before others and due packets have their turn
IDLE_SECONDS = 5.0


@dataclass
class Link:
    """One direction between two regions. Rates in bytes per second; a loss of 1 is a partition."""

    bytes_per_second: float = 0.0
    delay_seconds: float = 0.0
    loss: float = 0.0
    free_seconds: float = 0.0
    queued_bytes: int = 0
    queue: deque[tuple[float, bytes]] = field(default_factory=deque)

    def shape(self, bits_per_second: float, delay_seconds: float, loss: float) -> None:
        self.bytes_per_second = bits_per_second / 8
        self.delay_seconds = delay_seconds
        self.loss = loss

    @property
    def _room_bytes(self) -> float:
        """What is on its way, and a router's buffer of another two delays and 50 ms."""
        return max(1e6, self.bytes_per_second * (3 * self.delay_seconds + 0.05))

    def take(self, packet: bytes, now: float) -> None:
        lost = self.loss > 0 and random.random() < self.loss
        if lost or self.queued_bytes + len(packet) > self._room_bytes:
            return
        occupied = _wire_bytes(packet) / self.bytes_per_second
        self.free_seconds = max(self.free_seconds, now) + occupied
        self.queue.append((self.free_seconds + self.delay_seconds, packet))
        self.queued_bytes += len(packet)

    def give(self, now: float) -> bytes | None:
        """The next packet that has arrived by now."""
        if not self.queue or self.queue[0][0] > now:
            return None
        packet = self.queue.popleft()[1]
        self.queued_bytes -= len(packet)
        return packet


class Relay:
    """`networks[i]` is reached through the device `devices[i]`."""

    def __init__(self, names: list[str], networks: list[IPv4Network], devices: list[int]) -> None:
        self._names = names
        self._routes = [(int(net.network_address), int(net.netmask)) for net in networks]
        self._devices = devices
        count = range(len(names))
        self._links = {(a, b): Link() for a in count for b in count if a != b}

    def shape(self, links: list[dict[str, Any]]) -> None:
        for link in links:
            pair = self._names.index(link["from"]), self._names.index(link["to"])
            self._links[pair].shape(link["bitsPerSecond"], link["delaySeconds"], link["loss"])

    def run(self, commands: int) -> None:
        """Relays until the end of the input `commands`."""
        pending = b""
        while True:
            # select and not epoll, whose time-outs are whole milliseconds
            for source in select.select([commands, *self._devices], [], [], self._patience())[0]:
                if source != commands:
                    self._read(self._devices.index(source))
                    continue
                text = os.read(commands, 65536)
                if not text:
                    return
                *lines, pending = (pending + text).split(b"\n")
                for line in lines:
                    self.shape(json.loads(line)["links"])
                    print("ready", flush=True)
            self._deliver()

    def _patience(self) -> float:
        """Seconds until the next packet arrives somewhere."""
        due = min((link.queue[0][0] for link in self._links.values() if link.queue), default=None)
        return IDLE_SECONDS if due is None else max(0.0, due - time.monotonic())

    def _read(self, source: int) -> None:
        for _ in range(PACKETS_PER_TURN):
            try:
                packet = os.read(self._devices[source], 70000)
            except BlockingIOError:
                return
            if len(packet) < VNET_HEADER_BYTES + 20 or packet[VNET_HEADER_BYTES] >> 4 != 4:
                continue
            target = self._target(packet)
            if target is not None and target != source:
                self._links[source, target].take(packet, time.monotonic())

    def _target(self, packet: bytes) -> int | None:
        place = VNET_HEADER_BYTES + 16
        address = int.from_bytes(packet[place : place + 4], "big")
        matches = (region for region, (net, mask) in enumerate(self._routes) if address & mask == net)
        return next(matches, None)

    def _deliver(self) -> None:
        for (_, target), link in self._links.items():
            while (packet := link.give(time.monotonic())) is not None:
                with contextlib.suppress(OSError):  # lost: the device is down
                    os.write(self._devices[target], packet)


def _wire_bytes(packet: bytes) -> int:
    """Bytes of all frames of the segments into which the packet would be cut."""
    size = len(packet) - VNET_HEADER_BYTES
    segment = int.from_bytes(packet[4:6], "little")
    frames = max(1, -(-(size - SEGMENT_HEADER_BYTES) // segment)) if segment else 1
    return size + frames * ETHERNET_BYTES + (frames - 1) * SEGMENT_HEADER_BYTES


def open_device(namespace: str, name: str) -> int:
    """A TUN device in the namespace. Leaves this process there: packets need no namespace."""
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns to {namespace}")
    os.close(descriptor)
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    fcntl.ioctl(device, TUNSETVNETHDRSZ, struct.pack("i", VNET_HEADER_BYTES))
    fcntl.ioctl(device, TUNSETOFFLOAD, CHECKSUM_AND_TCP4_SEGMENTATION)
    return device


def main() -> None:
    # first in line for a core: a real network does not compete with the machines that it joins
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(2))
    request = json.loads(sys.stdin.readline())
    regions = request["regions"]
    devices = [open_device(region["namespace"], region["device"]) for region in regions]
    networks = [IPv4Network(region["network"]) for region in regions]
    assert all(IPv4Address(region["address"]) in net for region, net in zip(regions, networks, strict=True))
    relay = Relay([region["name"] for region in regions], networks, devices)
    relay.shape(request["links"])
    print("ready", flush=True)
    relay.run(sys.stdin.fileno())


if __name__ == "__main__":
    main()
