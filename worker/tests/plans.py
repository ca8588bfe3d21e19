"""Plans for tests: 1F1B over any number of stages of a small model, and text to train on."""

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


def make_plan(data: Path, stages: int = 2, **changes: Any) -> dict[str, Any]:
    """A plan whose stages alternate between two regions. `changes`: model=, training=, and top-level
    fields.
    """
    layers = 6
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
    regions = [("frankfurt", "virginia")[stage % 2] for stage in range(stages)]
    bounds = [round(model["layers"] * stage / stages) for stage in range(stages + 1)]
    neighbours = [(a, b) for a in range(stages) for b in (a - 1, a + 1) if 0 <= b < stages]
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
                "region": regions[stage],
                "firstLayer": bounds[stage],
                "layerCount": bounds[stage + 1] - bounds[stage],
                "embedding": stage == 0,
                "head": stage == stages - 1,
            }
            for stage in range(stages)
        ],
        "ranks": [
            {
                "rank": stage,
                "stage": stage,
                "region": regions[stage],
                "actions": one_f_one_b(stages, training["microbatches"], stage),
            }
            for stage in range(stages)
        ],
        "schedule": "1f1b",
        "links": [{"fromStage": a, "toStage": b, "emulated": link} for a, b in neighbours],
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
