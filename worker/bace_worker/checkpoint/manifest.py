"""What is written down about a checkpoint: which training it belongs to, and every file with its hash.

The manifest carries a hash over itself, so that an altered one is as recognisable as an altered layer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ..plan import Model

FORMAT = "bace-pipe checkpoint 1"


@dataclass(frozen=True, order=True)
class Reference:
    """A checkpoint's name: the epoch that wrote it, and the step after which. Ordered from old to new."""

    epoch: int
    step: int

    @property
    def folder(self) -> str:
        return f"epoch-{self.epoch:08d}-step-{self.step:08d}"


@dataclass(frozen=True)
class Run:
    """What a checkpoint must agree with. Together with the step, `seed` is the place in the data."""

    job_id: str
    epoch: int
    model: Model
    seed: int

    @property
    def layers(self) -> tuple[str, ...]:
        return ("embedding", *(f"layer-{number}" for number in range(self.model.layers)), "head")


@dataclass(frozen=True)
class LayerFile:
    layer: str
    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    reference: Reference
    job_id: str
    model: dict[str, object]
    seed: int
    files: tuple[LayerFile, ...]


def model_shape(model: Model) -> dict[str, object]:
    return {_camel(name): value for name, value in asdict(model).items()}


def sha256_of(pieces: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _camel(name: str) -> str:
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def render(manifest: Manifest) -> bytes:
    """JSON with a hash over the rest of it."""
    body = {
        "format": FORMAT,
        "jobId": manifest.job_id,
        "epoch": manifest.reference.epoch,
        "step": manifest.reference.step,
        "seed": manifest.seed,
        "model": manifest.model,
        "files": [
            {"layer": file.layer, "name": file.name, "sizeBytes": file.size_bytes, "sha256": file.sha256}
            for file in manifest.files
        ],
    }
    body["sha256"] = sha256_of([json.dumps(body).encode()])
    return json.dumps(body, indent=1).encode() + b"\n"


def parse(text: bytes) -> Manifest:
    """Raises ValueError, KeyError or TypeError. What it returns may be altered: compare `render` of it."""
    body = json.loads(text)
    if body["format"] != FORMAT:
        raise ValueError(f"format {body['format']!r}, this worker reads {FORMAT!r}")
    return Manifest(
        Reference(body["epoch"], body["step"]),
        body["jobId"],
        body["model"],
        body["seed"],
        tuple(
            LayerFile(file["layer"], file["name"], file["sizeBytes"], file["sha256"])
            for file in body["files"]
        ),
    )
