"""Ranks as children and as steps of a Slurm job: what is started, and what an end means."""

from __future__ import annotations

import signal

import pytest

from bace_worker.exit_codes import BadPlan, code_for_step
from bace_worker.starters import Children, Ended, Steps, tasks_per_node

JOB = {"SLURM_TASKS_PER_NODE": "2,1", "SLURM_GPUS_PER_TASK": "h100:1", "SLURM_CPUS_PER_TASK": "8"}
GONE = -1


@pytest.mark.parametrize(
    ("text", "counts"),
    [("1", [1]), ("2(x3),1", [2, 2, 2, 1]), ("4,2(x2)", [4, 2, 2]), ("", []), ("2(x", []), ("two", [])],
)
def test_tasks_per_node(text: str, counts: list[int]) -> None:
    assert tasks_per_node(text) == counts


def test_a_step_per_rank_on_the_job_s_nodes_in_order() -> None:
    steps = Steps(3, JOB, ["ip", "netns", "exec", "far"])
    words = [steps.command(index, ["rank", "--rank", str(index)]) for index in range(3)]
    assert [each for command in words for each in command if each.startswith("--relative")] == [
        *("--relative=0", "--relative=0", "--relative=1")
    ]
    assert words[0][:2] == ["srun", "--export=ALL"]
    assert {"--exact", "--mem=0", "--gpus-per-task=h100:1", "--cpus-per-task=8"} <= set(words[0])
    program = words[2].index("ip")
    assert words[2][program : program + 4] == ["ip", "netns", "exec", "far"]
    assert words[2][-6:] == ["-m", "bace_worker", "rank", "--rank", "2", "--step"]


def test_a_step_asks_for_no_gpus_where_slurm_does_not_count_them() -> None:
    (words,) = (Steps(1, {"SLURM_TASKS_PER_NODE": "1"}, []).command(0, ["rank"]),)
    assert not any(word.startswith(("--gpus", "--cpus")) for word in words)


@pytest.mark.parametrize("tasks", ["2(x2)", "2", "", "nonsense"])
def test_a_job_of_another_size_is_refused(tasks: str) -> None:
    with pytest.raises(BadPlan, match="for 3 ranks"):
        Steps(3, {"SLURM_TASKS_PER_NODE": tasks}, [])


@pytest.mark.parametrize("exit_code", [0, 1, 69, 70, 75, 76, 78])
def test_a_step_s_rank_has_its_own_exit_code(exit_code: int) -> None:
    for told in (False, True):
        assert Steps(3, JOB, []).ended(7, code_for_step(exit_code), told) == Ended(7, exit_code, None)


@pytest.mark.parametrize("code", [0, 1, 2, 75, 125, 126, 127, 200, 255, -signal.SIGKILL, -signal.SIGUSR1])
def test_what_is_srun_s_own_is_no_exit_code_of_a_rank(code: int) -> None:
    """0 above all: srun's code where a node has gone."""
    assert Steps(3, JOB, []).ended(7, code, told=False) == Ended(7, GONE, None)
    assert Steps(3, JOB, []).ended(7, code, told=True) == Ended(7, 75, None)


def test_signals_that_kill_a_rank() -> None:
    steps, children = Steps(3, JOB, []), Children(1, {})
    assert steps.ended(0, 137, told=False) == Ended(0, 137, "SIGKILL")
    assert steps.ended(0, 128 + signal.SIGUSR1, told=True) == Ended(0, 75, "SIGUSR1")
    assert children.ended(0, -signal.SIGSEGV, told=False) == Ended(0, 139, "SIGSEGV")
    assert children.ended(0, -signal.SIGTERM, told=True) == Ended(0, 75, "SIGTERM")
    assert children.ended(0, 69, told=False) == Ended(0, 69, None)


def test_children_have_a_gpu_each_where_there_are_enough() -> None:
    """The worker takes the first GPU that it sees."""
    two = {"CUDA_VISIBLE_DEVICES": "4,7"}
    assert [Children(2, two).environment(index)["CUDA_VISIBLE_DEVICES"] for index in (0, 1)] == ["4", "7"]
    assert Children(3, two).environment(2)["CUDA_VISIBLE_DEVICES"] == "4,7"
    assert "CUDA_VISIBLE_DEVICES" not in Children(1, {}).environment(0)
