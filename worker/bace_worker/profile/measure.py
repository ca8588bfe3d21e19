"""`profile`: how long this machine takes for each layer of a model, and what a micro-batch keeps there.

A block of a stage takes what a block of an empty stage takes, and on top of that what its layers, its
embedding and its head take. So parts are measured as stages of their own, less an empty one. Progress goes
to standard error, the figures as JSON to standard output; core's spec/profile.ts says what they mean.
Left out: a tied head, which shares its update with the embedding.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from dataclasses import dataclass, replace

import numpy
import torch

from ..data.batches import Batches
from ..exit_codes import DEFECT, FINISHED, USER_ERROR, UserError, WorkerError
from ..model.model import DTYPES
from ..plan import Plan, Stage
from .kept_bytes import KeptBytes, count_bytes
from .machine import machine_name, matmul_flops_per_second
from .parts import Part, Times
from .request import Request, request

TOKENS = 1 << 16
DIGITS = 4
KINDS = {"forwardSeconds": "F", "backwardSeconds": "B", "inputGradSeconds": "I", "weightGradSeconds": "W"}


@dataclass(frozen=True)
class Measured:
    """One part; `recomputed` is the same with recomputation."""

    plain: Times
    recomputed: Times
    kept: KeptBytes

    def seconds(self, field: str, dtype: str) -> float:
        """By the name that the figure has in the profile."""
        plain, again = self.plain.seconds, self.recomputed.seconds
        if field == "recomputationSeconds":
            return again["F"] + again["B"] - plain["F"] - plain["B"]
        if field == "updateSeconds":  # the weights' copies of another type are made by the forward after it
            copying = 0.0 if dtype == "float32" else max(0.0, plain["REFRESH"] - plain["F"])
            return plain["UPDATE"] + copying
        return plain[KINDS[field]]


def main(arguments: argparse.Namespace) -> int:
    """Prints the profile and returns the exit code."""
    torch.set_num_threads(1)
    try:
        print(json.dumps(profile(request(arguments))))
    except WorkerError as error:
        print(f"bace_worker profile: {error}", file=sys.stderr)
        return error.exit_code
    except Exception as error:
        if isinstance(error, MemoryError) or "memory" in str(error):
            print(f"bace_worker profile: {error}. Measure fewer --layers-together", file=sys.stderr)
            return USER_ERROR
        traceback.print_exc()
        return DEFECT
    return FINISHED


def profile(asked: Request) -> dict[str, object]:
    """The figures by name. Raises UserError where the device is not there."""
    plan, count = asked.plan, asked.layers_together
    model, training = plan.model, plan.training
    if training.device == "cuda" and not torch.cuda.is_available():
        raise UserError("--device: this machine has no CUDA device that PyTorch can use; use cpu")
    nothing = _measure("an empty stage", asked, _shape())
    parts = {
        "embedding": (1, _measure("the embedding", asked, _shape(embedding=True))),
        "layer": (count, _measure(f"layers, {count} as one", asked, _shape(layers=count))),
        "head": (1, _measure("the head", asked, _shape(head=True))),
    }
    _say("a matrix product")
    timed = [times for _, part in parts.values() for times in (part.plain, part.recomputed)]
    return {
        "machine": {
            "device": training.device,
            "name": machine_name(training.device),
            "pytorch": torch.__version__,
            "matmulFlopsPerSecond": _rounded(matmul_flops_per_second(training.device, training.dtype)),
        },
        "sequenceLength": model.sequence_length,
        "microbatchSize": training.microbatch_size,
        "dtype": training.dtype,
        "layersTogether": count,
        "relativeError": _rounded(max(times.relative_error for times in timed)),
        "overheadSeconds": _rounded((nothing.plain.seconds["F"] + nothing.plain.seconds["B"]) / 2),
        "boundaryBytes": _boundary_bytes(plan),
        **{name: _figures(part, nothing, of, training.dtype) for name, (of, part) in parts.items()},
    }


def _measure(name: str, asked: Request, shape: Stage) -> Measured:
    _say(name)
    plan = asked.plan
    tokens = numpy.random.Generator(numpy.random.PCG64(1)).integers(
        0, min(plan.model.vocabulary_size, 1 << 16), TOKENS + plan.model.sequence_length, dtype=numpy.uint16
    )
    batches = Batches(plan, tokens)
    limit_seconds = asked.limit_seconds / 8
    part = Part(plan, shape, batches)
    kept = count_bytes(part)
    plain = part.measure(asked.relative_error, limit_seconds)
    del part  # before the next one is built: one part at a time has to fit into memory
    again = Part(plan, replace(shape, recompute=True), batches)
    return Measured(plain, again.measure(asked.relative_error, limit_seconds), kept)


def _shape(layers: int = 0, embedding: bool = False, head: bool = False) -> Stage:
    return Stage(0, "here", 0, layers, embedding, head, recompute=False)


def _figures(part: Measured, nothing: Measured, count: int, dtype: str) -> dict[str, object]:
    """Of one of the `count` things that the part has."""
    fields = (*KINDS, "updateSeconds", "recomputationSeconds")

    def of_one(field: str) -> float:
        return _rounded(max(0.0, part.seconds(field, dtype) - nothing.seconds(field, dtype)) / count)

    kept, empty = part.kept, nothing.kept
    return {
        **{field: of_one(field) for field in fields},
        "activationBytes": (kept.activation - empty.activation) // count,
        "weightGradBytes": (kept.weight_gradient - empty.weight_gradient) // count,
        "spread": {field: _rounded(part.plain.spread[kind]) for field, kind in KINDS.items()},
        "rounds": part.plain.rounds,
    }


def _boundary_bytes(plan: Plan) -> int:
    model, training = plan.model, plan.training
    elements = training.microbatch_size * model.sequence_length * model.hidden_size
    return elements * DTYPES[training.dtype].itemsize


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _say(what: str) -> None:
    print(f"measuring {what}", file=sys.stderr, flush=True)
