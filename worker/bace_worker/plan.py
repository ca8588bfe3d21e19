"""The plan, version 1: what the control plane wants trained, where, and in which order.

One file per (job, epoch); every rank of every region reads the same one. `load` returns frozen records, or
raises BadPlan with the path of the field. Checks that compare one field with another are in plan_checks.py
and action_checks.py.
Left out of version 1: replicas, pipelines in both directions (DualPipe), checkpoints, compression, several
streams.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .exit_codes import BadPlan, UserError
from .fields import Field

KINDS = ("F", "B", "I", "W", "SEND_F", "RECV_F", "SEND_B", "RECV_B")


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
    paths: tuple[str, ...]
    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class Training:
    steps: int
    microbatches: int
    microbatch_size: int
    seed: int
    learning_rate: float
    weight_decay: float
    dtype: str
    data: Data


@dataclass(frozen=True)
class Stage:
    index: int
    region: str
    first_layer: int
    layer_count: int
    embedding: bool
    head: bool

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

    def __str__(self) -> str:
        return f"{self.kind} of stage {self.stage}, micro-batch {self.microbatch}"


@dataclass(frozen=True)
class Rank:
    rank: int
    stages: tuple[int, ...]
    region: str
    actions: tuple[Action, ...]


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
    emulated: EmulatedLink | None


@dataclass(frozen=True)
class EmulatedStage:
    """Least seconds of a block by its kind: F, B, I or W."""

    seconds: Mapping[str, float]


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
    ranks: tuple[Rank, ...]
    activation_caps: tuple[float, ...] | None
    """By rank, in micro-batches of one stage: F holds one, B gives it back, I and W a half each."""
    links: tuple[Link, ...]
    emulated_compute: tuple[EmulatedStage, ...] | None
    control: Control

    def rank_of_stage(self, stage: int) -> Rank:
        return next(rank for rank in self.ranks if stage in rank.stages)

    def neighbour(self, stage: int, direction: int) -> Rank | None:
        """The rank of the stage before (-1) or behind (+1); None where there is no such stage."""
        other = stage + direction
        return self.rank_of_stage(other) if 0 <= other < len(self.stages) else None

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
    from . import action_checks, plan_checks  # which need the records above

    plan = _plan(Field(value))
    plan_checks.check(plan)
    action_checks.check(plan)
    return plan


def _plan(field: Field) -> Plan:
    f = field.record(
        *("version", "jobId", "epoch", "launchKey", "model", "training", "stages", "schedule"),
        *("ranks", "links", "emulatedCompute", "control"),
        optional=("activationCaps",),
    )
    caps = f.get("activationCaps")
    if f["version"].integer() != 1:
        f["version"].fail(f"is {f['version'].value}, this worker reads version 1; update the worker")
    return Plan(
        job_id=f["jobId"].text(),
        epoch=f["epoch"].integer(),
        launch_key=f["launchKey"].text(),
        model=_model(f["model"]),
        training=_training(f["training"]),
        stages=tuple(_stage(item) for item in f["stages"].items()),
        schedule=f["schedule"].text(),
        ranks=tuple(_rank(item) for item in f["ranks"].items()),
        activation_caps=caps and tuple(cap.number(positive=True) for cap in caps.items()),
        links=tuple(_link(item) for item in f["links"].items(least=0)),
        emulated_compute=_emulated_compute(f["emulatedCompute"]),
        control=_control(f["control"]),
    )


def _model(field: Field) -> Model:
    f = field.record(
        *("vocabularySize", "hiddenSize", "layers", "attentionHeads", "keyValueHeads", "feedForwardSize"),
        *("sequenceLength", "tiedEmbeddings"),
    )
    return Model(
        vocabulary_size=f["vocabularySize"].integer(1),
        hidden_size=f["hiddenSize"].integer(1),
        layers=f["layers"].integer(1),
        attention_heads=f["attentionHeads"].integer(1),
        key_value_heads=f["keyValueHeads"].integer(1),
        feed_forward_size=f["feedForwardSize"].integer(1),
        sequence_length=f["sequenceLength"].integer(1),
        tied_embeddings=f["tiedEmbeddings"].flag(),
    )


def _training(field: Field) -> Training:
    f = field.record(
        *("steps", "microbatches", "microbatchSize", "seed", "learningRate", "weightDecay", "dtype", "data"),
    )
    data = f["data"].record("kind", "paths", "suffixes")
    data["kind"].text("text")
    return Training(
        steps=f["steps"].integer(1),
        microbatches=f["microbatches"].integer(1),
        microbatch_size=f["microbatchSize"].integer(1),
        seed=f["seed"].integer(),
        learning_rate=f["learningRate"].number(positive=True),
        weight_decay=f["weightDecay"].number(),
        dtype=f["dtype"].text("float32"),
        data=Data(
            paths=tuple(item.text() for item in data["paths"].items()),
            suffixes=tuple(item.text() for item in data["suffixes"].items(least=0)),
        ),
    )


def _stage(field: Field) -> Stage:
    f = field.record("index", "region", "firstLayer", "layerCount", "embedding", "head")
    return Stage(
        index=f["index"].integer(),
        region=f["region"].text(),
        first_layer=f["firstLayer"].integer(),
        layer_count=f["layerCount"].integer(1),
        embedding=f["embedding"].flag(),
        head=f["head"].flag(),
    )


def _rank(field: Field) -> Rank:
    f = field.record("rank", "stages", "region", "actions")
    return Rank(
        rank=f["rank"].integer(),
        stages=tuple(item.integer() for item in f["stages"].items()),
        region=f["region"].text(),
        actions=tuple(_action(item) for item in f["actions"].items()),
    )


def _action(field: Field) -> Action:
    f = field.record("kind", "stage", "microbatch")
    return Action(
        kind=f["kind"].text(*KINDS),
        stage=f["stage"].integer(),
        microbatch=f["microbatch"].integer(),
    )


def _link(field: Field) -> Link:
    f = field.record("fromRank", "toRank", "emulated")
    emulated = None
    if not f["emulated"].is_null():
        shape = f["emulated"].record("bandwidthBitsPerSecond", "latencySeconds")
        emulated = EmulatedLink(
            bandwidth_bits_per_second=shape["bandwidthBitsPerSecond"].number(positive=True),
            latency_seconds=shape["latencySeconds"].number(),
        )
    return Link(f["fromRank"].integer(), f["toRank"].integer(), emulated)


def _emulated_compute(field: Field) -> tuple[EmulatedStage, ...] | None:
    if field.is_null():
        return None
    return tuple(_emulated_stage(item) for item in field.record("stages")["stages"].items())


def _emulated_stage(field: Field) -> EmulatedStage:
    """Where the seconds of I and W are not given, each takes half of B."""
    parts = ("inputGradSeconds", "weightGradSeconds")
    f = field.record("forwardSeconds", "backwardSeconds", optional=parts)
    if (parts[0] in f) != (parts[1] in f):
        field.fail(f"has only one of {' and '.join(parts)}; give both or neither")
    backward = f["backwardSeconds"].number()
    input_grad, weight_grad = (f[part].number() if part in f else backward / 2 for part in parts)
    return EmulatedStage({"F": f["forwardSeconds"].number(), "B": backward, "I": input_grad, "W": weight_grad})


def _control(field: Field) -> Control:
    f = field.record("url", "rendezvousDeadlineSeconds")
    url = f["url"].text()
    if not url.startswith(("http://", "https://")):
        f["url"].fail(f"is {url!r}, must start with http:// or https://")
    return Control(url.rstrip("/"), f["rendezvousDeadlineSeconds"].number(positive=True))
