"""The transport: what arrives, when it arrives over an emulated link, what is measured, and who is refused.

Times are compared with each other and with generous room, since the machine may be busy.
"""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
import torch
from gang import connect_all, in_parallel, no_check
from plans import make_plan
from torch import Tensor

from bace_worker import plan as plans
from bace_worker.exit_codes import PeerLost, Stopped
from bace_worker.plan import EmulatedLink, Plan
from bace_worker.transport.pacer import Pacer
from bace_worker.transport.transport import Transport
from bace_worker.transport.wire import ACCEPTED, greet

MESSAGE_BITS = 2 * 32 * 32 * 4 * 8  # micro-batch x sequence x hidden, float32


def slow_link(occupancy_seconds: float, latency_seconds: float) -> dict[str, float]:
    """A link that one message of the tests' plans occupies for the given time."""
    return {"bandwidthBitsPerSecond": MESSAGE_BITS / occupancy_seconds, "latencySeconds": latency_seconds}


def two_ranks(text: Path, link: dict[str, float] | None = None) -> tuple[Plan, Transport, Transport]:
    plan = plans.read(make_plan(text, 2, training={"microbatches": 8}, link={"emulated": link}))
    return plan, *connect_all(plan)


def message(value: float) -> Tensor:
    return torch.full((2, 32, 32), float(value))


