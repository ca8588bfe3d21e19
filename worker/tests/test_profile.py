"""`profile`: its figures are of the stage that trains, and add up to a whole model, in time and in bytes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy
import pytest
import torch
from torch import Tensor

from bace_worker import __main__ as command_line
from bace_worker.data.batches import Batches
from bace_worker.exit_codes import BAD_PLAN, DEFECT, USER_ERROR
from bace_worker.model.model import Head, Layer
from bace_worker.model.weight_gradients import Embedding, WaitingGradient
from bace_worker.plan import Stage
from bace_worker.profile import measure as profiles
from bace_worker.profile.kept_bytes import KeptBytes, count_bytes
from bace_worker.profile.machine import machine_name, matmul_flops_per_second
from bace_worker.profile.parts import Part
from bace_worker.profile.request import Request, add_arguments, request

SECONDS = {
    "forwardSeconds",
    "backwardSeconds",
    "inputGradSeconds",
    "weightGradSeconds",
    "updateSeconds",
    "recomputationSeconds",
}


def flags(**changes: Any) -> list[str]:
    asked = {
        "vocabulary-size": 256,
        "hidden-size": 32,
        "layers": 3,
        "attention-heads": 4,
        "key-value-heads": 2,
        "feed-forward-size": 64,
        "sequence-length": 32,
        "microbatch-size": 2,
        "layers-together": 2,
        "time-limit": 0.1,
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return [text for name, value in asked.items() for text in (f"--{name}", str(value))]


def asked(**changes: Any) -> Request:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return request(parser.parse_args(flags(**changes)))


def part(
    of: Request, layers: int = 0, *, embedding: bool = False, head: bool = False, recompute: bool = False
) -> Part:
    tokens = numpy.arange(4096, dtype=numpy.uint16) % 256
    shape = Stage(0, "here", 0, layers, embedding, head, recompute)
    return Part(of.plan, shape, Batches(of.plan, tokens))


def kept(of: Request, layers: int = 0, **ends: bool) -> KeptBytes:
    return count_bytes(part(of, layers, **ends))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_part_takes_time_and_keeps_bytes(dtype: str) -> None:
    figures: Any = profiles.profile(asked(dtype=dtype))
    for name in ("embedding", "layer", "head"):
        measured = figures[name]
        assert set(measured) == SECONDS | {"activationBytes", "weightGradBytes", "spread", "rounds"}
        assert all(measured[field] >= 0 for field in SECONDS)
        assert all(measured[field] > 0 for field in ("backwardSeconds", "weightGradSeconds", "updateSeconds"))
        assert measured["activationBytes"] > 0
        assert measured["weightGradBytes"] > 0
        assert all(spread >= 0 for spread in measured["spread"].values())
        assert measured["rounds"] >= 5
    for name in ("layer", "head"):
        assert figures[name]["forwardSeconds"] > 0
        assert figures[name]["inputGradSeconds"] > 0
    assert figures["overheadSeconds"] > 0
    assert figures["boundaryBytes"] == 2 * 32 * 32 * (4 if dtype == "float32" else 2)
    assert figures["machine"]["matmulFlopsPerSecond"] > 0
    assert json.loads(json.dumps(figures)) == figures


def test_parts_add_up_to_the_whole_model() -> None:
    """Within a factor of five: the machine may have been busy with something else meanwhile."""
    figures: Any = profiles.profile(asked(time_limit=2))
    whole = part(asked(), 3, embedding=True, head=True).measure(0.01, 1.0).seconds
    for field, kind in {"forwardSeconds": "F", "backwardSeconds": "B"}.items():
        parts = figures["embedding"][field] + 3 * figures["layer"][field] + figures["head"][field]
        assert 1 / 5 < (parts + figures["overheadSeconds"]) / whole[kind] < 5


def test_figures_are_what_a_part_adds_to_an_empty_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that only passes while modules and weight gradients are computed, and with every block."""
    clock = Clock()
    monkeypatch.setattr("bace_worker.profile.parts.time", clock)
    for module, forward, backward in ((Layer, 8, 16), (Head, 4, 2), (Embedding, 1, 0.5)):
        monkeypatch.setattr(module, "forward", clock.slowed(module.forward, forward, backward))
    accumulate = WaitingGradient.accumulate
    monkeypatch.setattr(WaitingGradient, "accumulate", lambda self: (clock.pass_by(0.25), accumulate(self)))
    figures: Any = profiles.profile(asked())
    assert figures["overheadSeconds"] == Clock.STEP
    blocks = (
        "forwardSeconds",
        "backwardSeconds",
        "inputGradSeconds",
        "weightGradSeconds",
        "recomputationSeconds",
    )
    for name, weights, forward, backward in (
        ("layer", 9, 8, 16),
        ("head", 2, 4, 2),
        ("embedding", 1, 1, 0.5),
    ):
        waited = 0.25 * weights
        again = forward if name == "layer" else 0  # layers alone are computed again
        expected = [forward, backward + waited, backward, waited, again]
        assert [figures[name][field] for field in blocks] == expected


