"""Files of tokens, memory-mapped: of any size, and read where samples need them.

`.npy` (NumPy's own header) with uint16 or uint32 in one dimension, or `.bin` as nanoGPT writes it: uint16,
little-endian, no header. Tokens are made elsewhere, with the tokenizer that the vocabulary belongs to.
Left out: compressed files, and files that change while they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy

from ..exit_codes import UserError
from .batches import Tokens

TYPES = (numpy.uint16, numpy.uint32)
HASHED_BLOCKS = 256
HASHED_BLOCK_BYTES = 1 << 16


def load_tokens(paths: Sequence[str], window: int) -> tuple[Tokens, ...]:
    """One array per file, in the order given. Raises UserError.

    window: tokens of one sample and the one that follows; at least one file must have as many.
    """
    parts = tuple(_open(Path(path)) for path in paths)
    longest = max((len(part) for part in parts), default=0)
    if longest < window:
        raise UserError(
            f"training.data: the longest of {len(parts)} files of tokens has {longest}, one sample needs"
            f" {window}. Add longer files or shorten model.sequenceLength"
        )
    return parts


def tokens_hash(parts: Sequence[Tokens]) -> str:
    """SHA-256 over each part's length, type, and 256 evenly spaced blocks of 64 KiB (all, where it has less).

    Tells other files from the same ones, without reading terabytes; not a change of single tokens.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)} {part.dtype.str};".encode())
        block = HASHED_BLOCK_BYTES // part.dtype.itemsize
        last = max(0, len(part) - block)
        blocks = min(HASHED_BLOCKS, -(-len(part) // block))
        for number in range(blocks):
            start = last * number // max(1, blocks - 1)
            digest.update(numpy.ascontiguousarray(part[start : start + block]).data)
    return digest.hexdigest()


def _open(path: Path) -> Tokens:
    where = f"training.data.paths: {path}"
    try:
        if path.suffix == ".npy":
            return _open_npy(path, where)
        if path.suffix == ".bin":
            return _open_bin(path, where)
    except FileNotFoundError:
        raise UserError(f"{where} does not exist on this machine. Copy it there, or correct it") from None
    except OSError as error:
        raise UserError(f"{where} cannot be read: {error.strerror}. Make it readable") from None
    raise UserError(f"{where} is no file of tokens. Name .npy (uint16, uint32) or .bin (uint16) files")


def _open_npy(path: Path, where: str) -> Tokens:
    try:
        array = numpy.lib.format.open_memmap(path, mode="r")
    except ValueError as error:
        raise UserError(f"{where} is no whole .npy file: {error}. Write or copy it again") from None
    if array.ndim != 1 or array.dtype not in TYPES:
        raise UserError(
            f"{where} has {array.ndim} dimensions of {array.dtype}, needs one of uint16 or uint32. Save it"
            " with numpy.save(path, tokens.astype(numpy.uint32).ravel())"
        )
    return array


def _open_bin(path: Path, where: str) -> Tokens:
    size = path.stat().st_size
    if size == 0 or size % 2:
        raise UserError(f"{where} has {size} bytes, which is no list of uint16. Write or copy it again")
    return numpy.memmap(path, dtype="<u2", mode="r")
