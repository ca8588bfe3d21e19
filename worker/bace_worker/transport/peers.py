"""With whom a rank exchanges what: tensors with neighbouring stages, notes also with its siblings."""

from __future__ import annotations

from ..plan import Link, Plan

Name = tuple[str, int, int]
"""Of a message within a step: its kind, the stage that it is for, and the micro-batch."""


def senders(plan: Plan, number: int) -> dict[Name, int]:
    """Which other rank sends each message that comes in a step: F from the stage before, B from behind."""
    rank = plan.ranks[number]
    run = [(action.stage, action.microbatch) for action in rank.actions if action.kind == "F"]
    peers = {
        (kind, *block): plan.neighbour(*block, direction, rank.replica)
        for block in run
        for kind, direction in (("F", -1), ("B", +1))
    }
    return {key: peer.rank for key, peer in peers.items() if peer is not None and peer is not rank}


def chained(plan: Plan, number: int) -> frozenset[int]:
    """The siblings before and behind: what all must know goes along the chain."""
    siblings = plan.siblings(plan.ranks[number])
    place = siblings.index(plan.ranks[number])
    return frozenset(other.rank for at, other in enumerate(siblings) if abs(at - place) == 1)


def link_between(plan: Plan, from_rank: int, to_rank: int) -> Link | None:
    """None between ranks that have no neighbouring stages: there are notes alone."""
    pair = (from_rank, to_rank)
    return next((link for link in plan.links if (link.from_rank, link.to_rank) == pair), None)


def latency(link: Link | None) -> float:
    """Seconds, of the emulation."""
    return 0.0 if link is None or link.emulated is None else link.emulated.latency_seconds
