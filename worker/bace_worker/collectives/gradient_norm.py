"""Global-norm clipping (Pascanu et al., arXiv 1211.5063) over all stages of a pipeline.

Every rank gets every layer's sum of squares and adds them in the order of the layers, so the norm has the
same bits however the layers are laid out, and all ranks scale their gradients by the same number. The sums
travel as notes along a spanning tree of the plan's links, up to a rank in the middle and back: twice the
latency of the tree's depth, once in a step, after the last backward. Copies of a stage have the same
gradients by then, and one in each replica counts them.
A row's norm is taken in float32 and everything above it in float64: as fast as float32 (adding up 16 million
elements in float64 takes 105 ms on one core instead of 6), and right to 1e-7.
"""

from __future__ import annotations

import math
import struct
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..model.model import StageModel
from ..plan import Plan

NOTE = "N"


class Notes(Protocol):
    """What the transport does with small messages between ranks that have a link."""

    def note(self, peer: int, kind: str, step: int, payload: bytes) -> None: ...

    def take_note(self, peer: int, kind: str, step: int, check: Callable[[], None]) -> bytes: ...


@dataclass(frozen=True)
class Tree:
    """Where a rank is in it: None above the root."""

    parent: int | None
    children: tuple[int, ...]


class GradientNorm:
    """`models`: of the rank's stages."""

    def __init__(self, plan: Plan, number: int, models: Iterable[StageModel], notes: Notes) -> None:
        self._tree = tree_of(plan, number)
        rank = plan.ranks[number]
        self._models = list(models) if plan.copies(rank)[0] is rank else []
        self._layers = plan.model.layers
        self._notes = notes

    def measure(self, step: int, check: Callable[[], None]) -> float:
        """The length of the whole model's gradient, to be called once in a step by every rank.

        Infinite or NaN where a gradient is. Raises PeerLost, or what `check` raises.
        """
        packing = struct.Struct(f"<{self._layers + 2}d")
        sums = [0.0] * (self._layers + 2)
        for model in self._models:
            for position, squares in squares_of(model, self._layers).items():
                sums[position] = squares
        for child in self._tree.children:
            # one rank counts a layer: all others say 0, and adding that changes no bit
            below = packing.unpack(self._notes.take_note(child, NOTE, step, check))
            sums = [mine + theirs for mine, theirs in zip(sums, below, strict=True)]
        payload = packing.pack(*sums)
        if self._tree.parent is not None:
            self._notes.note(self._tree.parent, NOTE, step, payload)
            payload = self._notes.take_note(self._tree.parent, NOTE, step, check)
        for child in self._tree.children:
            self._notes.note(child, NOTE, step, payload)
        return math.sqrt(sum(packing.unpack(payload)))


def clip_scale(norm: float, longest: float) -> float:
    """By what to multiply a gradient of length `norm`: as torch.nn.utils.clip_grad_norm_, at most 1."""
    return min(1.0, longest / (norm + 1e-6))


@torch.no_grad()
def squares_of(model: StageModel, layers: int) -> dict[int, float]:
    """Sums of the gradients' squares: the embedding's at 0, layer n's at n + 1, the head's at layers + 1."""
    parts: dict[int, list[Tensor]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, "every parameter of a stage takes part in its output"
        rows = torch.linalg.vector_norm(parameter.grad, dim=-1)
        parts[_position(name, layers)].append(rows.double().square().sum())
    return {position: sum(torch.stack(items).tolist()) for position, items in parts.items()}


def _position(parameter: str, layers: int) -> int:
    part, number = parameter.split(".")[:2]
    if part == "layers":
        return int(number) + 1
    return 0 if part == "embedding" else layers + 1


def tree_of(plan: Plan, number: int) -> Tree:
    """This rank's place in the spanning tree of its replica: the same one on every rank."""
    replica = plan.ranks[number].replica
    neighbours: dict[int, set[int]] = {rank.rank: set() for rank in plan.ranks if rank.replica == replica}
    for link in plan.links:
        if link.from_rank in neighbours:
            neighbours[link.from_rank].add(link.to_rank)
            neighbours[link.to_rank].add(link.from_rank)
    trees = {rank: _breadth_first(neighbours, rank) for rank in neighbours}
    root = min(trees, key=lambda rank: (max(depth for depth, _ in trees[rank].values()), rank))
    parents = {rank: parent for rank, (_, parent) in trees[root].items()}
    children = tuple(sorted(rank for rank, parent in parents.items() if parent == number))
    return Tree(parents[number], children)


def _breadth_first(neighbours: Mapping[int, set[int]], root: int) -> dict[int, tuple[int, int | None]]:
    """Depth and parent of every rank."""
    found: dict[int, tuple[int, int | None]] = {root: (0, None)}
    waiting = deque([root])
    while waiting:
        rank = waiting.popleft()
        for neighbour in sorted(neighbours[rank]):
            if neighbour not in found:
                found[neighbour] = (found[rank][0] + 1, rank)
                waiting.append(neighbour)
    return found
