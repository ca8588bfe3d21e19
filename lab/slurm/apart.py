"""`ClustersApart`: clusters in a process namespace of their own, used from outside it.

with ClustersApart(folder, [Cluster("east"), Cluster("west", nodes=3)]) as clusters:
    clusters.client("east", "squeue")
    clusters.controller("east", "crash")
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from ..wan.namespace import inside
from .configuration import Cluster

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 30.0


class ClustersApart:
    """Raises RuntimeError where a cluster does not come up, or cannot do what it is asked for."""

    def __init__(self, folder: Path, clusters: Sequence[Cluster]) -> None:
        self._folder = folder.resolve()
        self._clusters = {cluster.name: cluster for cluster in clusters}

    def __enter__(self) -> ClustersApart:
        self._lab = subprocess.Popen(
            [sys.executable, "-m", "lab.slurm"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        clusters = [asdict(cluster) for cluster in self._clusters.values()]
        try:
            self._ask({"folder": str(self._folder), "clusters": clusters})
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """The lab ends with its input, and every process of its namespace with it."""
        assert self._lab.stdin is not None
        self._lab.stdin.close()
        try:
            self._lab.wait(END_SECONDS)
        finally:
            self._lab.kill()

    def configuration(self, name: str) -> str:
        """For SLURM_CONF."""
        return str(self._folder / name / "slurm.conf")

    def controller(self, name: str, action: str) -> None:
        """`action`: restart, stop, crash or start."""
        self._ask({"controller": name, "do": action})

    def node(self, name: str, node: str, action: str) -> None:
        """`action`: kill or start."""
        self._ask({"cluster": name, "node": node, "do": f"{action}-node"})

    def client(self, name: str, *command: str) -> str:
        """What one of Slurm's commands prints."""
        namespace = self._clusters[name].namespace
        words = list(command) if namespace is None else inside(namespace, *command)
        env = os.environ | {"SLURM_CONF": self.configuration(name)}
        done = subprocess.run(words, capture_output=True, text=True, env=env)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} at {name}: {done.stderr.strip()}")
        return done.stdout

    def _ask(self, request: dict[str, Any]) -> None:
        assert self._lab.stdin is not None and self._lab.stdout is not None
        self._lab.stdin.write(json.dumps(request) + "\n")
        self._lab.stdin.flush()
        line = self._lab.stdout.readline()
        answer = json.loads(line) if line else {"problem": "the lab has ended"}
        if "problem" in answer:
            raise RuntimeError(answer["problem"])
