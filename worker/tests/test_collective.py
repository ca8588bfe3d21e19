"""Collective links: the same training as over TCP to the last bit, and nothing lost on the way."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
import torch
from gang import Gang, connect_all, join_all, no_check, run_gang
from plans import make_plan
from processes import bace_worker, ends_after_a_kill, write_plan

from bace_worker import plan as plans
from bace_worker.collectives.links import open_links
from bace_worker.collectives.receiver import messages_of
from bace_worker.exit_codes import PeerLost

COLLECTIVE = {"via": "collective"}
STEPS = 4


def same(left: Gang, right: Gang) -> bool:
    """To the last bit."""
    return left.losses() == right.losses() and all(
        torch.equal(value, right.parameters[name]) for name, value in left.parameters.items()
    )


@pytest.mark.parametrize("stages", [2, 3])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_train_to_the_bits_of_tcp(text: Path, stages: int, dtype: str) -> None:
    training = {"steps": STEPS, "dtype": dtype}
    over_tcp = run_gang(make_plan(text, stages, training=training))
    collective = run_gang(make_plan(text, stages, training=training, link=COLLECTIVE))
    assert same(collective, over_tcp)
    assert {rank: len(transfers) for rank, transfers in collective.transfers.items()} == {
        rank: len(transfers) for rank, transfers in over_tcp.transfers.items()
    }


def test_both_kinds_of_link_in_one_pipeline(text: Path) -> None:
    """As in a plan over two regions: collective inside, TCP between; and one direction of a pair alone."""
    document = make_plan(text, 3, training={"steps": STEPS})
    for link in document["links"]:
        if (link["fromRank"], link["toRank"]) in [(0, 1), (1, 0), (2, 1)]:
            link["via"] = "collective"
    assert same(run_gang(document), run_gang(make_plan(text, 3, training={"steps": STEPS})))


def test_a_channel_carries_the_stages_of_its_ranks_in_the_senders_order(text: Path) -> None:
    plan = plans.read(make_plan(text, 3, training={"microbatches": 2}))
    assert messages_of(plan, 0, 1) == [("F", 1, 0), ("F", 1, 1)]
    assert messages_of(plan, 1, 0) == [("B", 0, 0), ("B", 0, 1)]
    assert messages_of(plan, 1, 2) == [("F", 2, 0), ("F", 2, 1)]


def test_sends_do_not_wait_for_the_consumer(text: Path) -> None:
    """A step's messages are all handed over, arrive and are answered before any is taken."""
    plan = plans.read(make_plan(text, 2, link=COLLECTIVE, training={"steps": 2}))
    transports, groups = connect_all(plan), join_all(plan)
    for number in (0, 1):
        open_links(plan, number, groups[number], transports[number], first_step=2)
    shape = (2, 32, 32)
    for microbatch in range(4):
        transports[0].send("F", 1, microbatch, 2, torch.full(shape, float(microbatch)))
    transports[0].close(no_check)
    for microbatch in reversed(range(4)):
        taken = transports[1].take("F", 1, microbatch, 2, no_check)
        assert torch.equal(taken, torch.full(shape, float(microbatch)))
    sizes = {(each.to_rank, each.to_stage, each.size) for each in transports[0].take_transfers()}
    assert sizes == {(1, 1, 2 * 32 * 32 * 4)}


def test_leaving_waits_for_the_last_answer(text: Path) -> None:
    plan = plans.read(make_plan(text, 2, link=COLLECTIVE))
    transports, groups = connect_all(plan), join_all(plan)
    open_links(plan, 0, groups[0], transports[0], first_step=1)
    transports[0].send("F", 1, 0, 1, torch.ones(2, 32, 32))
    leaving = threading.Thread(target=transports[0].close, args=(no_check,), daemon=True)
    leaving.start()
    leaving.join(0.3)
    assert leaving.is_alive()  # the receiving end is not open yet
    open_links(plan, 1, groups[1], transports[1], first_step=1)
    leaving.join(10)
    assert not leaving.is_alive()


def test_processes_leave_in_order(text: Path, tmp_path: Path) -> None:
    """The same through `local`: nothing is lost by a process that exits right after its last message."""
    document = make_plan(text, 3, link=COLLECTIVE, training={"steps": STEPS})
    process = bace_worker("local", "--plan", write_plan(tmp_path, document))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert [json.loads(line)["loss"] for line in output.splitlines()] == run_gang(document).losses()


def test_a_killed_neighbour_ends_the_other_at_once(text: Path, tmp_path: Path) -> None:
    document = make_plan(text, 2, link=COLLECTIVE, training={"steps": 100_000})
    assert ends_after_a_kill(document, tmp_path, victim=1) == [PeerLost.exit_code]
