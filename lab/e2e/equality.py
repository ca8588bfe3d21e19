"""Table A: every schedule trains what one process trains that has the whole model.

Held against two references: ordinary autograd with PyTorch's AdamW, written apart from the worker
(worker/tests/reference.py), for the largest difference; and the worker with one stage, for the bits. Gangs
are threads of one process here; as processes they are in variants.py.
"""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from gang import run_gang
from reference import train_reference
from torch import Tensor

from ..table import FAILED, PASSED, Row, say
from .trainings import RANKS, REPLICAS, Document, Layout, Schedules, alone, plan_of

LOSS_TOLERANCE = 1e-5
GANG_SECONDS = 300.0
HEAD = ("schedule", "ranks", "stages", *(f"{n} replica(s): loss, parameters, bits" for n in REPLICAS))
WIDTHS = (26, 5, 6, 34, 34)


@dataclass(frozen=True)
class Reference:
    losses: list[float]
    parameters: dict[str, Tensor]
    alone_losses: list[float]
    alone_parameters: dict[str, Tensor]


@dataclass(frozen=True)
class Difference:
    """`loss`, `parameter`: the largest, to ordinary autograd; over all steps, and after the last one."""

    loss: float
    parameter: float
    same_bits: bool

    def __str__(self) -> str:
        return f"{self.loss:.1e}  {self.parameter:.1e}  {'same' if self.same_bits else 'differ'}"


def make_reference(text: Path, file: Path, apart: bool = True, **changes: object) -> Reference:
    """Trains both, and keeps them for other processes. Not `apart`: the worker with one stage is both."""
    document = alone(text, **changes)
    gang = run_gang(document, GANG_SECONDS)
    own = (gang.losses(), gang.parameters)
    losses, parameters = train_reference(document) if apart else own
    reference = Reference(losses, parameters, *own)
    torch.save(reference.__dict__, file)
    return reference


def compare(reference: Reference, losses: list[float], parameters: dict[str, Tensor]) -> Difference:
    if len(losses) != len(reference.losses) or parameters.keys() != reference.parameters.keys():
        return Difference(math.inf, math.inf, False)
    pairs = zip(losses, reference.losses, strict=True)
    return Difference(
        max(abs(a - b) for a, b in pairs),
        max(float((parameters[name] - value).abs().max()) for name, value in reference.parameters.items()),
        losses == reference.alone_losses
        and all(torch.equal(parameters[name], value) for name, value in reference.alone_parameters.items()),
    )


def train_and_compare(document: Document, reference_file: Path) -> Difference:
    """In a process of the pool."""
    torch.set_num_threads(1)
    reference = Reference(**torch.load(reference_file))
    gang = run_gang(document, GANG_SECONDS)
    first = gang.replicas[0]
    for other in gang.replicas.values():
        if not all(torch.equal(value, first[name]) for name, value in other.items()):
            raise AssertionError("replicas differ")
    return compare(reference, gang.losses(), first)


def pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(os.cpu_count() or 1, multiprocessing.get_context("spawn"))


def rows(
    text: Path,
    schedules: Mapping[int, Schedules],
    reference_file: Path,
    executor: ProcessPoolExecutor,
    quick: bool,
) -> Iterator[Row]:
    """One per schedule and number of ranks."""
    ranks = (2, 4) if quick else RANKS
    keys = [key for key in schedules[1] if key[1] in ranks]
    begun: dict[Layout, Future[Difference] | str] = {}
    for layout in (Layout(*key, replicas) for key in keys for replicas in REPLICAS):
        schedule = schedules[layout.replicas][layout.generator, layout.ranks]
        if "refused" in schedule:
            begun[layout] = f"generator: {schedule['refused']}"
            continue
        document = plan_of(text, schedules, layout)
        begun[layout] = executor.submit(train_and_compare, document, reference_file)
    say(f"equality: {sum(isinstance(one, Future) for one in begun.values())} gangs to train")
    for key in keys:
        cells = [_cell(layout, begun[layout]) for layout in (Layout(*key, replicas) for replicas in REPLICAS)]
        passed = all(ok for _, ok in cells)
        stages = schedules[1][key].get("stages", "-")
        shown = (key[0], str(key[1]), str(stages), *(text for text, _ in cells))
        yield Row(shown, PASSED if passed else FAILED)


def _cell(layout: Layout, trained: Future[Difference] | str) -> tuple[str, bool]:
    """What to show, and whether it is as it must be."""
    if isinstance(trained, str):
        return trained, True
    try:
        difference = trained.result()
    except Exception as error:
        say(f"{layout}: {error!r}")
        return repr(error), False
    return str(difference), difference.loss <= LOSS_TOLERANCE
