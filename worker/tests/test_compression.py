"""Rounding on the wire: its bounds, what must not be hidden by it, and what it does to training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from gang import connect_all, no_check, run_gang
from plans import make_plan
from torch import Tensor

from bace_worker import plan as plans
from bace_worker.transport.compression import codec

LENGTH = 48


def over_the_wire(compression: str, rows: Tensor) -> Tensor:
    code = codec(compression, rows.shape[-1], rows.dtype)
    wire = bytearray(code.encode(rows))
    assert len(wire) == len(rows) * code.row_bytes
    arrived = torch.full_like(rows, torch.nan)
    code.decode(memoryview(wire), arrived)
    return arrived


def samples() -> Tensor:
    """Rows of very different magnitudes, with outliers and exact zeros."""
    generator = torch.Generator().manual_seed(3)
    rows = torch.randn(200, LENGTH, generator=generator)
    rows *= torch.logspace(-30, 30, 200)[:, None]
    rows[::7, 5] *= 1000
    rows[::5, ::3] = 0
    rows[11] = 0
    return rows


def test_uncompressed_rows_are_the_same() -> None:
    assert torch.equal(over_the_wire("none", samples()), samples())


def test_bfloat16_is_within_its_bound() -> None:
    rows = samples()
    assert ((over_the_wire("bfloat16", rows) - rows).abs() <= rows.abs() / 256).all()


def test_bfloat16_rounds_ties_to_even() -> None:
    """1 + 1/256 lies between 1 and 1 + 2/256; 1 + 3/256 between 1 + 2/256 and 1 + 4/256."""
    rows = torch.tensor([[1 + 1 / 256, 1 + 3 / 256, 1 + 1.01 / 256]])
    assert over_the_wire("bfloat16", rows).tolist() == [[1, 1 + 4 / 256, 1 + 2 / 256]]


def test_int8_is_within_its_bound() -> None:
    rows = samples()
    largest = rows.abs().amax(-1, keepdim=True)
    assert ((over_the_wire("int8", rows) - rows).abs() <= largest / 254 * (1 + 1e-5)).all()


def test_int8_keeps_the_largest_magnitude_and_zeros() -> None:
    rows = torch.tensor([[-3.0, 0.0, 1.5], [0.0, 0.0, 0.0]])
    arrived = over_the_wire("int8", rows)
    torch.testing.assert_close(arrived[0, 0], torch.tensor(-3.0))
    assert arrived[0, 1] == 0
    assert torch.equal(arrived[1], torch.zeros(3))


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("compression", ["none", "bfloat16", "int8"])
def test_divergence_is_not_hidden(compression: str, value: float) -> None:
    rows = torch.ones(2, LENGTH)
    rows[0, 4] = value
    arrived = over_the_wire(compression, rows)
    assert not torch.isfinite(arrived[0, 4])
    assert torch.isfinite(arrived[1]).all()


def test_int8_of_bfloat16_tensors() -> None:
    rows = samples().bfloat16()
    largest = rows.float().abs().amax(-1, keepdim=True)
    errors = (over_the_wire("int8", rows).float() - rows.float()).abs()
    assert (errors <= largest * (1 / 254 + 1 / 256)).all()  # the result is rounded to bfloat16 once more


@pytest.mark.parametrize(("compression", "share"), [("none", 1), ("bfloat16", 1 / 2), ("int8", 36 / 128)])
def test_less_is_on_the_wire(text: Path, compression: str, share: float) -> None:
    """32 values to a row: 128 bytes, 64, or 32 and a scale."""
    link = {"compression": compression, "streams": 2, "chunkBytes": 1000}
    first, second = connect_all(plans.read(make_plan(text, 2, link=link)))
    tensor = torch.randn(2, 32, 32)
    first.send("F", 1, 0, 1, tensor)
    arrived = second.take("F", 1, 0, 1, no_check)
    assert torch.equal(arrived.view(64, 32), over_the_wire(compression, tensor.view(64, 32)))
    first.close(no_check)
    (transfer,) = first.take_transfers()
    assert transfer.size == 8192
    assert transfer.wire_bytes == 8192 * share


@pytest.mark.parametrize(("compression", "distance"), [("bfloat16", 0.002), ("int8", 0.01)])
def test_training_stays_close(text: Path, compression: str, distance: float) -> None:
    """Of the loss of every step of 24; it falls by more than 2 meanwhile."""
    training = {"steps": 24}
    exact = run_gang(make_plan(text, 3, training=training)).losses()
    assert exact[-1] < exact[0] - 2
    rounded = run_gang(make_plan(text, 3, training=training, link={"compression": compression})).losses()
    assert exact != rounded
    assert rounded == pytest.approx(exact, abs=distance, rel=0)
