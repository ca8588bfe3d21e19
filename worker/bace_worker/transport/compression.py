"""How a tensor lies on the wire: as it is, rounded to bfloat16, or as 8-bit integers with a scale per row.

A row is the last dimension: one token's hidden state. Rows are encoded and decoded chunk by chunk in the
threads of the connections: several work at the same time, a chunk is encoded while others are on their way,
the main thread spends nothing, and what is held besides the tensor is a chunk per connection. (On a GPU the
copy to the host is the main cost; encoding there first would save half of it, and is left out.)

Errors, by element x of a row whose largest magnitude is a:
  bfloat16: |x| / 256 at most (round to nearest, ties to even; bfloat16 has 8 significant bits)
  int8:     a / 254 at most, but for float32's own rounding (a/127 is the step; a above 1e-36)
A row with an infinity or a NaN arrives as NaN in int8: training that diverged must not look as if it had not.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Codec(Protocol):
    """Of rows of one length and type."""

    row_bytes: int
    """Of a row on the wire."""

    def encode(self, rows: Tensor) -> memoryview:
        """`rows`: (rows, length), contiguous, on the CPU."""

    def decode(self, wire: memoryview, rows: Tensor) -> None:
        """Fills `rows` from the first len(rows) * row_bytes bytes of `wire`."""


class Raw:
    """Rows as they are; what arrives needs no decoding, since it is read into the tensor."""

    def __init__(self, length: int, dtype: torch.dtype) -> None:
        self.row_bytes = length * dtype.itemsize

    def encode(self, rows: Tensor) -> memoryview:
        return bytes_of(rows)

    def decode(self, wire: memoryview, rows: Tensor) -> None:
        bytes_of(rows)[:] = wire[: len(rows) * self.row_bytes]


class Bfloat16:
    def __init__(self, length: int) -> None:
        self.row_bytes = length * 2

    def encode(self, rows: Tensor) -> memoryview:
        return bytes_of(rows.to(torch.bfloat16))

    def decode(self, wire: memoryview, rows: Tensor) -> None:
        values = torch.frombuffer(wire, dtype=torch.bfloat16, count=rows.numel())
        rows.copy_(values.view(rows.shape))


class Int8:
    """A chunk is the scales of its rows (float32), then their integers."""

    def __init__(self, length: int) -> None:
        self.row_bytes = length + 4

    def encode(self, rows: Tensor) -> memoryview:
        values = rows.float()
        scales = values.abs().amax(-1, keepdim=True) / 127
        steps = values / torch.where(scales > 0, scales, 1)
        wire = torch.empty(len(rows) * self.row_bytes, dtype=torch.uint8)
        wire[: 4 * len(rows)].view(torch.float32).copy_(scales.view(-1))
        integers = wire[4 * len(rows) :].view(torch.int8).view(rows.shape)
        integers.copy_(steps.round_().clamp_(-127, 127).nan_to_num_(0.0))
        return bytes_of(wire)

    def decode(self, wire: memoryview, rows: Tensor) -> None:
        scales = torch.frombuffer(wire, dtype=torch.float32, count=len(rows))
        integers = torch.frombuffer(wire, dtype=torch.int8, count=rows.numel(), offset=4 * len(rows))
        if rows.dtype == torch.float32:
            torch.mul(integers.view(rows.shape), scales.view(-1, 1), out=rows)
        else:
            rows.copy_(integers.view(rows.shape) * scales.view(-1, 1))


def codec(compression: str, length: int, dtype: torch.dtype) -> Codec:
    """`compression`: of the plan's link. bfloat16 tensors are not rounded again."""
    match compression:
        case "none":
            return Raw(length, dtype)
        case "bfloat16":
            return Raw(length, dtype) if dtype == torch.bfloat16 else Bfloat16(length)
        case "int8":
            return Int8(length)
    raise AssertionError(f"no compression is called {compression!r}")


def bytes_of(tensor: Tensor) -> memoryview:
    """The memory of a contiguous tensor."""
    return tensor.view(-1).view(torch.uint8).numpy().data.cast("B")
