"""Whoever is told to stop, and whenever: all ranks end after the same step, and none before it."""

from __future__ import annotations

import random
from collections import deque

import pytest

from bace_worker.stopping import StepAbandoned, StopAgreement

STEPS = 6


class Request:
    requested = False

    def check(self) -> None: ...


class Gang:
    """Ranks in a line on a clock of turns. A step is begun, then (when all have begun it) completed."""

    def __init__(self, ranks: int, seed: int) -> None:
        self.draw = random.Random(seed)
        self.requests = [Request() for _ in range(ranks)]
        self.notes: deque[tuple[int, int, int]] = deque()
        self.agreements = [
            StopAgreement(
                request,  # type: ignore[arg-type]
                [peer for peer in (rank - 1, rank + 1) if 0 <= peer < ranks],
                lambda peer, _kind, step, _payload, rank=rank: self.notes.append((rank, peer, step)),
                first_step=1,
            )
            for rank, request in enumerate(self.requests)
        ]
        self.begun = [0] * ranks
        self.completed = [0] * ranks
        self.ended = [False] * ranks

    def turn(self) -> None:
        """Something happens somewhere."""
        if self.notes and self.draw.random() < 0.5:
            sender, receiver, step = self.notes.popleft()
            self.agreements[receiver].hear(sender, step)
            return
        rank = self.draw.randrange(len(self.requests))
        if self.ended[rank]:
            return
        agreement = self.agreements[rank]
        if self.begun[rank] == self.completed[rank]:
            self.ended[rank] = self.completed[rank] == STEPS or not agreement.begin(self.begun[rank] + 1)
            self.begun[rank] += not self.ended[rank]
            return
        try:
            agreement.check()
        except StepAbandoned:
            self.ended[rank] = True
            return
        if min(self.begun) >= self.begun[rank]:  # everyone's part of the step is there
            self.completed[rank] = self.begun[rank]


@pytest.mark.parametrize("ranks", [1, 2, 3, 5])
def test_all_ranks_end_after_the_same_step(ranks: int) -> None:
    stopped = 0
    for seed in range(500):
        gang = Gang(ranks, seed)
        told = {gang.draw.randrange(ranks) for _ in range(gang.draw.choice([1, 1, 2, ranks]))}
        moments = {gang.draw.randrange(8 * ranks): rank for rank in told}
        for moment in range(400 * ranks):
            if moment in moments:
                gang.requests[moments[moment]].requested = True
            gang.turn()
        assert all(gang.ended), f"seed {seed}: some rank waits for ever"
        assert len(set(gang.completed)) == 1, f"seed {seed}: {gang.completed}"
        stopped += gang.completed[0] < STEPS
    assert stopped > 250


def test_nobody_stops_unasked() -> None:
    gang = Gang(3, seed=1)
    while not all(gang.ended):
        gang.turn()
    assert gang.completed == [STEPS] * 3
    assert not gang.notes


def test_between_steps_none_is_begun() -> None:
    gang = Gang(2, seed=1)
    gang.requests[0].requested = True
    assert not gang.agreements[0].begin(1)
    assert list(gang.notes) == [(0, 1, 0)]
