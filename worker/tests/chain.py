"""A whole training in one process: stages as a chain in one autograd graph, saved between steps."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from bace_worker.checkpoint.epochs import begin_epoch, restore_point
from bace_worker.checkpoint.folder import is_committed, references
from bace_worker.checkpoint.manifest import Reference, Run
from bace_worker.checkpoint.state import layer_states, restore
from bace_worker.checkpoint.writer import write_checkpoint
from bace_worker.model.learning_rate import Schedule, learning_rate
from bace_worker.model.model import StageModel
from bace_worker.model.optimizer import AdamW
from bace_worker.plan import Model, Stage

MODEL = Model(
    vocabulary_size=17,
    hidden_size=8,
    layers=4,
    attention_heads=2,
    key_value_heads=1,
    feed_forward_size=12,
    sequence_length=6,
    tied_embeddings=False,
)
RUN = Run(job_id="job-1", epoch=1, model=MODEL, seed=5)
SCHEDULE = Schedule(peak=0.01, floor=0.001, warm_up_steps=3, decay_end_step=8)
MICROBATCHES = 2


def epoch(number: int) -> Run:
    return replace(RUN, epoch=number)


def sample(step: int, microbatch: int) -> Tensor:
    digest = hashlib.sha256(f"{RUN.seed} {step} {microbatch}".encode()).digest()
    return torch.tensor(list(digest[:21])).view(3, 7) % MODEL.vocabulary_size


@dataclass
class Held:
    """What one rank holds: a stage, and the optimizer of its parameters."""

    model: StageModel
    optimizer: AdamW


def build(model: Model, stages: int) -> list[Held]:
    size = model.layers // stages
    held = []
    for index in range(stages):
        stage = Stage(index, "here", index * size, size, index == 0, index == stages - 1, False)
        part = StageModel(model, stage, RUN.seed)
        held.append(Held(part, AdamW(part.parameters(), 1.0, weight_decay=0.1)))
    return held


class Chain:
    """`replicas` of a pipeline of `stages`; micro-batches are dealt to the replicas in turn."""

    def __init__(self, stages: int, replicas: int = 1, model: Model = MODEL) -> None:
        self.replicas = [build(model, stages) for _ in range(replicas)]

    def train(self, first: int, last: int) -> list[float]:
        """The losses of steps `first` to `last`."""
        return [self._train_step(step) for step in range(first, last + 1)]

    def _train_step(self, step: int) -> float:
        losses = []
        for microbatch in range(MICROBATCHES):
            rows = sample(step, microbatch)
            x = rows[:, :-1]
            for held in self.replicas[microbatch % len(self.replicas)]:
                x = held.model(x)
            loss = functional.cross_entropy(x.flatten(0, 1), rows[:, 1:].flatten())
            (loss / MICROBATCHES).backward()
            losses.append(loss.item())
        self._sum_gradients()
        for held in (held for replica in self.replicas for held in replica):
            held.optimizer.learning_rate = learning_rate(SCHEDULE, step)
            held.optimizer.update()
        return sum(losses)

    def _sum_gradients(self) -> None:
        if len(self.replicas) == 1:
            return
        for stages in zip(*self.replicas, strict=True):
            for parameters in zip(*(held.model.parameters() for held in stages), strict=True):
                gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
                total = torch.stack(gradients).sum(0)
                for parameter in parameters:
                    parameter.grad = total.clone()

    def save(self, root: Path, run: Run, step: int, keep: int = 2) -> list[bool]:
        """Every rank's share in turn. Returns who committed."""
        count = len(self.replicas)
        return [
            write_checkpoint(root, run, step, layer_states(held.model, held.optimizer, number, count), keep)
            for number, replica in enumerate(self.replicas)
            for held in replica
        ]

    def start(self, root: Path, run: Run) -> int:
        """As a gang starts: rank 0 decides, everyone restores. Returns the step to go on with."""
        begin_epoch(root, run)
        reference = restore_point(root, run)
        if reference is None:
            return 1
        ranks = (held for replica in self.replicas for held in replica)
        return {restore(root, reference, run, held.model, held.optimizer) for held in ranks}.pop()

    def state(self, replica: int = 0) -> dict[str, Tensor]:
        """Copies of all parameters and moments, by name."""
        return {
            name: tensor.detach().clone()
            for held in self.replicas[replica]
            for layer in layer_states(held.model, held.optimizer).values()
            for name, tensor in layer.tensors.items()
        }


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    """Equal to the last bit."""
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def committed(root: Path) -> list[Reference]:
    """Checkpoints that are there to go on from, the oldest first."""
    return [reference for reference in references(root) if is_committed(root, reference)]
