"""`python -m lab.slurm`: clusters for a test in another language, as long as its standard input stays open.

First line in, first line out:
    {"folder": FOLDER, "clusters": [{"name": "east", "nodes": 1, "gpus_per_node": 4, "namespace": null, …}]}
        -> {"configurations": {"east": "FOLDER/east/slurm.conf"}, "seconds": 1.9}
Then, any number of times:
    {"controller": "east", "do": "restart" | "stop" | "crash" | "start"}         -> {"done": true}
    {"cluster": "east", "node": "n2", "do": "kill-node" | "start-node"}          -> {"done": true}

What cannot be done is answered with {"problem": WHY}. `python -m lab.slurm check` says whether this machine
can: exit code 0, or 1 and the reason. All runs in a process namespace whose end ends everything in it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from .clusters import Clusters, unavailable
from .configuration import Cluster

NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc")


def main() -> int:
    if (reason := unavailable()) is not None:
        print(reason)
        return 1
    if sys.argv[1:] == ["check"]:
        return 0
    if os.getpid() != 1:
        return subprocess.run([*NAMESPACE, sys.executable, "-m", "lab.slurm"]).returncode
    request = json.loads(sys.stdin.readline())
    since = time.monotonic()
    clusters = [Cluster(**cluster) for cluster in request["clusters"]]
    try:
        with Clusters(Path(request["folder"]), clusters) as running:
            configurations = {cluster.name: running.configuration(cluster.name) for cluster in clusters}
            answer({"configurations": configurations, "seconds": round(time.monotonic() - since, 2)})
            for line in sys.stdin:
                answer(perform(running, json.loads(line)))
    except RuntimeError as error:
        answer({"problem": str(error)})
        return 1
    return 0


def perform(clusters: Clusters, request: dict[str, Any]) -> dict[str, Any]:
    try:
        if "node" in request:
            on_node = {"kill-node": clusters.kill_node, "start-node": clusters.start_node}
            on_node[request["do"]](request["cluster"], request["node"])
            return {"done": True}
        does = {
            "restart": clusters.restart_controller,
            "stop": clusters.stop_controller,
            "crash": lambda name: clusters.stop_controller(name, signal.SIGKILL),
            "start": clusters.start_controller,
        }
        does[request["do"]](request["controller"])
    except (OSError, RuntimeError) as error:
        return {"problem": str(error)}
    return {"done": True}


def answer(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    sys.exit(main())
