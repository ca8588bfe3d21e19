"""What a run happens in: a WAN of three regions, a Slurm cluster in each, a folder that all of them see.

The folder is this machine's, so it plays the shared file system of every cluster, and checkpoints are found
from everywhere. GPUs are Slurm's to count and to give out; what they compute, a processor does, slowed to the
speed of an emulated GPU type, so that many ranks fit two cores.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..service import Service
from ..slurm.apart import ClustersApart
from ..slurm.configuration import Cluster
from ..wan.network import Wan, WanPath

HOME = "frankfurt"
PRICES = {HOME: 0.05, "virginia": 0.06, "oregon": 0.2}
REGIONS = tuple(PRICES)
BITS_PER_SECOND = 40e6
ONE_WAY_SECONDS = 0.020
PATH = WanPath(1.1 * BITS_PER_SECOND, ONE_WAY_SECONDS)
"""A tenth more than the fleet's file says: what TCP's own headers take."""
NODES = 3
GPUS_PER_NODE = 2
"""Fewer than a region may give to a job, whose ranks are then on two nodes."""
FLOPS_PER_SECOND = 2e9
FLOPS_PER_SECOND_UNDISTURBED = 1e12
"""More than a processor's core has: nobody waits for an emulated GPU."""
SLURMD_TIMEOUT_SECONDS = 10
MIN_JOB_AGE_SECONDS = 7200  # whatever has been in a queue is there to be counted at the end


@dataclass(frozen=True)
class World:
    folder: Path
    wan: Wan
    clusters: ClustersApart

    def shared(self, region: str) -> Path:
        """Of the region's cluster."""
        return self.folder / f"shared-{region}"

    def launch(self, key: str) -> Path:
        """Folder of a launch JOB.EPOCH.REGION."""
        return self.shared(key.rpartition(".")[2]) / "launches" / key

    def on_slurm(self, gpus: int) -> Service:
        """A service whose regions are the clusters, with so many GPUs each."""
        return Service(
            self.wan, HOME, self.folder / "service", fleet("clusters", gpus, FLOPS_PER_SECOND, self._blocks())
        )

    def on_this_machine(self, gpus: int) -> Service:
        """A service whose only region is the machine itself."""
        return Service(
            self.wan,
            HOME,
            self.folder / "local",
            fleet("local", gpus, FLOPS_PER_SECOND_UNDISTURBED, {HOME: ""}),
        )

    def _blocks(self) -> Mapping[str, str]:
        return {region: f", slurm: {json.dumps(self._settings(region))}" for region in REGIONS}

    def _settings(self, region: str) -> Mapping[str, object]:
        return {
            "folder": str(self.shared(region)),
            "python": sys.executable,
            "gpuGres": "gpu:h100",
            "gpusPerNode": GPUS_PER_NODE,
            "configurationFile": self.clusters.configuration(region),
            "clientPrefix": ["ip", "netns", "exec", self.wan.namespace(region)],
        }


def fleet(name: str, gpus: int, flops_per_second: float, regions: Mapping[str, str]) -> str:
    """Text of a scenario file; `regions`: what each has besides GPUs and a price."""
    lines = [
        f"  - {{name: {region}, gpuType: slot, gpus: {gpus}, priceUsdPerKwh: {PRICES[region]}{more}}}"
        for region, more in regions.items()
    ]
    names = list(regions)
    pairs = [(a, b) for index, a in enumerate(names) for b in names[index + 1 :]]
    carries = f"bandwidthBitsPerSecond: {BITS_PER_SECOND:.0f}, latencySeconds: {ONE_WAY_SECONDS}"
    links = [f"  - {{from: {a}, to: {b}, both: true, {carries}}}" for a, b in pairs]
    slot = f"peakFlopsPerSecond: {flops_per_second}, memoryBytes: 1 GB, busyWatts: 300, idleWatts: 30"
    head = ["version: 1", f"name: {name}", "network: real", "efficiency: 1"]
    head.append(f"gpuTypes: {{slot: {{{slot}, emulated: true}}}}")
    return "\n".join([*head, "regions:", *lines, *(["links:", *links] if links else []), ""])


@contextmanager
def world() -> Iterator[World]:
    """Nothing of it is left when the block ends: namespaces, processes, files."""
    with tempfile.TemporaryDirectory(prefix="bace-fleet-") as name, Wan(REGIONS, PATH) as wan:
        folder = Path(name)
        clusters = [
            Cluster(
                region,
                nodes=NODES,
                gpus_per_node=GPUS_PER_NODE,
                namespace=wan.namespace(region),
                min_job_age_seconds=MIN_JOB_AGE_SECONDS,
                slurmd_timeout_seconds=SLURMD_TIMEOUT_SECONDS,
            )
            for region in REGIONS
        ]
        for region in REGIONS:
            (folder / f"shared-{region}").mkdir()
        try:
            with ClustersApart(folder / "slurm", clusters) as running:
                yield World(folder, wan, running)
        finally:
            for pid in workers(folder):  # of this machine's own: they outlive their service
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def workers(folder: Path) -> dict[int, str]:
    """Command lines of the worker's processes that have to do with the folder, wherever on this machine."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if "bace_worker" in command and str(folder) in command:
                found[int(path.parent.name)] = command
    return found
