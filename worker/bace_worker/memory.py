"""What a plan needs of each rank's memory, found by running its stages on tensors without content.

PyTorch's fake tensors have shapes and no memory, so the very code that trains tells what it keeps, also for
models that no machine at hand can hold. A rank's peak follows from its action list.

Counted: weights and their copies of the training's type, gradients, moments, and what micro-batches keep
from F to B (or I) and from I to W; of recomputed stages also one layer's insides. Left out: messages that
wait, what a block needs only while it runs, and what an allocator adds (a tenth is a usual reserve).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from .exit_codes import FINISHED, USER_ERROR, WorkerError
from .model.model import DTYPES, StageModel
from .model.storages import Storages, waited_for
from .plan import Plan, Stage, load

MASTER_BYTES = 4 * 4  # float32: weight, gradient, two moments


@dataclass(frozen=True)
class StageBytes:
    parameters: int
    state: int
    """Weights, their copies, gradients, moments."""
    activation: int
    """Of one micro-batch, from F to B or I."""
    waiting: int
    """Of one micro-batch, from I to W."""
    working: int
    """While a recomputed layer's backward runs; 0 without recomputation."""


@dataclass(frozen=True)
class RankBytes:
    rank: int
    state: int
    peak: int
    """State, and activations where they are most."""


def plan_memory(plan: Plan) -> list[RankBytes]:
    """By rank of replica 0; the others have the same."""
    alike = {_likeness(stage): stage for stage in plan.stages}
    sizes = {likeness: stage_bytes(plan, stage) for likeness, stage in alike.items()}
    stages = {stage.index: sizes[_likeness(stage)] for stage in plan.stages}
    return [rank_bytes(plan, rank.rank, stages) for rank in plan.ranks if rank.replica == 0]


def rank_bytes(plan: Plan, number: int, stages: Mapping[int, StageBytes]) -> RankBytes:
    rank = plan.ranks[number]
    held = most = 0
    for action in rank.actions:
        of = stages[action.stage]
        match action.kind:
            case "F":
                held += of.activation
            case "B" | "I":
                most = max(most, held + of.working)
                held -= of.activation
                held += of.waiting if action.kind == "I" else 0
            case "W":
                held -= of.waiting
        most = max(most, held)
    state = sum(stages[index].state for index in rank.stages)
    return RankBytes(number, state, state + most)


def stage_bytes(plan: Plan, stage: Stage) -> StageBytes:
    with FakeTensorMode():
        whole = _kept(plan, stage)
        layer = replace(stage, layer_count=1, embedding=False, head=False, recompute=False)
        working = _kept(plan, layer).activation if stage.recompute else 0
    return replace(whole, working=working)


def _likeness(stage: Stage) -> tuple[object, ...]:
    """The same for stages that need the same."""
    return stage.layer_count, stage.embedding, stage.head, stage.recompute


def _kept(plan: Plan, stage: Stage) -> StageBytes:
    """One micro-batch through a stage of fake tensors."""
    training = plan.training
    shape = (training.microbatch_size, plan.model.sequence_length)
    dtype = DTYPES[training.dtype]
    model = StageModel(plan.model, stage, training.seed, training.dtype)
    model.recompute = stage.recompute
    tokens = torch.zeros(shape, dtype=torch.int64)
    source = tokens if stage.embedding else torch.zeros(*shape, plan.model.hidden_size, dtype=dtype)
    if not stage.embedding:
        source.requires_grad_()
    model(source)  # makes the copies of the weights
    parameters, copies = list(model.parameters()), model.copies()
    own, saved, waiting = Storages(), Storages(), Storages()
    own.add_all((*parameters, *copies, *model.buffers()))
    with torch.autograd.graph.saved_tensors_hooks(saved.add, lambda tensor: tensor):
        output: Tensor = model(source)
        if stage.head:
            output = functional.cross_entropy(output.flatten(0, 1).float(), tokens.flatten())
    saved.add_all((source, output))
    with model.gradients.kept() as gradients:
        torch.autograd.backward(output, None if stage.head else torch.zeros_like(output))
    waiting.add_all(waited_for(gradients))
    count = sum(parameter.numel() for parameter in parameters)
    copied = sum(copy.nbytes for copy in copies) if training.dtype != "float32" else 0
    return StageBytes(
        parameters=count,
        state=count * MASTER_BYTES + copied,
        activation=saved.bytes_without(own),
        waiting=waiting.bytes_without(own),
        working=0,
    )


def main(plan_path: str, memory_bytes: int | None) -> int:
    """Prints every rank's bytes, a line of JSON each. Returns 1 where one needs more than `memory_bytes`."""
    try:
        found = plan_memory(load(plan_path))
    except WorkerError as error:
        print(f"bace_worker check: {error}", file=sys.stderr)
        return error.exit_code
    for of in found:
        print(json.dumps({"rank": of.rank, "stateBytes": of.state, "peakBytes": of.peak}))
    if memory_bytes is None or max(of.peak for of in found) <= memory_bytes:
        return FINISHED
    worst = max(found, key=lambda of: of.peak)
    print(
        f"bace_worker check: rank {worst.rank} needs {worst.peak} bytes, and has {memory_bytes}. Plan more"
        " stages, recomputation, or smaller micro-batches",
        file=sys.stderr,
    )
    return USER_ERROR
