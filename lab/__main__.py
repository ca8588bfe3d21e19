"""`python -m lab`: one run over a WAN for a bench in another language; request on standard input, result out.

    {"kind": "train", "wan": WAN, "plan": PLAN, "deadlineSeconds": 60}
        trains a plan of the worker's                 -> {"reports": [TELEMETRY …]}
    {"kind": "probe", "wan": WAN, "settings": {"streams": "1,4", …}, "deadlineSeconds": 60}
        what the worker says of a link                -> as `python -m bace_worker probe` prints it
    {"kind": "torch", "wan": WAN, "deadlineSeconds": 60, "run": RUN}
        PyTorch's own runtime (torch_runtime.py)      -> {"stepSeconds": [[…] by rank]}
    WAN: {"regions": […], "bitsPerSecond", "delaySeconds", "windows": "large" | "default"}

Exit code 1 where a rank did not end well: its log is on standard error.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from .gang import train
from .link_probe import probe
from .processes import failures
from .torch_runtime import run_torch
from .wan.namespace import unavailable
from .wan.network import Wan, WanPath


def main() -> int:
    if (reason := unavailable()) is not None:
        print(f"lab: no WAN on this machine: {reason}", file=sys.stderr)
        return 1
    request = json.load(sys.stdin)
    setting = request["wan"]
    path = WanPath(setting["bitsPerSecond"], setting["delaySeconds"])
    with Wan(setting["regions"], path, setting["windows"]) as wan:
        result, problem = run(wan, request)
    if problem is not None:
        print(f"lab: {problem}", file=sys.stderr)
        return 1
    json.dump(result, sys.stdout)
    return 0


def run(wan: Wan, request: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The result, and what went wrong, if anything did."""
    seconds = request["deadlineSeconds"]
    match request["kind"]:
        case "train":
            trained = train(wan, request["plan"], seconds)
            return {"reports": trained.reports}, failures(trained.outcome)
        case "probe":
            here, there = request["wan"]["regions"]
            result, outcome = probe(wan, (here, there), request["settings"], seconds)
            return result, failures(outcome)
        case "torch":
            step_seconds, outcome = run_torch(wan, request["run"], seconds)
            return {"stepSeconds": step_seconds}, failures(outcome)
    raise ValueError(f"no such kind: {request['kind']}")


if __name__ == "__main__":
    sys.exit(main())
