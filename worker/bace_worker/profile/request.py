"""What `profile` is asked for: from the command line to a plan of the whole model on one stage.

It is read as any plan is, so that what no plan may say is refused here too, and in the same words.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from .. import plan as plans
from ..exit_codes import UserError
from ..plan import Plan

MICROBATCHES = 4
"""In a round of profile_parts.py."""

SHAPE = {
    "vocabularySize": "--vocabulary-size",
    "hiddenSize": "--hidden-size",
    "layers": "--layers",
    "attentionHeads": "--attention-heads",
    "keyValueHeads": "--key-value-heads",
    "feedForwardSize": "--feed-forward-size",
    "sequenceLength": "--sequence-length",
}


@dataclass(frozen=True)
class Request:
    plan: Plan
    layers_together: int
    relative_error: float
    limit_seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for field, flag in SHAPE.items():
        parser.add_argument(flag, dest=field, type=int, required=True, metavar="N")
    parser.add_argument("--microbatch-size", type=int, default=1, metavar="N", help="sequences (default: 1)")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of activations")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument(
        "--layers-together", type=int, default=4, metavar="N", help="measured as one part (default: 4)"
    )
    parser.add_argument(
        "--relative-error", type=float, default=0.01, metavar="SHARE", help="to be reached (default: 0.01)"
    )
    parser.add_argument(
        "--time-limit", type=float, default=60.0, metavar="SECONDS", help="of all measuring (default: 60)"
    )


def request(arguments: argparse.Namespace) -> Request:
    """Raises BadPlan for a model that the worker cannot train, UserError for the rest."""
    if arguments.layers_together < 1:
        raise UserError(f"--layers-together: is {arguments.layers_together}, must be 1 or more")
    if not (arguments.relative_error > 0 and arguments.time_limit > 0):
        raise UserError("--relative-error and --time-limit: must be greater than 0")
    plan = plans.read(_document(arguments))
    return Request(
        plan=plan,
        layers_together=min(arguments.layers_together, plan.model.layers),
        relative_error=arguments.relative_error,
        limit_seconds=arguments.time_limit,
    )


def _document(arguments: argparse.Namespace) -> dict[str, object]:
    actions = [
        {"kind": kind, "stage": 0, "microbatch": microbatch}
        for microbatch in range(MICROBATCHES)
        for kind in "FB"
    ]
    return {
        "version": 1,
        "jobId": "profile",
        "epoch": 1,
        "launchKey": "none",
        "model": {name: getattr(arguments, name) for name in SHAPE} | {"tiedEmbeddings": False},
        "training": {
            "steps": 1,
            "microbatches": MICROBATCHES,
            "microbatchSize": arguments.microbatch_size,
            "seed": 1,
            "learningRate": {"peak": 1e-6, "floor": 1e-6, "warmUpSteps": 0, "decayEndStep": 0},
            "weightDecay": 0.01,
            "gradientClipNorm": None,
            "dtype": arguments.dtype,
            "device": arguments.device,
            "data": {"kind": "text", "paths": ["none"], "suffixes": []},
        },
        "stages": [
            {
                "index": 0,
                "region": "here",
                "firstLayer": 0,
                "layerCount": arguments.layers,
                "embedding": True,
                "head": True,
                "recompute": False,
            }
        ],
        "schedule": "1f1b",
        "replicas": 1,
        "gradientBucketBytes": 1,
        "ranks": [{"rank": 0, "replica": 0, "stages": [0], "region": "here", "actions": actions}],
        "links": [],
        "emulatedCompute": None,
        "checkpoint": None,
        "tls": None,
        "control": {"url": "http://127.0.0.1", "rendezvousDeadlineSeconds": 1},
    }
