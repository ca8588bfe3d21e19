"""How the messages of a link are cut into chunks: both ends know it from the plan, no frame says otherwise.

A chunk is whole rows, about `chunk_bytes` on the wire. Messages that would be fewer chunks than the link has
streams are cut finer: each stream's window opens on its own, and over a long link the window is what a short
message waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ..model.model import DTYPES
from ..plan import Link, Plan
from .compression import Codec, codec

LEAST_CHUNK_BYTES = 64 << 10


@dataclass(frozen=True)
class Layout:
    """`shape`: of the tensor, whose type is `dtype`. `pinned`: of those that this end makes."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    pinned: bool
    codec: Codec
    rows: int
    rows_per_chunk: int

    @cached_property
    def chunks(self) -> int:
        return -(-self.rows // self.rows_per_chunk)

    @cached_property
    def tensor_bytes(self) -> int:
        return self.rows * self.shape[-1] * self.dtype.itemsize

    @cached_property
    def wire_bytes(self) -> int:
        return self.rows * self.codec.row_bytes

    def empty(self) -> Tensor:
        return torch.empty(self.shape, dtype=self.dtype, pin_memory=self.pinned)

    def rows_of(self, tensor: Tensor, index: int) -> Tensor:
        """Chunk `index` of a contiguous tensor: (rows, length), the same memory."""
        return tensor.view(self.rows, -1)[index * self.rows_per_chunk : (index + 1) * self.rows_per_chunk]

    def size(self, index: int) -> int:
        """Bytes of chunk `index` on the wire."""
        rows = min(self.rows_per_chunk, self.rows - index * self.rows_per_chunk)
        return rows * self.codec.row_bytes


def layout(plan: Plan, link: Link) -> Layout:
    training, length = plan.training, plan.model.hidden_size
    shape = (training.microbatch_size, plan.model.sequence_length, length)
    code = codec(link.compression, length, DTYPES[training.dtype])
    rows = shape[0] * shape[1]
    share = max(-(-rows // link.streams), LEAST_CHUNK_BYTES // code.row_bytes)
    rows_per_chunk = max(1, min(rows, share, link.chunk_bytes // code.row_bytes))
    return Layout(shape, DTYPES[training.dtype], training.device == "cuda", code, rows, rows_per_chunk)