def closed_by_peer(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def arrivals(receiver: Transport, kind: str, count: int, since: float) -> list[float]:
    """Takes `count` messages; seconds after `since` at which each was there."""
    seconds = []
    for microbatch in range(count):
        receiver.take(kind, {"F": 1, "B": 0}[kind], microbatch, 1, no_check)
        seconds.append(time.monotonic() - since)
    return seconds


def test_messages_wait_in_their_slots(text: Path) -> None:
    """The consumer takes them in any order, long after they were sent."""
    _, first, second = two_ranks(text)
    for microbatch in range(3):
        first.send("F", 1, microbatch, 1, message(microbatch))
    second.send("B", 0, 0, 1, message(10))
    for microbatch in (2, 0, 1):
        assert torch.equal(second.take("F", 1, microbatch, 1, no_check), message(microbatch))
    assert torch.equal(first.take("B", 0, 0, 1, no_check), message(10))


def test_tensors_that_are_not_contiguous_arrive_whole(text: Path) -> None:
    _, first, second = two_ranks(text)
    tensor = torch.arange(2048.0).view(32, 32, 2).permute(2, 0, 1)
    first.send("F", 1, 0, 1, tensor)
    assert torch.equal(second.take("F", 1, 0, 1, no_check), tensor)


def test_pacer_follows_the_contract() -> None:
    """free = max(enqueued, free) + bytes * 8 / rate; delivered at free + latency."""
    pacer = Pacer(EmulatedLink(bandwidth_bits_per_second=8000, latency_seconds=5))
    assert pacer.arrival(enqueued_seconds=10, size=1000) == 16
    assert pacer.arrival(enqueued_seconds=10, size=2000) == 18
    assert pacer.arrival(enqueued_seconds=100, size=1000) == 106


def test_latency_does_not_occupy_the_link(text: Path) -> None:
    """n messages take n occupancies and one latency, and not n latencies."""
    occupancy, latency, count = 0.02, 0.3, 8
    _, first, second = two_ranks(text, slow_link(occupancy, latency))
    started = time.monotonic()
    for microbatch in range(count):
        first.send("F", 1, microbatch, 1, message(0))
    seconds = arrivals(second, "F", count, started)
    assert seconds[0] >= occupancy + latency - 1e-3
    assert seconds[-1] >= count * occupancy + latency - 1e-3
    assert seconds[-1] < count * latency / 2


def test_measured_transfers_are_the_links_occupancy(text: Path) -> None:
    """Each direction reports its rate: a transfer's seconds hold neither latency nor waiting in the queue."""
    occupancy, latency, count = 0.1, 0.6, 5
    _, first, second = two_ranks(text, slow_link(occupancy, latency))
    for microbatch in range(count):
        first.send("F", 1, microbatch, 1, message(0))
    second.send("B", 0, 0, 1, message(0))
    in_parallel([lambda: arrivals(second, "F", count, 0), lambda: arrivals(first, "B", 1, 0)])
    in_parallel([lambda: first.close(no_check), lambda: second.close(no_check)])
    forward, backward = first.take_transfers(), second.take_transfers()
    assert [transfer.size * 8 for transfer in forward] == [MESSAGE_BITS] * count
    assert count * occupancy * 0.95 < sum(transfer.seconds for transfer in forward) < count * occupancy + 0.4
    assert len(backward) == 1
    assert occupancy * 0.95 < backward[0].seconds < latency
    assert first.take_transfers() == []


def test_measured_rates_are_in_the_ratio_of_the_links(text: Path) -> None:
    """A direction of a tenth of the rate takes ten times as long per byte, whatever its latency."""
    document = make_plan(text, 2, training={"microbatches": 8})
    document["links"][0]["emulated"] = slow_link(0.01, latency_seconds=0.3)
    document["links"][1]["emulated"] = slow_link(0.1, latency_seconds=0.01)
    first, second = connect_all(plans.read(document))
    for microbatch in range(6):
        first.send("F", 1, microbatch, 1, message(0))
        second.send("B", 0, microbatch, 1, message(0))
    in_parallel([lambda: arrivals(second, "F", 6, 0), lambda: arrivals(first, "B", 6, 0)])
    in_parallel([lambda: first.close(no_check), lambda: second.close(no_check)])
    forward = sum(transfer.seconds for transfer in first.take_transfers())
    backward = sum(transfer.seconds for transfer in second.take_transfers())
    assert 3 < backward / forward < 11


def test_directions_do_not_disturb_each_other(text: Path) -> None:
    occupancy, count = 0.1, 6
    _, first, second = two_ranks(text, slow_link(occupancy, latency_seconds=0))
    started = time.monotonic()
    for microbatch in range(count):
        first.send("F", 1, microbatch, 1, message(0))
        second.send("B", 0, microbatch, 1, message(0))
    arrivals(second, "F", count, started)
    assert arrivals(first, "B", count, started)[-1] < 1.6 * count * occupancy


def test_close_waits_until_the_last_message_is_there(text: Path) -> None:
    occupancy, latency = 0.02, 0.2
    _, first, second = two_ranks(text, slow_link(occupancy, latency))
    started = time.monotonic()
    first.send("F", 1, 0, 1, message(7))
    first.close(no_check)
    assert time.monotonic() - started >= occupancy + latency - 1e-3
    assert torch.equal(second.take("F", 1, 0, 1, no_check), message(7))


def test_a_peer_that_finished_is_missed_only_where_it_owes_a_message(text: Path) -> None:
    _, first, second = two_ranks(text)
    first.send("F", 1, 0, 1, message(7))
    first.close(no_check)
    second.take("F", 1, 0, 1, no_check)
    second.close(no_check)
    with pytest.raises(PeerLost, match="rank 0 ended without F of stage 1, micro-batch 1, step 1"):
        second.take("F", 1, 1, 1, no_check)


def test_a_foreign_process_is_refused(text: Path) -> None:
    """Neither another launch key, epoch or rank, nor noise gets in; the real peer does."""
    document = make_plan(text, 2)
    plan = plans.read(document)
    transports = [Transport(plan, rank, "127.0.0.1") for rank in (0, 1)]
    stale = plans.read(document | {"epoch": 2})
    foreign = plans.read(document | {"launchKey": "another"})
    for other, rank in ((stale, 0), (foreign, 0), (plan, 1)):
        with socket.create_connection(transports[1].address) as sock, pytest.raises(OSError, match="refused"):
            greet(sock, other, rank, 1, 0)
    with socket.create_connection(transports[1].address) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a stranger\r\n\r\n")
        sock.settimeout(5)
        assert closed_by_peer(sock)
    addresses = {rank: transport.address for rank, transport in enumerate(transports)}
    in_parallel([lambda t=t: t.connect(addresses, no_check) for t in transports])
    transports[0].send("F", 1, 0, 1, message(3))
    assert torch.equal(transports[1].take("F", 1, 0, 1, no_check), message(3))


def test_a_dead_peer_is_noticed_at_once(text: Path) -> None:
    """A peer that greets, and closes without a farewell, ends a wait that would last for ever."""
    plan = plans.read(make_plan(text, 2))
    rank = Transport(plan, 1, "127.0.0.1")
    with socket.socket() as peer:
        peer.bind(("127.0.0.1", 0))
        peer.listen()

        def die() -> None:
            incoming = [peer.accept()[0] for _ in (0, 1)]
            outgoing = [socket.create_connection(rank.address) for _ in (0, 1)]
            for number in (0, 1):
                incoming[number].sendall(ACCEPTED)
                greet(outgoing[number], plan, 0, 1, number)
            time.sleep(0.2)
            for sock in (*incoming, *outgoing):
                sock.close()

        threading.Thread(target=die, daemon=True).start()
        rank.connect({0: peer.getsockname()}, no_check)
        started = time.monotonic()
        with pytest.raises(PeerLost, match="rank 0: closed the connection before it had finished"):
            rank.take("F", 1, 0, 1, no_check)
        assert time.monotonic() - started < 5


def test_nobody_listening_is_a_lost_peer(text: Path) -> None:
    plan = plans.read(make_plan(text, 2))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = unused.getsockname()
    with pytest.raises(PeerLost, match=r"rank 0 at 127\.0\.0\.1:\d+"):
        Transport(plan, 1, "127.0.0.1").connect({0: address}, no_check)


def test_a_wait_can_be_stopped(text: Path) -> None:
    _, _, second = two_ranks(text)

    def stop() -> None:
        raise Stopped("now")

    with pytest.raises(Stopped):
        second.take("F", 1, 0, 1, stop)
