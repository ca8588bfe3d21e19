"""What a link between two hosts carries, by number of streams: for `streams` and `bufferBytes` of a plan.

One host listens, the other comes to it, once for each setting, with the worker's own transport; both
directions, one after the other, with the kernel's windows and with large ones. JSON on standard output, from
the one that comes. The two agree over a connection of their own, a line of JSON each way per measurement,
with a proof that its writer has the key. The listener serves one visitor and ends.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, TextIO

import torch

from ..exit_codes import FINISHED, PeerLost, UserError, WorkerError
from ..transport.sockets import GIL_SWITCH_SECONDS, tune
from .link import Measurement, Setting, choose_streams

STREAMS = (1, 2, 4, 8, 16)
LARGE_BYTES = 16 << 20
CHUNK_BYTES = 1 << 20
PATIENCE_SECONDS = 120.0
DIRECTIONS = {0: "out", 1: "back"}


@dataclass(frozen=True)
class Result:
    setting: Setting
    goodput_bits_per_second: float

    def as_json(self) -> dict[str, object]:
        return {
            "direction": DIRECTIONS[self.setting.sender],
            "streams": self.setting.streams,
            "bufferBytes": self.setting.buffer_bytes,
            "goodputBitsPerSecond": round(self.goodput_bits_per_second),
        }


def main(
    listen: str | None, to: str | None, key: str, streams: str, buffer_bytes: int, seconds: float
) -> int:
    """The subcommand. Returns its exit code."""
    sys.setswitchinterval(GIL_SWITCH_SECONDS)
    torch.set_num_threads(1)
    try:
        if listen is not None:
            serve(socket.create_server(_address(listen)), key)
        elif to is not None:
            wanted = settings(_counts(streams), buffer_bytes, seconds)
            print(json.dumps(visit(_address(to), key, wanted)))
    except WorkerError as error:
        print(f"bace_worker probe: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"bace_worker probe: {listen or to}: {error}", file=sys.stderr)
        return PeerLost.exit_code
    return FINISHED


def settings(streams: Sequence[int], buffer_bytes: int, seconds: float) -> Iterator[Setting]:
    for sender, buffer, count in product(DIRECTIONS, (None, buffer_bytes), streams):
        yield Setting(count, CHUNK_BYTES, buffer, "none", sender, seconds)


def serve(listener: socket.socket, key: str) -> None:
    """Takes part in the measurements of one visitor."""
    with listener:
        host, port = listener.getsockname()[:2]
        print(json.dumps({"listening": f"{host}:{port}"}), flush=True)
        sock, _ = listener.accept()
    tune(sock)
    with sock, sock.makefile("rw") as lines:
        own_host = sock.getsockname()[0]
        for line in lines:
            request = _opened(line, key)
            measurement = Measurement(Setting(**request["setting"]), 1, own_host, key)
            _tell(lines, {"address": measurement.address}, key)
            goodput, _ = measurement.run(tuple(request["address"]))
            _tell(lines, {"goodput": goodput}, key)


def visit(address: tuple[str, int], key: str, wanted: Iterator[Setting]) -> dict[str, object]:
    """Measures every setting with the listener at `address`. Raises OSError or PeerLost."""
    results: list[Result] = []
    round_trips: list[float] = []
    with socket.create_connection(address, PATIENCE_SECONDS) as sock, sock.makefile("rw") as lines:
        for setting in wanted:
            measurement = Measurement(setting, 0, sock.getsockname()[0], key)
            _tell(lines, {"setting": asdict(setting), "address": measurement.address}, key)
            near, seconds = measurement.run(tuple(_hear(lines, key)["address"]))
            far = _hear(lines, key)["goodput"]
            results.append(Result(setting, far if near is None else near))
            round_trips.append(seconds)
    return {
        "roundTripSeconds": min(round_trips),
        "chunkBytes": CHUNK_BYTES,
        "results": [result.as_json() for result in results],
        "chosen": {name: _chosen(results, sender) for sender, name in DIRECTIONS.items()},
    }


def _chosen(results: Sequence[Result], sender: int) -> dict[str, object]:
    """By windows, since who may not change the kernel's is interested in those alone."""
    chosen: dict[str, object] = {}
    for name, large in (("defaultWindows", False), ("largeWindows", True)):
        rates = {
            result.setting.streams: result.goodput_bits_per_second
            for result in results
            if result.setting.sender == sender and (result.setting.buffer_bytes is not None) == large
        }
        chosen[name] = choose_streams(rates)
    return chosen


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise UserError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _counts(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise UserError(f"--streams: {text!r} is not a list of counts, such as 1,2,4")
    return [int(part) for part in parts]


def _tell(lines: TextIO, message: dict[str, Any], key: str) -> None:
    text = json.dumps(message)
    lines.write(f"{_proof(text, key)} {text}\n")
    lines.flush()


def _hear(lines: TextIO, key: str) -> dict[str, Any]:
    line = lines.readline()
    if not line:
        raise PeerLost("the listener has ended: see what it says there")
    return _opened(line, key)


def _opened(line: str, key: str) -> dict[str, Any]:
    proof, _, text = line.strip().partition(" ")
    if not hmac.compare_digest(proof.encode(), _proof(text, key).encode()):
        raise PeerLost("the other end has another key")
    message: dict[str, Any] = json.loads(text)
    return message


def _proof(text: str, key: str) -> str:
    return hmac.digest(key.encode(), text.encode(), hashlib.sha256).hex()
