"""A whole gang in this process: the worker's own executor, stages and TCP transport, one thread per rank."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from bace_worker import plan as plans
from bace_worker.collectives.groups import Groups
from bace_worker.collectives.links import open_links
from bace_worker.executor import Executor, StepReport
from bace_worker.rank import read_batches
from bace_worker.stage import Stage
from bace_worker.transport.outgoing import Transfer
from bace_worker.transport.transport import Transport


def no_check() -> None:
    """The executor's `check` where nothing can ask it to stop."""


@dataclass
class Gang:
    head: int
    """The rank with the head of replica 0."""
    reports: dict[int, list[StepReport]] = field(default_factory=dict)
    replicas: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    """Parameters by replica."""
    peaks: dict[int, float] = field(default_factory=dict)
    transfers: dict[int, list[Transfer]] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Tensor]:
        return self.replicas[0]

    def add(self, replica: int, parameters: Mapping[str, Tensor]) -> None:
        """Of a rank. Copies of a stage must have become the same."""
        known = self.replicas[replica]
        for name, value in parameters.items():
            assert torch.equal(known.setdefault(name, value), value), f"copies of {name} differ"

    def losses(self) -> list[float]:
        return [report.loss for report in self.reports[self.head] if report.loss is not None]


def connect_all(plan: plans.Plan) -> list[Transport]:
    """Transports of all ranks of a plan, connected to each other."""
    transports = [Transport(plan, rank.rank, "127.0.0.1") for rank in plan.ranks]
    addresses = {rank: transport.address for rank, transport in enumerate(transports)}
    in_parallel([lambda t=t: t.connect(addresses, no_check) for t in transports])
    return transports


def join_all(plan: plans.Plan) -> list[Groups]:
    """The process groups of all ranks of a plan, connected to each other."""
    groups = [Groups(plan, rank.rank, "127.0.0.1") for rank in plan.ranks]
    ports = [one.store_port for one in groups if one.store_port is not None]
    store = ("127.0.0.1", ports[0]) if ports else None
    in_parallel([lambda one=one: one.connect(store, no_check) for one in groups])
    return groups


def run_gang(document: dict[str, Any], seconds: float = 60) -> Gang:
    """Trains the plan to its end; all ranks' results, by rank. Gives up after `seconds`."""
    plan = plans.read(document)
    gang = Gang(plan.rank_of(len(plan.stages) - 1, 0, 0).rank)
    gang.replicas = {replica: {} for replica in range(plan.replicas)}
    transports = connect_all(plan)
    groups = join_all(plan)

    def run(number: int) -> None:
        rank = plan.ranks[number]
        open_links(plan, number, groups[number], transports[number], first_step=1)
        indices = rank.stages
        batches, _ = read_batches(plan, indices)
        stages = {index: Stage(plan, index, batches, rank) for index in indices}
        executor = Executor(plan, number, stages, transports[number], no_check, groups[number])
        gang.reports[number] = [executor.run_step(step) for step in range(1, plan.training.steps + 1)]
        transports[number].close(no_check)
        for stage in stages.values():
            gang.add(rank.replica, stage.model.state_dict())
        gang.peaks[number] = executor.peak_activations
        gang.transfers[number] = transports[number].take_transfers()

    in_parallel([lambda number=rank.rank: run(number) for rank in plan.ranks], seconds)
    return gang


def in_parallel(bodies: list[Any], seconds: float = 60) -> None:
    """Runs all bodies in threads of their own; raises the first error of any."""
    errors: list[BaseException] = []

    def guarded(body: Any) -> None:
        try:
            body()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(body,), daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    assert not any(thread.is_alive() for thread in threads) or errors, "the gang hangs"
    if errors:
        raise errors[0]
