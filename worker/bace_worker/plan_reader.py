"""The fields of a plan, each read for itself: from JSON to the records of plan.py."""

from __future__ import annotations

from .fields import Field
from .model.learning_rate import Schedule
from .plan import (
    Action,
    Checkpoint,
    Control,
    Data,
    EmulatedLink,
    EmulatedStage,
    Link,
    Model,
    Plan,
    Rank,
    Stage,
    Tls,
    Training,
)

KINDS = ("F", "B", "I", "W", "SEND_F", "RECV_F", "SEND_B", "RECV_B")


def read(field: Field) -> Plan:
    f = field.record(
        *("version", "jobId", "epoch", "launchKey", "model", "training", "stages", "schedule"),
        *("replicas", "gradientBucketBytes", "ranks", "links", "emulatedCompute", "checkpoint", "tls"),
        "control",
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
        replicas=f["replicas"].integer(1),
        gradient_bucket_bytes=f["gradientBucketBytes"].integer(1),
        ranks=tuple(_rank(item) for item in f["ranks"].items()),
        activation_caps=None if caps is None else tuple(cap.number(positive=True) for cap in caps.items()),
        links=tuple(_link(item) for item in f["links"].items(least=0)),
        emulated_compute=_emulated_compute(f["emulatedCompute"]),
        checkpoint=_checkpoint(f["checkpoint"]),
        tls=_tls(f["tls"]),
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
        *("steps", "microbatches", "microbatchSize", "seed", "learningRate", "weightDecay"),
        *("gradientClipNorm", "dtype", "device", "data"),
    )
    data = f["data"].record("kind", "paths", "suffixes")
    clip = f["gradientClipNorm"]
    return Training(
        steps=f["steps"].integer(1),
        microbatches=f["microbatches"].integer(1),
        microbatch_size=f["microbatchSize"].integer(1),
        seed=f["seed"].integer(),
        learning_rate=_learning_rate(f["learningRate"]),
        weight_decay=f["weightDecay"].number(),
        gradient_clip_norm=None if clip.is_null() else clip.number(positive=True),
        dtype=f["dtype"].text("float32", "bfloat16"),
        device=f["device"].text("cpu", "cuda"),
        data=Data(
            kind=data["kind"].text("text", "tokens"),
            paths=tuple(item.text() for item in data["paths"].items()),
            suffixes=tuple(item.text() for item in data["suffixes"].items(least=0)),
        ),
    )


def _learning_rate(field: Field) -> Schedule:
    f = field.record("peak", "floor", "warmUpSteps", "decayEndStep")
    return Schedule(
        peak=f["peak"].number(positive=True),
        floor=f["floor"].number(),
        warm_up_steps=f["warmUpSteps"].integer(),
        decay_end_step=f["decayEndStep"].integer(),
    )


def _stage(field: Field) -> Stage:
    f = field.record("index", "region", "firstLayer", "layerCount", "embedding", "head", "recompute")
    return Stage(
        index=f["index"].integer(),
        region=f["region"].text(),
        first_layer=f["firstLayer"].integer(),
        layer_count=f["layerCount"].integer(1),
        embedding=f["embedding"].flag(),
        head=f["head"].flag(),
        recompute=f["recompute"].flag(),
    )


def _rank(field: Field) -> Rank:
    f = field.record("rank", "replica", "stages", "region", "actions")
    return Rank(
        rank=f["rank"].integer(),
        replica=f["replica"].integer(),
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
    f = field.record(
        *("fromRank", "toRank", "via", "streams", "chunkBytes", "bufferBytes", "compression", "emulated")
    )
    emulated = None
    if not f["emulated"].is_null():
        shape = f["emulated"].record("bandwidthBitsPerSecond", "latencySeconds")
        emulated = EmulatedLink(
            bandwidth_bits_per_second=shape["bandwidthBitsPerSecond"].number(positive=True),
            latency_seconds=shape["latencySeconds"].number(),
        )
    return Link(
        from_rank=f["fromRank"].integer(),
        to_rank=f["toRank"].integer(),
        via=f["via"].text("tcp", "collective"),
        streams=f["streams"].integer(1),
        chunk_bytes=f["chunkBytes"].integer(1),
        buffer_bytes=None if f["bufferBytes"].is_null() else f["bufferBytes"].integer(1),
        compression=f["compression"].text("none", "bfloat16", "int8"),
        emulated=emulated,
    )


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
    return EmulatedStage(
        {"F": f["forwardSeconds"].number(), "B": backward, "I": input_grad, "W": weight_grad}
    )


def _checkpoint(field: Field) -> Checkpoint | None:
    if field.is_null():
        return None
    f = field.record("location", "everySteps", "keep", "graceSeconds")
    return Checkpoint(
        location=f["location"].text(),
        every_steps=f["everySteps"].integer(1),
        keep=f["keep"].integer(1),
        grace_seconds=f["graceSeconds"].number(positive=True),
    )


def _tls(field: Field) -> Tls | None:
    if field.is_null():
        return None
    f = field.record("certificate", "privateKey")
    return Tls(f["certificate"].text(), f["privateKey"].text())


def _control(field: Field) -> Control:
    f = field.record("url", "rendezvousDeadlineSeconds")
    url = f["url"].text()
    if not url.startswith(("http://", "https://")):
        f["url"].fail(f"is {url!r}, must start with http:// or https://")
    return Control(url.rstrip("/"), f["rendezvousDeadlineSeconds"].number(positive=True))
