"""Plans for tests: 1F1B or given orders, over any number of stages of a small model; and text to train on."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

LINK = {
    "via": "tcp",
    "streams": 1,
    "chunkBytes": 1 << 20,
    "bufferBytes": None,
    "compression": "none",
    "emulated": None,
}
WORDS = "the stage sends its activation to the next stage while the link is free and waits for no one"


def one_f_one_b(stages: int, microbatches: int, stage: int) -> list[dict[str, Any]]:
    """The actions of one stage: warm-up forwards, then one forward and one backward in turn, then the
    rest.
    """
    actions: list[dict[str, Any]] = []

    def block(kind: str, microbatch: int) -> None:
        upstream, downstream = stage > 0, stage < stages - 1
        receives, sends = (upstream, downstream) if kind == "F" else (downstream, upstream)
        names = [f"RECV_{kind}"] * receives + [kind] + [f"SEND_{kind}"] * sends
        actions.extend({"kind": name, "stage": stage, "microbatch": microbatch} for name in names)

    warm_up = min(microbatches, stages - 1 - stage)
    for microbatch in range(warm_up):
        block("F", microbatch)
    for microbatch in range(microbatches):
        if microbatch + warm_up < microbatches:
            block("F", microbatch + warm_up)
        block("B", microbatch)
    return actions


def make_plan(
    data: Path, stages: int = 2, placement: list[list[int]] | None = None, **changes: Any
) -> dict[str, Any]:
    """A plan whose ranks alternate between two regions, or are in one if they share stages.

    `placement`: stages of each rank, by default one.

    `changes`: model=, training=, actions= by rank of a replica (of 1F1B by default), link= fields of every
    link, replicas=, and top-level fields.
    """
    layers = 6
    placement = placement or [[stage] for stage in range(stages)]
    model = {
        "vocabularySize": 256,
        "hiddenSize": 32,
        "layers": layers,
        "attentionHeads": 4,
        "keyValueHeads": 2,
        "feedForwardSize": 64,
        "sequenceLength": 32,
        "tiedEmbeddings": False,
    } | changes.pop("model", {})
    training = {
        "steps": 4,
        "microbatches": 4,
        "microbatchSize": 2,
        "seed": 1,
        "learningRate": constant_rate(0.003),
        "weightDecay": 0.01,
        "gradientClipNorm": None,
        "dtype": "float32",
        "device": "cpu",
        "data": {"kind": "text", "paths": [str(data)], "suffixes": [".md"]},
    } | changes.pop("training", {})
    link = LINK | changes.pop("link", {})
    replicas = changes.pop("replicas", 1)
    actions = changes.pop("actions", None) or [
        one_f_one_b(stages, training["microbatches"], stage) for stage in range(stages)
    ]
    shared = sum(map(len, placement)) > stages
    regions = [
        "frankfurt" if shared else ("frankfurt", "virginia")[rank % 2] for rank in range(len(placement))
    ]
    bounds = [round(model["layers"] * stage / stages) for stage in range(stages + 1)]
    runners = {
        (action["stage"], action["microbatch"]): rank
        for rank, items in enumerate(actions)
        for action in items
        if action["kind"] == "F"
    }
    hops = {
        (rank, runners.get((stage + 1, microbatch), rank)) for (stage, microbatch), rank in runners.items()
    }
    pairs = sorted({(a, b) for hop in hops for a, b in (hop, hop[::-1]) if a != b})
    return {
        "version": 1,
        "jobId": "job-1",
        "epoch": 1,
        "launchKey": "secret of this launch",
        "model": model,
        "training": training,
        "stages": [
            {
                "index": stage,
                "region": next(regions[rank] for rank, held in enumerate(placement) if stage in held),
                "firstLayer": bounds[stage],
                "layerCount": bounds[stage + 1] - bounds[stage],
                "embedding": stage == 0,
                "head": stage == stages - 1,
                "recompute": False,
            }
            for stage in range(stages)
        ],
        "ranks": [
            {
                "rank": replica * len(placement) + rank,
                "replica": replica,
                "stages": held,
                "region": regions[rank],
                "actions": actions[rank],
            }
            for replica in range(replicas)
            for rank, held in enumerate(placement)
        ],
        "schedule": "1f1b",
        "replicas": replicas,
        "gradientBucketBytes": 1 << 20,
        "links": [
            {"fromRank": first + a, "toRank": first + b} | link
            for first in range(0, replicas * len(placement), len(placement))
            for a, b in pairs
        ],
        "emulatedCompute": None,
        "checkpoint": None,
        "tls": None,
        "control": {"url": "http://127.0.0.1:9", "rendezvousDeadlineSeconds": 30},
    } | changes


def constant_rate(rate: float) -> dict[str, float]:
    return {"peak": rate, "floor": rate, "warmUpSteps": 0, "decayEndStep": 0}


def write_text(folder: Path) -> Path:
    """About 60 kB of sentences from a small vocabulary: text with structure that a small model can learn."""
    words = WORDS.split()
    draw = random.Random(7)
    sentences = [" ".join(draw.choice(words) for _ in range(9)).capitalize() + ".\n" for _ in range(1200)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "text.md").write_text("".join(sentences), encoding="utf-8")
    return folder
