"""Process groups without a global default group: who is in which, and who is kept out."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from gang import in_parallel, join_all, no_check
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.collectives import groups as module
from bace_worker.collectives.groups import Groups, memberships
from bace_worker.exit_codes import PeerLost, Stopped

COLLECTIVE = {"via": "collective"}


def test_siblings_and_both_directions_of_collective_links_have_groups_of_their_own(text: Path) -> None:
    plan = plans.read(make_plan(text, 2, replicas=2, link=COLLECTIVE))
    assert [(members.name, members.ranks) for members in memberships(plan)] == [
        ("siblings 0", (0, 2)),
        ("siblings 1", (1, 3)),
        ("link 0 to 1", (0, 1)),
        ("link 1 to 0", (1, 0)),
        ("link 2 to 3", (2, 3)),
        ("link 3 to 2", (3, 2)),
    ]


def test_gpus_have_answers_apart(text: Path) -> None:
    """NCCL carries out what it is given in turn: an answer would wait for receives posted before it."""
    document = make_plan(text, 2, link=COLLECTIVE, training={"device": "cuda"})
    found = [(members.name, members.device) for members in memberships(plans.read(document))]
    assert found == [
        ("link 0 to 1", "cuda"),
        ("answers 0 to 1", "cpu"),
        ("link 1 to 0", "cuda"),
        ("answers 1 to 0", "cpu"),
    ]


def test_a_plan_that_needs_no_group_opens_no_store(text: Path) -> None:
    plan = plans.read(make_plan(text, 2))
    for groups in join_all(plan):
        assert groups.store_port is None
        assert groups.siblings() is None


def test_the_lowest_rank_that_needs_a_group_hosts_the_store(text: Path) -> None:
    document = make_plan(text, 3)
    for link in document["links"][2:]:
        link["via"] = "collective"
    plan = plans.read(document)
    assert [groups.store_port is None for groups in join_all(plan)] == [True, False, True]


def test_each_group_is_of_its_own_ranks(text: Path) -> None:
    plan = plans.read(make_plan(text, 2, replicas=2))
    groups = join_all(plan)
    tensors = [torch.full((3,), float(rank)) for rank in range(4)]

    def add_up(rank: int) -> None:
        groups[rank].siblings().allreduce([tensors[rank]]).wait()  # type: ignore[union-attr]

    in_parallel([lambda rank=rank: add_up(rank) for rank in range(4)])
    assert [tensor[0].item() for tensor in tensors] == [2.0, 4.0, 2.0, 4.0]


def test_the_store_listens_at_the_ranks_own_address_alone(text: Path) -> None:
    plan = plans.read(make_plan(text, 2, link=COLLECTIVE))
    groups = Groups(plan, 0, "127.0.0.2")
    assert groups.store_port is not None
    socket.create_connection(("127.0.0.2", groups.store_port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", groups.store_port), timeout=5)


@pytest.mark.parametrize(
    "stale", [lambda plan: replace(plan, epoch=2), lambda plan: replace(plan, launch_key="another")]
)
def test_an_older_epoch_never_meets_a_newer_one(
    text: Path, monkeypatch: pytest.MonkeyPatch, stale: Callable[[plans.Plan], plans.Plan]
) -> None:
    """Its ranks may find the store, where ports are used again; not what is written there."""
    monkeypatch.setattr(module, "CONNECT_SECONDS", 1.0)
    plan = plans.read(make_plan(text, 2, link=COLLECTIVE))
    host, guest = Groups(plan, 0, "127.0.0.1"), Groups(stale(plan), 1, "127.0.0.1")
    assert host.store_port is not None
    store = ("127.0.0.1", host.store_port)
    with pytest.raises(PeerLost, match=r"process groups: ranks 0, 1 did not come together within 1 s"):
        in_parallel([lambda one=one: one.connect(store, no_check) for one in (host, guest)])


def test_joining_can_be_stopped(text: Path) -> None:
    plan = plans.read(make_plan(text, 2, link=COLLECTIVE))
    groups = Groups(plan, 0, "127.0.0.1")

    def stop() -> None:
        raise Stopped("SIGTERM")

    with pytest.raises(Stopped):
        groups.connect(("127.0.0.1", groups.store_port or 0), stop)


def test_a_store_that_is_not_there_is_a_lost_peer(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 1.0)
    plan = plans.read(make_plan(text, 2, link=COLLECTIVE))
    with pytest.raises(PeerLost, match="process groups"):
        Groups(plan, 1, "127.0.0.1").connect(("127.0.0.1", 9), no_check)


def test_what_has_no_groups_needs_no_distributed_pytorch() -> None:
    script = (
        "import sys, torch; sys.modules['torch.distributed'] = None\n"
        "import bace_worker.collectives.links, bace_worker.executor"
    )
    worker = Path(module.__file__).parents[2]
    subprocess.run([sys.executable, "-c", script], cwd=worker, check=True, timeout=60)
