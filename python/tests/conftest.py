"""A real service, started from the checkout: its own state folder, two emulated regions, real training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bace_pipe import Client

ROOT = Path(__file__).resolve().parents[2]
BACE = ["node", str(ROOT / "scripts" / "bace.mjs")]

FLEET = """version: 1
name: client-test
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
  - {name: east, gpuType: slot, gpus: 2, priceUsdPerKwh: 0.1}
  - {name: west, gpuType: slot, gpus: 1, priceUsdPerKwh: 0.2}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 1 Gbit/s, latencySeconds: 5 ms}
"""


@dataclass
class Service:
    folder: Path
    process: subprocess.Popen[str] | None = None
    url: str = ""

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def start(self) -> None:
        """Returns once it answers."""
        with open(self.folder / "service.err", "a", encoding="utf-8") as said:
            self.process = subprocess.Popen(
                [*BACE, "up", "--state", str(self.state), "--fleet", str(self.folder / "fleet.yaml")],
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                env={**os.environ, "BACE_PYTHON": sys.executable},
            )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://"), (self.folder / "service.err").read_text()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def job(self, name: str, **fields: Any) -> dict[str, Any]:
        """A tiny job that trains on one emulated GPU."""
        data = {"paths": [str(self.folder / "text.md")]}
        job = {
            "name": name,
            "model": "tiny-byte",
            "efficiency": 0.4,
            "sequenceLength": 64,
            "microbatchSize": 1,
        }
        shape = {"microbatches": 1, "iterations": 2, "minGpus": 1, "maxGpus": 1}
        return {**job, **shape, "training": {"learningRate": 3e-3, "data": data}, **fields}


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    (folder / "fleet.yaml").write_text(FLEET)
    (folder / "text.md").write_text("All happy pipelines are alike.\n" * 200)
    running = Service(folder)
    running.start()
    yield running
    # What runs would go on without the service.
    client = Client(state=running.state)
    names = [job["id"] for job in client.jobs() if job["phase"] != "ended"]
    for name in names:
        client.cancel(name)
    client.wait(names, timeout_seconds=60)
    running.stop()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of whoever runs the tests decides which service is meant."""
    for name in ("BACE_SERVER", "BACE_TOKEN", "BACE_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def until(happens: Any, seconds: float = 60) -> Any:
    """What it returns, once that is something."""
    end = time.monotonic() + seconds
    while True:
        found = happens()
        if found or time.monotonic() > end:
            assert found, "it did not happen in time"
            return found
        time.sleep(0.2)
