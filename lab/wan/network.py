"""`Wan`: regions as network namespaces, joined by the relay, for as long as a `with` block lasts.

    with Wan(("frankfurt", "virginia"), WanPath(500e6, 0.020)) as wan:
        subprocess.run(wan.inside("virginia", "ping", wan.address("frankfurt")))
        wan.shape("frankfurt", "virginia", WanPath(100e6, 0.040))

Names hold the number of this process, so that runs do not meet; what a run left behind that was killed is
removed by the next one. Left out: several hosts per region (ranks of one region share its address).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from .namespace import NAMESPACES, call, inside, ip, unavailable

PREFIX = "bace"
DEVICE = "wan0"
QUEUE_PACKETS = 5000
CONGESTION_CONTROL = "reno"  # everywhere the same, whatever the host's; without loss it is as cubic
_numbers = itertools.count()


@dataclass(frozen=True)
class WanPath:
    """One direction between two regions."""

    bits_per_second: float
    delay_seconds: float
    loss: float = 0.0

    @property
    def window_bytes(self) -> int:
        """Twice what is on its way in a round trip of two such directions."""
        return int(2 * self.bits_per_second / 8 * 2 * self.delay_seconds)


class Wan:
    """`path`: every direction to begin with. `windows`: `large` (socket buffers of twice the rate times the
    round trip, and no slow start after a pause) or `default`, the kernel's own."""

    def __init__(self, regions: Sequence[str], path: WanPath, windows: str = "large") -> None:
        if (reason := unavailable()) is not None:
            raise RuntimeError(f"no WAN on this machine: {reason}")
        self._paths = dict.fromkeys(itertools.permutations(regions, 2), path)
        self._windows = windows
        run = f"{os.getpid()}-{next(_numbers)}"
        self._namespaces = {region: f"{PREFIX}-{run}-{i}" for i, region in enumerate(regions)}
        self._networks = {region: f"10.77.{i + 1}" for i, region in enumerate(regions)}
        self._relay: subprocess.Popen[str] | None = None

    def __enter__(self) -> Wan:
        remove_left_behind()
        try:
            for namespace in self._namespaces.values():
                ip("netns", "add", namespace)
                ip("-n", namespace, "link", "set", "lo", "up")
            self._start_relay()
            for region in self._namespaces:
                self._configure(region)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the relay and removes the namespaces. Processes inside are the caller's to end."""
        if self._relay is not None and self._relay.stdin is not None and self._relay.stdout is not None:
            self._relay.stdin.close()
            self._relay.wait(10)
            self._relay.stdout.close()
            self._relay = None
        for namespace in self._namespaces.values():
            if (NAMESPACES / namespace).exists():
                ip("netns", "del", namespace)

    def namespace(self, region: str) -> str:
        return self._namespaces[region]

    def address(self, region: str) -> str:
        return f"{self._networks[region]}.1"

    def inside(self, region: str, *command: str | Path) -> list[str]:
        """The command line that runs `command` in the region."""
        return inside(self._namespaces[region], *command)

    def shape(self, from_region: str, to_region: str, path: WanPath) -> None:
        """Changes one direction, for packets from now on; windows stay as they are."""
        self._paths[from_region, to_region] = path
        self._tell({"links": self._links([(from_region, to_region)])})

    @contextlib.contextmanager
    def partition(self, a: str, b: str) -> Iterator[None]:
        """Nothing gets through between the two while inside."""
        pairs = [(a, b), (b, a)]
        before = {pair: self._paths[pair] for pair in pairs}
        for pair in pairs:
            self.shape(*pair, replace(before[pair], loss=1.0))
        try:
            yield
        finally:
            for pair in pairs:
                self.shape(*pair, before[pair])

    def _start_relay(self) -> None:
        script = Path(__file__).with_name("relay.py")
        self._relay = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        regions = [
            {
                "name": region,
                "namespace": namespace,
                "device": DEVICE,
                "network": f"{self._networks[region]}.0/24",
                "address": self.address(region),
            }
            for region, namespace in self._namespaces.items()
        ]
        self._tell({"regions": regions, "links": self._links(list(self._paths))})

    def _tell(self, message: dict[str, object]) -> None:
        assert self._relay is not None and self._relay.stdin is not None and self._relay.stdout is not None
        self._relay.stdin.write(json.dumps(message) + "\n")
        self._relay.stdin.flush()
        if self._relay.stdout.readline() != "ready\n":
            raise RuntimeError(f"the relay ended with exit code {self._relay.wait(10)}")

    def _links(self, pairs: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
        return [
            {
                "from": a,
                "to": b,
                "bitsPerSecond": self._paths[a, b].bits_per_second,
                "delaySeconds": self._paths[a, b].delay_seconds,
                "loss": self._paths[a, b].loss,
            }
            for a, b in pairs
        ]

    def _configure(self, region: str) -> None:
        namespace = self._namespaces[region]
        ip("-n", namespace, "addr", "add", f"{self.address(region)}/24", "dev", DEVICE)
        ip("-n", namespace, "link", "set", DEVICE, "up", "txqueuelen", str(QUEUE_PACKETS))
        ip("-n", namespace, "route", "add", "default", "dev", DEVICE)
        set_in(namespace, {"tcp_congestion_control": CONGESTION_CONTROL})
        if self._windows == "large":
            size = max([1 << 20, *(path.window_bytes for path in self._paths.values())])
            limits = f"4096 262144 {size}"
            set_in(namespace, {"tcp_rmem": limits, "tcp_wmem": limits, "tcp_slow_start_after_idle": "0"})


def set_in(namespace: str, settings: dict[str, str]) -> None:
    """Settings of the namespace's own TCP; the machine's are another copy."""

    def write() -> None:
        for name, value in settings.items():
            Path("/proc/sys/net/ipv4", name).write_text(value)

    call(namespace, write)


def remove_left_behind() -> None:
    """Removes namespaces of runs whose process is gone: killed, it could not do so itself."""
    for path in NAMESPACES.glob(f"{PREFIX}-*"):
        match = re.fullmatch(rf"{PREFIX}-(\d+)-\d+-\d+", path.name)
        if match is not None and not Path("/proc", match[1]).exists():
            ip("netns", "del", path.name)
