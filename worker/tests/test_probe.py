"""Measuring a link: the choice of streams, both directions, and the command line as two hosts use it."""

from __future__ import annotations

import json

import pytest
from gang import in_parallel
from processes import bace_worker

from bace_worker.exit_codes import PEER_LOST, USER_ERROR
from bace_worker.probe.hosts import main
from bace_worker.probe.link import Measurement, Setting, choose_streams


@pytest.mark.parametrize(
    ("goodput", "chosen"),
    [
        ({1: 100, 2: 99, 4: 101}, 1),
        ({1: 560, 2: 940, 4: 955, 8: 956, 16: 940}, 2),
        ({1: 560, 2: 930, 4: 955, 8: 956, 16: 940}, 4),
        ({16: 5, 8: 3}, 16),
    ],
)
def test_fewest_streams_within_two_per_cent_of_the_best(goodput: dict[int, float], chosen: int) -> None:
    assert choose_streams(goodput) == chosen


@pytest.mark.parametrize("sender", [0, 1])
def test_the_receiver_measures(sender: int) -> None:
    setting = Setting(2, 1 << 16, 1 << 20, "none", sender, 0.05)
    ends = [Measurement(setting, rank, "127.0.0.1", "key") for rank in (0, 1)]
    results: dict[int, tuple[float | None, float]] = {}

    def run(rank: int) -> None:
        results[rank] = ends[rank].run(ends[1 - rank].address)

    in_parallel([lambda: run(0), lambda: run(1)])
    assert results[sender][0] is None
    goodput, round_trip_seconds = results[1 - sender]
    assert goodput is not None
    assert goodput > 1e6
    assert 0 < round_trip_seconds < 1


def test_two_hosts() -> None:
    listener = bace_worker("probe", "--listen", "127.0.0.1:0", "--key", "secret")
    try:
        assert listener.stdout is not None
        address = json.loads(listener.stdout.readline())["listening"]
        visitor = bace_worker(
            *("probe", "--to", address, "--key", "secret", "--streams", "2", "--seconds", "0.05"),
            *("--buffer-bytes", "1000000"),
        )
        output, errors = visitor.communicate(timeout=60)
        assert visitor.returncode == 0, errors
        assert listener.wait(10) == 0
    finally:
        listener.kill()
        listener.communicate()
    report = json.loads(output)
    measured = [(r["direction"], r["bufferBytes"], r["streams"]) for r in report["results"]]
    assert measured == [(direction, buffer, 2) for direction in ("out", "back") for buffer in (None, 1000000)]
    assert all(result["goodputBitsPerSecond"] > 1e6 for result in report["results"])
    assert 0 < report["roundTripSeconds"] < 1
    for direction in ("out", "back"):
        assert report["chosen"][direction] == {"defaultWindows": 2, "largeWindows": 2}


def test_another_key_gets_no_measurement() -> None:
    listener = bace_worker("probe", "--listen", "127.0.0.1:0", "--key", "secret")
    try:
        assert listener.stdout is not None
        address = json.loads(listener.stdout.readline())["listening"]
        visitor = bace_worker("probe", "--to", address, "--key", "guess", "--streams", "1")
        visitor.communicate(timeout=60)
        assert visitor.returncode == PEER_LOST
        _, errors = listener.communicate(timeout=60)
        assert listener.returncode == PEER_LOST
        assert "the other end has another key" in errors
    finally:
        listener.kill()


@pytest.mark.parametrize(("to", "streams"), [("nowhere", "1"), ("127.0.0.1:9", "x"), ("127.0.0.1:9", "0")])
def test_wrong_arguments_are_user_errors(to: str, streams: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(None, to, "key", streams, 1 << 20, 1.0) == USER_ERROR
    assert repr(to if to == "nowhere" else streams) in capsys.readouterr().err


def test_nobody_listening_is_a_lost_peer() -> None:
    assert main(None, "127.0.0.1:9", "key", "1", 1 << 20, 1.0) == PEER_LOST
