"""With whom a rank exchanges what: tensors with neighbouring stages, notes also with its replicas."""

from __future__ import annotations

from ..plan import Link, Plan


def senders(plan: Plan, number: int) -> dict[tuple[str, int], int]:
    """The other ranks whose messages come, by (kind, stage of this rank): F from before, B from behind."""
    rank = plan.ranks[number]
    peers = {
        (kind, stage): plan.neighbour(stage, direction, rank.replica)
        for stage in rank.stages
        for kind, direction in (("F", -1), ("B", +1))
    }
    return {key: peer.rank for key, peer in peers.items() if peer is not None and peer is not rank}


def chained(plan: Plan, number: int) -> frozenset[int]:
    """The same stages of the replica before and of the next: what all must know goes along the chain."""
    rank = plan.ranks[number]
    siblings = plan.siblings(rank)
    return frozenset(other.rank for other in siblings if abs(other.replica - rank.replica) == 1)


def link_between(plan: Plan, from_rank: int, to_rank: int) -> Link | None:
    """None between replicas: there are notes alone."""
    pair = (from_rank, to_rank)
    return next((link for link in plan.links if (link.from_rank, link.to_rank) == pair), None)


def latency(link: Link | None) -> float:
    """Seconds, of the emulation."""
    return 0.0 if link is None or link.emulated is None else link.emulated.latency_seconds