def test_bytes_add_up_to_the_whole_model() -> None:
    of = asked()
    nothing, one, whole = kept(of), kept(of, 1), kept(of, 3, embedding=True, head=True)
    embedding, head = kept(of, embedding=True), kept(of, head=True)
    assert nothing == KeptBytes(activation=4 * 2 * 32 * 32, weight_gradient=0)
    layers, end = (3 * (one.activation - nothing.activation), head.activation - nothing.activation)
    assert embedding.activation + layers + end == whole.activation
    weights = embedding.weight_gradient + 3 * one.weight_gradient + head.weight_gradient
    assert weights == whole.weight_gradient


def test_bytes_do_not_count_weights() -> None:
    """A long feed-forward for one token: whatever is kept is far less than the weights."""
    of = asked(hidden_size=64, feed_forward_size=4096, sequence_length=1, microbatch_size=1, dtype="bfloat16")
    assert kept(of, 1).activation < 64 * 4096


def test_half_the_bytes_with_half_the_precision() -> None:
    full, half = kept(asked(), 1), kept(asked(dtype="bfloat16"), 1)
    assert 0.4 < half.weight_gradient / full.weight_gradient < 0.6


def test_recomputation_keeps_the_input_alone_and_measures_the_same_kinds() -> None:
    times = part(asked(), 2, recompute=True).measure(0.5, 0.1)
    assert set(times.seconds) == {"F", "B", "I", "W", "UPDATE", "REFRESH"}
    assert all(seconds > 0 for seconds in times.seconds.values())


def test_measuring_ends_when_the_error_is_small_or_the_time_over() -> None:
    of = asked()
    assert part(of, 1).measure(relative_error=1e9, limit_seconds=60).rounds == 5
    impossible = part(of, 1).measure(relative_error=1e-12, limit_seconds=0.2)
    assert impossible.rounds >= 5
    assert impossible.relative_error > 1e-12


def test_more_layers_than_the_model_has_are_not_measured() -> None:
    assert asked(layers_together=9).layers_together == 3


def test_the_command_prints_json_and_says_what_it_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, flags()) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["layersTogether"] == 2
    assert err.splitlines()[0] == "measuring an empty stage"
    assert "measuring layers, 2 as one" in err


@pytest.mark.parametrize(
    ("changes", "exit_code", "said"),
    [
        ({"attention_heads": 5}, BAD_PLAN, "model.attentionHeads: 5 does not divide hiddenSize 32"),
        ({"layers": 0}, BAD_PLAN, "model.layers"),
        ({"layers_together": 0}, USER_ERROR, "--layers-together: is 0, must be 1 or more"),
        ({"time_limit": 0}, USER_ERROR, "--relative-error and --time-limit"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, int],
    exit_code: int,
    said: str,
) -> None:
    assert run(monkeypatch, flags(**changes)) == exit_code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a CUDA device")
def test_a_device_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, flags(device="cuda")) == USER_ERROR
    assert "use cpu" in capsys.readouterr().err


def test_too_little_memory_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(asked: Request) -> dict[str, object]:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(profiles, "profile", fails)
    assert run(monkeypatch, flags()) == USER_ERROR
    assert "Measure fewer --layers-together" in capsys.readouterr().err


def test_a_defect_is_told_from_what_the_user_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(asked: Request) -> dict[str, object]:
        raise AssertionError("oh")

    monkeypatch.setattr(profiles, "profile", fails)
    assert run(monkeypatch, flags()) == DEFECT
    assert "AssertionError: oh" in capsys.readouterr().err


def test_the_machine_has_a_name_and_multiplies() -> None:
    assert machine_name("cpu") != ""
    assert matmul_flops_per_second("cpu", "float32") > 0


class Clock:
    """In place of the module `time`."""

    STEP = 0.125

    def __init__(self) -> None:
        self.seconds = 0.0

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds

    def perf_counter(self) -> float:
        """A block asks twice, and so takes one step."""
        self.seconds += self.STEP
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def slowed(
        self, forward: Callable[..., Tensor], seconds: float, backward_seconds: float
    ) -> Callable[..., Tensor]:
        def slow(module: Any, x: Tensor) -> Tensor:
            self.pass_by(seconds)
            output = forward(module, x)
            if output.requires_grad:
                output.register_hook(lambda gradient: self.pass_by(backward_seconds))
            return output

        return slow


def run(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> int:
    monkeypatch.setattr("sys.argv", ["bace_worker", "profile", *arguments])
    return command_line.main()
