"""One measurement of a link: tensors through the worker's own transport, between two processes.

Nothing else is like it: threads, chunks, acknowledgements and encryption are those of training. The receiver
measures, from a message that arrived after the start was over to one that arrived `seconds` later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ..model.learning_rate import Schedule
from ..plan import Action, Control, Data, Link, Model, Plan, Rank, Stage, Tls, Training
from ..transport.connecting import Address
from ..transport.transport import Transport

MESSAGE_BYTES = 1 << 20
MESSAGES_PER_STEP = 256
START_SECONDS = 2.0
"""Slow start ends with losses, and with megabytes that wait for what was lost: they would count as quick."""
LEAST_MESSAGES = 4
LEAST_OUTSTANDING = 8
WAIT_SECONDS = 0.001


@dataclass(frozen=True)
class Setting:
    """`bufferBytes` None: the kernel's windows."""

    streams: int
    chunk_bytes: int
    buffer_bytes: int | None
    compression: str
    sender: int
    """0 or 1: the rank that sends."""
    seconds: float


def forwards(stage: int) -> tuple[Action, ...]:
    """What a transport sees of a schedule: whose micro-batches they are."""
    return tuple(Action("F", stage, microbatch) for microbatch in range(MESSAGES_PER_STEP))


def plan_of(setting: Setting, key: str, tls: Tls | None) -> Plan:
    """Two ranks with a stage each, of a model that is never built. Messages are of MESSAGE_BYTES."""
    hidden = 1024
    rows = MESSAGE_BYTES // hidden // 4
    link = Link(
        *(0, 1, "tcp", setting.streams, setting.chunk_bytes, setting.buffer_bytes, setting.compression, None)
    )
    back = Link(1, 0, *(getattr(link, name) for name in list(Link.__dataclass_fields__)[2:]))
    return Plan(
        job_id="probe",
        epoch=0,
        launch_key=key,
        model=Model(256, hidden, 2, 1, 1, hidden, rows, False),
        training=Training(
            steps=2**31,
            microbatches=MESSAGES_PER_STEP,
            microbatch_size=1,
            seed=0,
            learning_rate=Schedule(1, 1, 0, 0),
            weight_decay=0,
            gradient_clip_norm=None,
            dtype="float32",
            device="cpu",
            data=Data("text", (), ()),
        ),
        stages=tuple(Stage(i, f"side {i}", i, 1, i == 0, i == 1, False) for i in (0, 1)),
        schedule="probe",
        replicas=1,
        gradient_bucket_bytes=1,
        ranks=tuple(Rank(i, 0, (i,), f"side {i}", forwards(i)) for i in (0, 1)),
        activation_caps=None,
        links=(link, back),
        emulated_compute=None,
        checkpoint=None,
        tls=tls,
        control=Control("http://localhost", 1),
    )


class Measurement:
    """One end. `address` is for the other end."""

    def __init__(self, setting: Setting, rank: int, host: str, key: str, tls: Tls | None = None) -> None:
        self._setting = setting
        self._rank = rank
        self._over = threading.Event()
        self._transport = Transport(plan_of(setting, key, tls), rank, host)
        self._transport.on_stop = lambda _peer, _step: self._over.set()
        self.address: Address = self._transport.address

    def run(self, peer: Address) -> tuple[float | None, float]:
        """Bits of tensors per second, where this end receives them; and least seconds there and back.

        Raises PeerLost.
        """
        self._transport.connect({1 - self._rank: peer}, _no_check)
        goodput = None
        if self._setting.sender == self._rank:
            self._send()
        else:
            goodput = self._receive()
        seconds = self._transport.round_trips()[1 - self._rank]
        self._transport.close(_no_check)
        return goodput, seconds

    def _send(self) -> None:
        tensor = torch.randn(1, MESSAGE_BYTES // 4096, 1024)
        sent = arrived = 0
        while not self._over.is_set():
            self._transport.raise_if_lost()
            arrived += len(self._transport.take_transfers())
            # enough to fill any link, and what is under way at the end no more than took as long before
            while sent - arrived < min(max(LEAST_OUTSTANDING, arrived // 2), MESSAGES_PER_STEP):
                self._transport.send(*self._name(sent), tensor)
                sent += 1
            self._over.wait(WAIT_SECONDS)

    def _receive(self) -> float:
        peer = 1 - self._rank
        samples: list[tuple[float, int]] = []
        number = 0
        begun = time.monotonic()
        while len(samples) <= LEAST_MESSAGES or samples[-1][0] - samples[0][0] < self._setting.seconds:
            self._transport.take(*self._name(number), _no_check)
            number += 1
            if (now := time.monotonic()) - begun >= START_SECONDS:
                # all that has arrived: with many streams several messages are under way at the same time
                samples.append((now, self._transport.arrived_bytes(peer)))
        self._transport.note(peer, "S", 0, b"")
        (first, before), (last, after) = samples[0], samples[-1]
        return (after - before) * 8 / (last - first)

    def _name(self, number: int) -> tuple[str, int, int, int]:
        kind, stage = ("F", 1) if self._setting.sender == 0 else ("B", 0)
        return kind, stage, number % MESSAGES_PER_STEP, number // MESSAGES_PER_STEP + 1


def choose_streams(goodput: Mapping[int, float]) -> int:
    """The smallest count within 2 % of the best: each stream is a thread on both sides."""
    best = max(goodput.values())
    return min(streams for streams, rate in goodput.items() if rate >= 0.98 * best)


def _no_check() -> None:
    """Nobody asks a measurement to stop."""
