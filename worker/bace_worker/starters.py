"""How a supervisor starts its ranks: as its own children, or as steps of its Slurm job on the job's nodes.

A step is an `srun` per rank, and what is said to a rank is said to its srun. Seen of Slurm 22.05:
- srun ends with the rank's exit code, and with 0 as well where the rank's node has gone. So ranks of steps
  end with codes of their own (exit_codes.py), and any other code says that nobody knows how the rank ended.
- It takes SIGTERM as an order to kill the step at once; SIGUSR1 it passes on, so that is the word for "stop".
- When it is killed, a process of its own ends the step.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .exit_codes import NO_EXIT_CODE, RESTART, BadPlan, code_in_step
from .lifetime import STOP_OF_STEPS, SUPERVISOR_VARIABLE

_SRUN_FAILED = 200  # no rank's, and no signal's that anybody sends


@dataclass(frozen=True)
class Ended:
    """How a rank ended; `signal` is the name of the one that killed it."""

    rank: int
    exit_code: int
    signal: str | None


class Starter(Protocol):
    """`index` counts the ranks of the launch, in order."""

    stop_signal: signal.Signals
    own_sessions: bool

    def command(self, index: int, arguments: Sequence[str]) -> list[str]:
        """The vector that starts `bace_worker` with these arguments."""

    def environment(self, index: int) -> dict[str, str]: ...

    def ended(self, rank: int, code: int, told: bool) -> Ended:
        """`code`: as subprocess.Popen has it; `told`: whether the ranks have been told to stop."""


class Children:
    """On this machine. Where it is said which GPUs may be seen, and they suffice, each rank has its own."""

    stop_signal = signal.SIGTERM
    own_sessions = False

    def __init__(self, count: int, environment: Mapping[str, str]) -> None:
        self._environment = environment
        gpus = [name for name in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        self._gpus = gpus if len(gpus) >= count else []

    def command(self, _index: int, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "bace_worker", *arguments]

    def environment(self, index: int) -> dict[str, str]:
        gpu = {"CUDA_VISIBLE_DEVICES": self._gpus[index]} if self._gpus else {}
        return {
            **self._environment,
            **_for_ranks(self._environment),
            SUPERVISOR_VARIABLE: str(os.getpid()),
            **gpu,
        }

    def ended(self, rank: int, code: int, told: bool) -> Ended:
        return Ended(rank, code, None) if code >= 0 else _killed(rank, -code)


class Steps:
    """One per rank, each with its GPU and its cores; neighbours in the list are on the same node or the next.

    `prefix`: what each rank is started with. Raises BadPlan where the job is of another size than the launch.
    """

    stop_signal = STOP_OF_STEPS
    own_sessions = True  # what Slurm says to all processes of the batch script is not for srun

    def __init__(self, count: int, environment: Mapping[str, str], prefix: Sequence[str]) -> None:
        self._environment = environment
        self._prefix = prefix
        tasks = tasks_per_node(environment.get("SLURM_TASKS_PER_NODE", ""))
        self._nodes = [node for node, number in enumerate(tasks) for _ in range(number)]
        if len(self._nodes) != count:
            raise BadPlan(f"the Slurm job has {len(self._nodes)} tasks for {count} ranks: {tasks} per node")

    def command(self, index: int, arguments: Sequence[str]) -> list[str]:
        given = {"--gpus-per-task": "SLURM_GPUS_PER_TASK", "--cpus-per-task": "SLURM_CPUS_PER_TASK"}
        shares = [
            f"{option}={self._environment[name]}"
            for option, name in given.items()
            if name in self._environment
        ]
        step = ["--nodes=1", "--ntasks=1", f"--relative={self._nodes[index]}", "--exact", "--mem=0", *shares]
        # sbatch was told to export nothing, and would have srun do the same
        return [
            "srun",
            "--export=ALL",
            *step,
            *self._prefix,
            sys.executable,
            "-m",
            "bace_worker",
            *arguments,
            "--step",
        ]

    def environment(self, index: int) -> dict[str, str]:
        failed = str(_SRUN_FAILED)
        return {**self._environment, **_for_ranks(self._environment), "SLURM_EXIT_ERROR": failed}

    def ended(self, rank: int, code: int, told: bool) -> Ended:
        exit_code = code_in_step(code)
        if exit_code is not None:
            return Ended(rank, exit_code, None)
        if 128 < code < _SRUN_FAILED and code - 128 in _SIGNALS:
            return _killed(rank, code - 128)
        return Ended(rank, RESTART if told else NO_EXIT_CODE, None)


_SIGNALS = frozenset(int(number) for number in signal.Signals)


def tasks_per_node(text: str) -> list[int]:
    """What Slurm writes as `2(x3),1`: tasks on each of the job's nodes. Empty where it is no such text."""
    counts: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"([0-9]{1,5})(?:\(x([0-9]{1,5})\))?", part)
        if found is None:
            return []
        counts += [int(found[1])] * int(found[2] or 1)
    return counts


def _killed(rank: int, number: int) -> Ended:
    name = signal.Signals(number).name
    # signals to stop kill in the instant before a rank can remember them
    return Ended(rank, RESTART if number in (signal.SIGTERM, STOP_OF_STEPS) else 128 + number, name)


def _for_ranks(environment: Mapping[str, str]) -> dict[str, str]:
    """One thread per rank: the layout says how many cores are used, not the math library."""
    package_parent = str(Path(__file__).resolve().parent.parent)
    search = environment.get("PYTHONPATH")
    return {
        "PYTHONPATH": package_parent if not search else package_parent + os.pathsep + search,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
