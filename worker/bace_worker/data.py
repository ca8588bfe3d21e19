"""Training text, by byte. A sample depends on (seed, step, micro-batch) and never on the layout.

Every rank that needs text reads it itself, so nothing but activations crosses regions; `text_hash` lets the
control plane refuse a gang whose regions hold different copies. The text is one array of bytes (1 byte per
token), filled in place. Left out: tokenizers, and files that do not fit in memory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from .exit_codes import UserError
from .plan import Data, Plan

SKIPPED_FOLDERS = ("node_modules",)  # hidden folders, .venv among them, are skipped too


def text_files(data: Data) -> list[str]:
    """The files in reading order. Folders are walked sorted, and only their files are filtered by suffix."""
    files: list[str] = []
    for path in data.paths:
        if os.path.isdir(path):
            files.extend(_walk(path, data.suffixes))
        elif os.path.isfile(path):
            files.append(path)
        else:
            raise UserError(
                f"training.data.paths: {path} does not exist on this machine. Copy it there, or correct it"
            )
    return files


def _walk(folder: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in SKIPPED_FOLDERS
        )
        for name in sorted(names):
            if (not suffixes or name.endswith(suffixes)) and os.path.isfile(os.path.join(parent, name)):
                yield os.path.join(parent, name)


def load_text(data: Data, least_bytes: int) -> NDArray[numpy.uint8]:
    """All bytes of all files. Raises UserError for missing paths and for fewer than `least_bytes`."""
    files = text_files(data)
    text = numpy.empty(sum(os.path.getsize(file) for file in files), dtype=numpy.uint8)
    filled = 0
    for file in files:
        try:
            with open(file, "rb", buffering=0) as stream:
                while count := stream.readinto(text.data[filled:]):
                    filled += count
        except OSError as error:
            raise UserError(
                f"training.data.paths: cannot read {file}: {error.strerror}. Make it readable"
            ) from None
    if filled < least_bytes:
        raise UserError(
            f"training.data: {filled} bytes in {len(files)} files of {', '.join(data.paths)}, one"
            f" sample needs {least_bytes}. Add text, widen the suffixes or shorten model.sequenceLength"
        )
    return text[:filled]


def text_hash(text: NDArray[numpy.uint8]) -> str:
    return hashlib.sha256(text.data).hexdigest()


class Batches:
    """Samples of a text: windows of sequence + 1 bytes at positions drawn with replacement."""

    def __init__(self, plan: Plan, text: NDArray[numpy.uint8]) -> None:
        self._text = text
        self._seed = plan.training.seed
        self._size = plan.training.microbatch_size
        self._window = numpy.arange(plan.model.sequence_length + 1)

    def sample(self, step: int, microbatch: int) -> tuple[Tensor, Tensor]:
        """Tokens and the tokens that follow them, both (microbatch size, sequence) of int64."""
        # random_raw is the one stream that numpy promises to keep the same in every version
        stream = numpy.random.PCG64(numpy.random.SeedSequence((self._seed, step, microbatch)))
        starts = stream.random_raw(self._size) % numpy.uint64(len(self._text) - len(self._window) + 1)
        rows = self._text[starts.astype(numpy.int64)[:, None] + self._window].astype(numpy.int64)
        return torch.from_numpy(rows[:, :-1]), torch.from_numpy(rows[:, 1:])
