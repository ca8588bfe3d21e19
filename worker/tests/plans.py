"""Plans for tests: 1F1B or given orders, over any number of stages of a small model; and text to train on."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

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
    """A plan whose ranks alternate between two regions. `placement`: stages of each rank, by default one.

    `changes`: model=, training=, actions= by rank (of 1F1B by default), and top-level fields.
    """
    layers = 6
    placement = placement or [[stage] for stage in range(stages)]
    owners = {stage: rank for rank, held in enumerate(placement) for stage in held}
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
        "learningRate": 0.003,
        "weightDecay": 0.01,
        "dtype": "float32",
        "data": {"kind": "text", "paths": [str(data)], "suffixes": [".md"]},
    } | changes.pop("training", {})
    link = changes.pop("link", None)
    actions = changes.pop("actions", None) or [
        one_f_one_b(stages, training["microbatches"], stage) for stage in range(stages)
    ]
    regions = [("frankfurt", "virginia")[rank % 2] for rank in range(len(placement))]
    bounds = [round(model["layers"] * stage / stages) for stage in range(stages + 1)]
    hops = {(owners[stage], owners[stage + 1]) for stage in range(stages - 1)}
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
                "region": regions[owners[stage]],
                "firstLayer": bounds[stage],
                "layerCount": bounds[stage + 1] - bounds[stage],
                "embedding": stage == 0,
                "head": stage == stages - 1,
            }
            for stage in range(stages)
        ],
        "ranks": [
            {
                "rank": rank,
                "stages": held,
                "region": regions[rank],
                "actions": actions[rank],
            }
            for rank, held in enumerate(placement)
        ],
        "schedule": "1f1b",
        "links": [{"fromRank": a, "toRank": b, "emulated": link} for a, b in pairs],
        "emulatedCompute": None,
        "control": {"url": "http://127.0.0.1:9", "rendezvousDeadlineSeconds": 30},
    } | changes


def write_text(folder: Path) -> Path:
    """About 60 kB of sentences from a small vocabulary: text with structure that a small model can learn."""
    words = WORDS.split()
    draw = random.Random(7)
    sentences = [" ".join(draw.choice(words) for _ in range(9)).capitalize() + ".\n" for _ in range(1200)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "text.md").write_text("".join(sentences), encoding="utf-8")
    return folder
