"""Every schedule of the control plane, on 1 to 4 ranks, trains what one process trains: to the last bit.

Orders come from the generators themselves. Within a stage all of them run the weight gradients in the order
of the micro-batches, so sums are formed in the order of one process and nothing has to be tolerated. Each
plan states as caps the activations that the control plane counts for it, and holds them.
DualPipe, with its copies of stages, is in test_copies.py.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from gang import Gang, no_check, run_gang
from generated import MICROBATCHES, MODEL, NODE, TRAINING, Schedules, generate, plan_of
from plans import make_plan
from processes import bace_worker, write_plan

from bace_worker import plan as plans
from bace_worker.executor import Executor
from bace_worker.exit_codes import BadPlan
from bace_worker.rank import read_batches
from bace_worker.stage import Stage
from bace_worker.transport.transport import Transport

# the worker is also tested where only Python is; CI has both
if NODE is None:
    pytest.skip("the generators need Node", allow_module_level=True)

NAMES = (
    *("gpipe", "1f1b", "1f1b-warmup", "interleaved-1f1b", "looped-bfs", "zb-h1", "zb-h2", "zb-v", "v-half"),
    *("v-min", "dualpipe-v", "crosspipe", "crosspipe-wave"),
)
RANKS = (1, 2, 3, 4)
REFUSED = {("crosspipe-wave", 1), ("dualpipe", 1), ("dualpipe", 3)}
CASES = [(name, ranks) for name in NAMES for ranks in RANKS if (name, ranks) not in REFUSED]


@pytest.fixture(scope="module")
def schedules() -> Schedules:
    return generate()


@pytest.fixture(scope="module")
def alone(text: Path) -> Gang:
    """One process with the whole model, whole backwards and one micro-batch after the other."""
    return run_gang(make_plan(text, 1, model=MODEL, training=TRAINING))


def test_no_schedule_is_left_out(schedules: Schedules) -> None:
    assert {name for name, _ in schedules} == {*NAMES, "dualpipe"}
    assert {key for key, schedule in schedules.items() if "refused" in schedule} == REFUSED


@pytest.mark.parametrize(("name", "ranks"), CASES)
def test_trains_as_one_process_does(
    text: Path, alone: Gang, schedules: Schedules, name: str, ranks: int
) -> None:
    schedule = schedules[name, ranks]
    gang = run_gang(plan_of(text, schedule))
    assert gang.losses() == alone.losses()
    assert gang.parameters.keys() == alone.parameters.keys()
    for parameter, value in gang.parameters.items():
        assert torch.equal(value, alone.parameters[parameter]), parameter
    assert [gang.peaks[rank] for rank in range(ranks)] == schedule["peakActivations"]


@pytest.mark.parametrize("name", NAMES)
def test_a_cap_below_the_need_is_refused(text: Path, schedules: Schedules, name: str) -> None:
    document = plan_of(text, schedules[name, 4])
    document["activationCaps"][2] -= 0.5
    with pytest.raises(BadPlan, match=r"ranks\[2\].*the rank holds .* activations, activationCaps\[2\] is"):
        plans.read(document)


def test_a_cap_is_asserted_while_running(text: Path) -> None:
    """Should plan and worker ever count differently, the rank ends where it exceeds the cap."""
    plan = plans.read(make_plan(text, 1, model=MODEL, training=TRAINING))
    stages = {0: Stage(plan, 0, read_batches(plan, [0])[0])}
    capped = replace(plan, activation_caps=(0.5,))
    executor = Executor(capped, 0, stages, Transport(plan, 0, "127.0.0.1"), no_check)
    with pytest.raises(AssertionError, match=r"1 activations after F of stage 0, .* the plan's cap is 0\.5"):
        executor.run_step(1)


def test_stages_of_one_rank_exchange_nothing(text: Path, schedules: Schedules) -> None:
    """The turn of a V: stages 1 and 2 are on rank 1; what crosses between the ranks is stages 0/1 and 2/3."""
    gang = run_gang(plan_of(text, schedules["zb-v", 2]))
    sent = {rank: {transfer.to_stage for transfer in items} for rank, items in gang.transfers.items()}
    assert sent == {0: {1, 2}, 1: {0, 3}}
    assert all(len(items) == 2 * MICROBATCHES * TRAINING["steps"] for items in gang.transfers.values())


def test_ranks_are_processes_as_well(text: Path, tmp_path: Path, alone: Gang, schedules: Schedules) -> None:
    """The same through `local`: two processes, four stages, split backwards."""
    process = bace_worker("local", "--plan", write_plan(tmp_path, plan_of(text, schedules["zb-v", 2])))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert [json.loads(line)["loss"] for line in output.splitlines()] == alone.losses()
