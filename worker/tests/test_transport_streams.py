"""Messages over several streams: whole, shared by speed, unharmed by a stall; measured rates; notes."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from gang import connect_all, in_parallel, no_check
from plans import make_plan
from relay import PIECE_BYTES, Relay
from torch import Tensor

from bace_worker import plan as plans
from bace_worker.exit_codes import PeerLost, Stopped
from bace_worker.transport.transport import Transport

MODEL = {"hiddenSize": 256, "sequenceLength": 256}
SHAPE = (2, 256, 256)
MESSAGE_BYTES = 512 << 10


def document(text: Path, streams: int, chunk_bytes: int = 1 << 14, **changes: Any) -> dict[str, Any]:
    link = {"streams": streams, "chunkBytes": chunk_bytes} | changes.pop("link", {})
    return make_plan(text, 2, model=MODEL, training={"microbatches": 16}, link=link, **changes)


def through_relay(plan: plans.Plan) -> tuple[Transport, Transport, Relay]:
    """Two ranks; what rank 0 sends goes through the relay."""
    transports = [Transport(plan, rank, "127.0.0.1") for rank in (0, 1)]
    relay = Relay(transports[1].address)
    addresses = {0: transports[0].address, 1: relay.address}
    in_parallel([lambda t=t: t.connect(addresses, no_check) for t in transports])
    return transports[0], transports[1], relay


def messages(count: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(SHAPE, generator=generator) for _ in range(count)]


@pytest.mark.parametrize("streams", [1, 2, 5])
@pytest.mark.parametrize("chunk_bytes", [1, 3 << 10, 1 << 20])
def test_messages_arrive_whole(text: Path, streams: int, chunk_bytes: int) -> None:
    """Whatever they are cut into: rows, pieces that leave a rest, or all at once."""
    first, second = connect_all(plans.read(document(text, streams, chunk_bytes)))
    sent = messages(3)
    for microbatch, tensor in enumerate(sent):
        first.send("F", 1, microbatch, 1, tensor)
        second.send("B", 0, microbatch, 1, -tensor)
    for microbatch, tensor in enumerate(sent):
        assert torch.equal(second.take("F", 1, microbatch, 1, no_check), tensor)
        assert torch.equal(first.take("B", 0, microbatch, 1, no_check), -tensor)


def test_bfloat16_training_sends_bfloat16(text: Path) -> None:
    plan = document(text, 2)
    plan["training"]["dtype"] = "bfloat16"
    first, second = connect_all(plans.read(plan))
    tensor = messages(1)[0].bfloat16()
    first.send("F", 1, 0, 1, tensor)
    assert torch.equal(second.take("F", 1, 0, 1, no_check), tensor)
    first.close(no_check)
    (transfer,) = first.take_transfers()
    assert (transfer.size, transfer.wire_bytes) == (MESSAGE_BYTES // 2, MESSAGE_BYTES // 2)


def test_a_slow_stream_carries_less(text: Path) -> None:
    first, second, relay = through_relay(plans.read(document(text, 2)))
    relay.seconds_per_piece[2] = 0.01
    for microbatch, tensor in enumerate(messages(16)):
        first.send("F", 1, microbatch, 1, tensor)
    for microbatch, tensor in enumerate(messages(16)):
        assert torch.equal(second.take("F", 1, microbatch, 1, no_check), tensor)
    assert relay.carried[2] < relay.carried[1] / 2


def test_a_stall_is_survived(text: Path) -> None:
    """Everything stands still, and goes on where it was."""
    first, second, relay = through_relay(plans.read(document(text, 2)))
    relay.stop(0, 1, 2)
    for microbatch, tensor in enumerate(messages(4)):
        first.send("F", 1, microbatch, 1, tensor)
    first.note(1, "n", 1, b"behind the stall")
    time.sleep(1.5)  # longer than all patience that is not the kernel's
    relay.resume(0, 1, 2)
    for microbatch, tensor in enumerate(messages(4)):
        assert torch.equal(second.take("F", 1, microbatch, 1, no_check), tensor)
    assert second.take_note(0, "n", 1, no_check) == b"behind the stall"
    in_parallel([lambda t=t: t.close(no_check) for t in (first, second)])


def test_a_cut_connection_is_a_lost_peer(text: Path) -> None:
    first, second, relay = through_relay(plans.read(document(text, 2)))
    relay.stop(1, 2)
    first.send("F", 1, 0, 1, messages(1)[0])
    relay.cut()
    with pytest.raises(PeerLost, match="rank 0: closed"):
        second.take("F", 1, 0, 1, no_check)
    with pytest.raises(PeerLost, match="sending to rank 1"):
        first.close(no_check)


def test_notes_do_not_wait_behind_tensors(text: Path) -> None:
    first, second, relay = through_relay(plans.read(document(text, 1)))
    relay.stop(1)
    for microbatch, tensor in enumerate(messages(16)):
        first.send("F", 1, microbatch, 1, tensor)
    first.note(1, "n", 7, b"norm")
    first.note(1, "n", 8, b"")
    assert second.take_note(0, "n", 8, no_check) == b""
    assert second.take_note(0, "n", 7, no_check) == b"norm"
    relay.resume(1)


def test_a_note_that_will_not_come_ends_the_wait(text: Path) -> None:
    first, second = connect_all(plans.read(document(text, 1)))
    first.close(no_check)
    with pytest.raises(PeerLost, match="rank 0 ended without note n of step 1"):
        second.take_note(0, "n", 1, no_check)


def test_a_stop_is_heard_at_once_or_as_soon_as_somebody_listens(text: Path) -> None:
    first, second = connect_all(plans.read(document(text, 1)))
    heard: list[tuple[int, int]] = []
    asked = threading.Event()

    def check() -> None:
        asked.set()
        if heard:
            raise Stopped("heard")

    def hear(peer: int, step: int) -> None:
        heard.append((peer, step))

    second.on_stop = hear
    threading.Thread(target=lambda: asked.wait() and first.note(1, "S", 3, b""), daemon=True).start()
    with pytest.raises(Stopped):
        second.take("F", 1, 0, 1, check)
    assert heard == [(0, 3)]

    second.note(0, "S", 4, b"")
    second.note(0, "n", 1, b"later than the stop")
    first.take_note(1, "n", 1, no_check)
    early: list[tuple[int, int]] = []
    first.on_stop = lambda peer, step: early.append((peer, step))
    assert early == [(1, 4)]


def test_replicas_know_each_other_in_a_chain(text: Path) -> None:
    """Peers are the neighbours in a rank's own replica, and the same rank of the one before and the next."""
    transports = connect_all(plans.read(make_plan(text, 2, replicas=3)))
    assert [transport.peers for transport in transports] == [
        *({1, 2}, {0, 3}),
        *({3, 0, 4}, {2, 1, 5}),
        *({5, 2}, {4, 3}),
    ]
    transports[0].note(2, "n", 1, b"along")
    assert transports[2].take_note(0, "n", 1, no_check) == b"along"
    assert transports[2].round_trips().keys() == {3, 0, 4}
    in_parallel([lambda t=t: t.close(no_check) for t in transports])


