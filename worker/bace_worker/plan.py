"""The plan, version 1: what the control plane wants trained, where, and in which order.

One file per (job, epoch); every rank of every region reads the same one. `load` returns frozen records, or
raises BadPlan with the path of the field. Fields are read in plan_reader.py; checks that compare one with
another are in plan_checks.py and action_checks.py.
A stage may lie on several ranks of a replica (DualPipe, arXiv 2412.19437: one per direction): each has a
copy, and runs the micro-batches that its actions name. Left out of version 1: tensor parallelism.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .exit_codes import BadPlan, UserError
from .fields import Field
from .model.learning_rate import Schedule


@dataclass(frozen=True)
class Model:
    vocabulary_size: int
    hidden_size: int
    layers: int
    attention_heads: int
    key_value_heads: int
    feed_forward_size: int
    sequence_length: int
    tied_embeddings: bool


@dataclass(frozen=True)
class Data:
    """`kind`: "text", read by byte, or "tokens", memory-mapped files."""

    kind: str
    paths: tuple[str, ...]
    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class Training:
    steps: int
    microbatches: int
    """Of each replica."""
    microbatch_size: int
    seed: int
    learning_rate: Schedule
    weight_decay: float
    gradient_clip_norm: float | None
    """Longest gradient over all stages; None: of any length."""
    dtype: str
    """Of activations and of the weights that multiply them: "float32" or "bfloat16". Masters are float32."""
    device: str
    """ "cpu" or "cuda"."""
    data: Data


@dataclass(frozen=True)
class Stage:
    index: int
    region: str
    first_layer: int
    layer_count: int
    embedding: bool
    head: bool
    recompute: bool
    """Keeps the inputs of layers alone, and runs each layer again before its B or I."""

    @property
    def needs_text(self) -> bool:
        """For tokens on the first stage, for targets on the last."""
        return self.embedding or self.head


@dataclass(frozen=True)
class Action:
    """F forward, B whole backward, I input gradient and W weight gradient; SEND_B sends what B or I gives."""

    kind: str
    stage: int
    microbatch: int

    @property
    def is_communication(self) -> bool:
        return self.kind.startswith(("SEND", "RECV"))

    def __str__(self) -> str:
        return f"{self.kind} of stage {self.stage}, micro-batch {self.microbatch}"


@dataclass(frozen=True)
class Rank:
    rank: int
    replica: int
    stages: tuple[int, ...]
    region: str
    actions: tuple[Action, ...]

    @property
    def finishes(self) -> tuple[int, ...]:
        """Its stages in the order of their last gradients."""
        last = {action.stage: at for at, action in enumerate(self.actions) if action.kind in ("B", "W")}
        return tuple(sorted(last, key=last.__getitem__))


@dataclass(frozen=True)
class EmulatedLink:
    """Latency delays a message but does not occupy the link; bytes * 8 / bandwidth does."""

    bandwidth_bits_per_second: float
    latency_seconds: float


@dataclass(frozen=True)
class Link:
    """One direction between two ranks, whichever of their stages use it."""

    from_rank: int
    to_rank: int
    via: str
    """ "tcp": the worker's own transport; "collective": torch.distributed, inside a region."""
    streams: int
    """Connections that share the bytes of every message."""
    chunk_bytes: int
    buffer_bytes: int | None
    """Of each connection's sockets; None: leave it to the kernel."""
    compression: str
    """Of what is on the wire: "none", "bfloat16" or "int8"."""
    emulated: EmulatedLink | None


@dataclass(frozen=True)
class EmulatedStage:
    """Least seconds of a block by its kind: F, B, I or W."""

    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Checkpoint:
    """`location`: a folder that every rank reaches. `grace_seconds`: for the last one, after SIGTERM."""

    location: str
    every_steps: int
    keep: int
    grace_seconds: float


@dataclass(frozen=True)
class Tls:
    """The launch's own certificate, which all of its ranks show and the only one that they accept (PEM)."""

    certificate: str
    private_key: str


@dataclass(frozen=True)
class Control:
    url: str
    rendezvous_deadline_seconds: float


@dataclass(frozen=True)
class Plan:
    job_id: str
    epoch: int
    launch_key: str
    model: Model
    training: Training
    stages: tuple[Stage, ...]
    schedule: str
    """Its name, for people: the order is in the actions."""
    replicas: int
    gradient_bucket_bytes: int
    """Least size of the buckets that replicas reduce, each as soon as its last gradient is there."""
    ranks: tuple[Rank, ...]
    activation_caps: tuple[float, ...] | None
    """By rank, in micro-batches of one stage: F holds one, B gives it back, I and W a half each."""
    links: tuple[Link, ...]
    emulated_compute: tuple[EmulatedStage, ...] | None
    checkpoint: Checkpoint | None
    tls: Tls | None
    control: Control

    def rank_of(self, stage: int, microbatch: int, replica: int) -> Rank:
        """The replica's rank that runs the micro-batch at the stage: its actions have the F."""
        return self._runners.get((stage, microbatch, replica)) or next(
            rank for rank in self.ranks if rank.replica == replica and stage in rank.stages
        )

    @cached_property
    def _runners(self) -> Mapping[tuple[int, int, int], Rank]:
        """By stage, micro-batch and replica; the first of several, which the checks refuse."""
        return {
            (action.stage, action.microbatch, rank.replica): rank
            for rank in reversed(self.ranks)
            for action in rank.actions
            if action.kind == "F" and action.stage in rank.stages
        }

    def neighbour(self, stage: int, microbatch: int, direction: int, replica: int) -> Rank | None:
        """Who runs it at the stage before (-1) or behind (+1); None where there is no such stage."""
        other = stage + direction
        return self.rank_of(other, microbatch, replica) if 0 <= other < len(self.stages) else None

    def siblings(self, rank: Rank) -> tuple[Rank, ...]:
        """The ranks with the same stages, itself among them: they reduce gradients together."""
        return tuple(other for other in self.ranks if other.stages == rank.stages)

    def copies(self, rank: Rank) -> tuple[Rank, ...]:
        """Those of its siblings that are in its replica, itself among them."""
        return tuple(other for other in self.siblings(rank) if other.replica == rank.replica)

    def link(self, from_rank: int, to_rank: int) -> Link:
        return next(link for link in self.links if (link.from_rank, link.to_rank) == (from_rank, to_rank))

    def rank(self, number: int) -> Rank:
        if not 0 <= number < len(self.ranks):
            raise BadPlan(f"ranks: there is no rank {number}; the plan has 0 to {len(self.ranks) - 1}")
        return self.ranks[number]


def load(path: str | Path) -> Plan:
    """Reads and checks a plan file. Raises UserError (unreadable file) or BadPlan (anything in it)."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"plan file {path}: {error}. Give the path of a plan written by the control plane"
        ) from None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadPlan(
            f"plan: {path} is not JSON, line {error.lineno} column {error.colno}: {error.msg}"
        ) from None
    return read(value)


def read(value: object) -> Plan:
    """A plan from parsed JSON. Raises BadPlan."""
    from . import (
        action_checks,
        plan_checks,
        plan_reader,  # which need the records above
    )

    plan = plan_reader.read(Field(value))
    plan_checks.check(plan)
    action_checks.check(plan)
    return plan
