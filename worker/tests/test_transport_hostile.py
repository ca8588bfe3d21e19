"""Frames that no honest peer sends: each ends the connection, with its cause, and costs no memory."""

from __future__ import annotations

import math
import socket
import threading
from pathlib import Path

import pytest
import torch
from gang import no_check
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.exit_codes import PeerLost
from bace_worker.transport.transport import Transport
from bace_worker.transport.wire import ACCEPTED, CONTROL, Chunk, Control, greet

MICROBATCHES = 4
PART_BYTES = 2 * 32 * 32 * 4 // 4
GOOD = Chunk("F", 1, 0, 1, 0, PART_BYTES)
PAYLOAD = bytes(PART_BYTES)


class Peer:
    """Rank 0, played by the test: it knows the launch key and sends what it likes to rank 1."""

    def __init__(self, text: Path) -> None:
        training, link = {"microbatches": MICROBATCHES}, {"chunkBytes": PART_BYTES}
        plan = plans.read(make_plan(text, 2, training=training, link=link))
        self.rank = Transport(plan, 1, "127.0.0.1")
        self.socks = [socket.create_connection(self.rank.address) for _ in (0, 1)]
        for number, sock in enumerate(self.socks):
            greet(sock, plan, 0, 1, number)
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        self.rank.connect({0: self._listener.getsockname()}, no_check)

    def _accept(self) -> None:
        self._accepted = [self._listener.accept()[0] for _ in (0, 1)]
        for sock in self._accepted:
            sock.sendall(ACCEPTED)

    def send_chunks(self, *chunks: Chunk) -> None:
        for chunk in chunks:
            self.socks[1].sendall(chunk.pack() + PAYLOAD)

    def is_refused(self, cause: str) -> None:
        """A rank that waits for something hears at once that it will not come, and why."""
        with pytest.raises(PeerLost, match=f"rank 0: {cause}"):
            self.rank.take("F", 1, MICROBATCHES - 1, 4, no_check)


@pytest.fixture
def peer(text: Path) -> Peer:
    return Peer(text)


@pytest.mark.parametrize(
    "chunk",
    [
        GOOD._replace(kind="B"),
        GOOD._replace(kind="\xff"),
        GOOD._replace(stage=0),
        GOOD._replace(stage=65535),
        GOOD._replace(microbatch=MICROBATCHES),
        GOOD._replace(step=0),
        GOOD._replace(step=5),
        GOOD._replace(part=4),
        GOOD._replace(part=2**32 - 1),
        GOOD._replace(size=PART_BYTES - 1),
        GOOD._replace(size=2**32 - 1),
    ],
    ids=str,
)
def test_chunks_that_the_plan_does_not_have(peer: Peer, chunk: Chunk) -> None:
    """Of another kind, stage, micro-batch, step, place or size. Its payload is not waited for."""
    peer.socks[1].sendall(
        chunk.pack() if chunk.kind != "\xff" else b"\xff" + chunk._replace(kind="F").pack()[1:]
    )
    peer.is_refused(r"sent Chunk\(.*\), which the plan does not have")


def test_a_chunk_twice(peer: Peer) -> None:
    peer.send_chunks(GOOD, GOOD)
    peer.is_refused(r"sent Chunk\(.*\) twice")


def test_a_message_that_is_here_already(peer: Peer) -> None:
    peer.send_chunks(*(GOOD._replace(part=part) for part in range(4)), GOOD)
    peer.is_refused(r"sent Chunk\(.*\) of a message that is here already")


def test_more_than_a_step_ahead(peer: Peer) -> None:
    """The first parts of all messages of three steps: for those of two there is memory."""
    for step in (1, 2, 3):
        peer.send_chunks(*(GOOD._replace(microbatch=m, step=step) for m in range(MICROBATCHES)))
    peer.is_refused(r"is more than a step ahead: 8 messages wait")


@pytest.mark.parametrize(
    ("frame", "cause"),
    [
        (Control("?"), r"sent Control\(.*\), which nobody asked for"),
        (Control("A", "F", 0, 0, 1), r"sent Control\(.*\), which acknowledges nothing"),
        (Control("P", size=8), r"sent Control\(.*\), which is too long"),
        (Control("N", "n", size=2**32 - 1), r"sent Control\(.*\), which is too long"),
    ],
)
def test_control_frames_that_mean_nothing(peer: Peer, frame: Control, cause: str) -> None:
    peer.socks[CONTROL].sendall(frame.pack())
    peer.is_refused(cause)


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -1.0])
def test_an_acknowledgement_of_no_time_at_all(peer: Peer, seconds: float) -> None:
    peer.rank.send("B", 0, 0, 1, torch.zeros(2, 32, 32))
    peer.socks[CONTROL].sendall(Control("A", "B", 0, 0, 1, seconds).pack())
    peer.is_refused(r"sent Control\(.*\), which acknowledges nothing")


def test_a_note_twice(peer: Peer) -> None:
    peer.socks[CONTROL].sendall(2 * Control("N", "n", step=1).pack())
    peer.is_refused("sent note n of step 1 twice")


def test_notes_without_end(peer: Peer) -> None:
    peer.socks[CONTROL].sendall(b"".join(Control("N", "n", step=step).pack() for step in range(1025)))
    peer.is_refused("sent 1024 notes that nobody waits for")


def test_half_a_message(peer: Peer) -> None:
    peer.socks[1].sendall(GOOD.pack() + PAYLOAD[:100])
    peer.socks[1].close()
    peer.is_refused("closed in the middle of a message")


def test_half_a_head(peer: Peer) -> None:
    peer.socks[1].sendall(GOOD.pack()[:5])
    peer.socks[1].close()
    peer.is_refused("closed in the middle of a message")
