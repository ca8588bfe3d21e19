"""Training text, by byte, and samples of it. One depends on (seed, step, micro-batch), never on the layout.

Every rank that needs text reads it itself, so nothing but activations crosses regions; `text_hash` lets the
control plane refuse a gang whose regions hold different copies. The text is one array of bytes (1 byte per
token), filled in place. Files of tokens, which need not fit in memory, are opened in token_files.py.
Left out: tokenizers, and drawing without replacement.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import TypeAlias

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..exit_codes import UserError
from ..plan import Data, Plan

Tokens: TypeAlias = NDArray[numpy.uint8] | NDArray[numpy.uint16] | NDArray[numpy.uint32]

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
    """Samples: windows of sequence + 1 tokens at positions drawn with replacement.

    Every position of every part is as likely as any other; a window never spans two parts.
    """

    def __init__(self, plan: Plan, *parts: Tokens) -> None:
        self._seed = plan.training.seed
        self._size = plan.training.microbatch_size
        self._vocabulary = plan.model.vocabulary_size
        self._window = plan.model.sequence_length + 1
        self._parts = parts
        positions = [max(0, len(part) - self._window + 1) for part in parts]
        self._ends = numpy.cumsum(positions, dtype=numpy.int64)
        self._begins = self._ends - positions

    def sample(self, step: int, microbatch: int) -> tuple[Tensor, Tensor]:
        """Tokens and the tokens that follow them, both (microbatch size, sequence) of int64.

        microbatch: its number among those of all replicas. Raises UserError for a token that is not in the
        vocabulary.
        """
        # random_raw is the one stream that numpy promises to keep the same in every version
        stream = numpy.random.PCG64(numpy.random.SeedSequence((self._seed, step, microbatch)))
        drawn = (stream.random_raw(self._size) % numpy.uint64(self._ends[-1])).astype(numpy.int64)
        numbers = numpy.searchsorted(self._ends, drawn, side="right")
        rows = numpy.empty((self._size, self._window), dtype=numpy.int64)
        for row, number, start in zip(rows, numbers, drawn - self._begins[numbers], strict=True):
            row[:] = self._parts[number][start : start + self._window]
        if rows.max() >= self._vocabulary:
            raise UserError(
                f"training.data: token {rows.max()} in file {numbers[rows.max(1).argmax()] + 1}, and"
                f" model.vocabularySize is {self._vocabulary}. Correct it, or use the tokenizer's own files"
            )
        return torch.from_numpy(rows[:, :-1]), torch.from_numpy(rows[:, 1:])