def test_tensors_may_take_another_channel(text: Path) -> None:
    class Recorded:
        def __init__(self) -> None:
            self.pushed: list[tuple[str, int, int, int]] = []
            self.drained = False

        def push(self, kind: str, stage: int, microbatch: int, step: int, tensor: Tensor) -> None:
            self.pushed.append((kind, stage, microbatch, step))

        def drain(self, check: object) -> None:
            self.drained = True

        def take_transfers(self) -> list[Any]:
            return []

    first, second = connect_all(plans.read(document(text, 1, link={"via": "collective"})))
    channel = Recorded()
    first.use(1, channel)
    tensor = messages(1)[0]
    first.send("F", 1, 0, 1, tensor)
    assert channel.pushed == [("F", 1, 0, 1)]
    second.deliver("F", 1, 0, 1, tensor)
    assert second.take("F", 1, 0, 1, no_check) is tensor
    in_parallel([lambda t=t: t.close(no_check) for t in (first, second)])
    assert channel.drained


def test_messages_of_an_abandoned_step_keep_nobody(text: Path) -> None:
    """Who has left needs nothing more, even where something is still on its way to it."""
    first, second, relay = through_relay(plans.read(document(text, 1)))
    relay.stop(1)
    for microbatch, tensor in enumerate(messages(16)):
        first.send("F", 1, microbatch, 1, tensor)
    second.close(no_check)
    relay.resume(1)
    first.close(no_check)


def test_rates_of_short_messages_are_the_links(text: Path) -> None:
    """Each is alone on a link of about 3 MB/s, which it keeps busy for some 0.16 s."""
    first, second, relay = through_relay(plans.read(document(text, 1)))
    relay.seconds_per_piece[1] = 0.005
    for microbatch, tensor in enumerate(messages(3)):
        begun = time.monotonic()
        first.send("F", 1, microbatch, 1, tensor)
        second.take("F", 1, microbatch, 1, no_check)
        lasted = time.monotonic() - begun
        while not (transfers := first.take_transfers()):
            time.sleep(0.001)
        (transfer,) = transfers
        assert (transfer.to_rank, transfer.to_stage) == (1, 1)
        assert (transfer.size, transfer.wire_bytes) == (MESSAGE_BYTES, MESSAGE_BYTES)
        assert 0.9 * 0.005 * MESSAGE_BYTES / PIECE_BYTES < transfer.seconds <= 1.1 * lasted


def test_round_trips_are_both_latencies(text: Path) -> None:
    plan = document(text, 1)
    for link, latency in zip(plan["links"], (0.1, 0.2), strict=True):
        link["emulated"] = {"bandwidthBitsPerSecond": 1e9, "latencySeconds": latency}
    first, second = connect_all(plans.read(plan))
    assert 0.3 <= first.round_trips()[1] < 1
    assert 0.3 <= second.round_trips()[0] < 1


def test_streams_share_one_emulated_link(text: Path) -> None:
    """Four streams are no faster than the link."""
    occupancy = 0.1
    emulated = {"bandwidthBitsPerSecond": MESSAGE_BYTES * 8 / occupancy, "latencySeconds": 0.05}
    first, second = connect_all(plans.read(document(text, 4, link={"emulated": emulated})))
    begun = time.monotonic()
    for microbatch, tensor in enumerate(messages(4)):
        first.send("F", 1, microbatch, 1, tensor)
    for microbatch, tensor in enumerate(messages(4)):
        assert torch.equal(second.take("F", 1, microbatch, 1, no_check), tensor)
        assert time.monotonic() - begun >= (microbatch + 1) * occupancy + 0.05 - 1e-3
    assert time.monotonic() - begun < 4 * occupancy + 0.4
