"""What the program `bace` does by itself: simulations, and plans of a service that it finds. Figures are
the program's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .discovery import PathLike
from .errors import ProgramFailed
from .job_file import Jobs, job_file
from .results import Plan, Simulation

# `plan` says by its exit code what would happen; whether it has a plan, its output says.
PLANNED = (0, 1, 2)


def simulate(
    scenario: PathLike | Mapping[str, Any],
    *,
    policies: Sequence[str] | None = None,
    seed: int | None = None,
    program: Sequence[str] | None = None,
) -> Simulation:
    """Runs a scenario under several scheduling policies on a virtual clock.

    Args:
        scenario: path of a scenario file, or its fields (files that it names lie in the working folder then).
        policies: names; those that the program compares by itself if absent.
        seed: of everything random.
        program: command line that runs `bace`; found as `npx` would find it if absent.

    Raises:
        ProgramFailed: the scenario is wrong, or there is no such program.
    """
    is_file = isinstance(scenario, (str, os.PathLike))
    asked = ["simulate", str(scenario) if is_file else "-", "-o", "json"]
    if policies is not None:
        asked += ["--policy", ",".join(policies)]
    if seed is not None:
        asked += ["--seed", str(seed)]
    return Simulation(run(asked, None if is_file else json.dumps(scenario, allow_nan=False), program, (0,)))


def plan(job: Jobs, *, state: PathLike | None = None, program: Sequence[str] | None = None) -> Plan:
    """What a service would do now if this job were submitted, as `bace plan` says it. Stores nothing.

    Raises:
        ProgramFailed: the file is wrong, or there is no service or no program.
    """
    where = [] if state is None else ["--state", str(state)]
    if isinstance(job, (str, os.PathLike)):
        return Plan(run(["plan", str(job), "-o", "json", *where], None, program, PLANNED))
    return Plan(run(["plan", "-", "-o", "json", *where], job_file(job)["text"], program, PLANNED))


def run(asked: Sequence[str], text: str | None, program: Sequence[str] | None, good: Sequence[int]) -> Any:
    command = [*(program or find_program()), *asked]
    try:
        done = subprocess.run(command, input=text or "", capture_output=True, text=True, encoding="utf-8")
    except OSError as error:
        raise ProgramFailed("no-program", f"cannot run {command[0]}: {error.strerror}") from error
    if done.returncode in good and done.stdout != "":
        return json.loads(done.stdout)
    raise failure_of(done.stderr, done.returncode)


def find_program() -> list[str]:
    """`bace` of the nearest folder above with npm packages, as for npx, or the one on the PATH."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        program = folder / "node_modules" / ".bin" / "bace"
        if program.exists():
            return [str(program)]
    found = shutil.which("bace")
    if found is None:
        mend = "npm install bace-pipe here, or give its command line as program=[…]"
        raise ProgramFailed("no-program", "there is no program bace, neither here nor on the PATH", mend)
    return [found]


def failure_of(said: str, exit_code: int) -> ProgramFailed:
    """From what the program says: `error[CODE]: what`, places, and `= help: what to do`."""
    found = re.search(r"^error\[([\w-]+)\]: (.*)$", said, re.MULTILINE)
    if found is None:
        detail = said.strip().splitlines()[-1] if said.strip() else f"bace ended with exit code {exit_code}"
        return ProgramFailed("program-failed", detail)
    place = re.search(r"^ *--> (.*)$", said, re.MULTILINE)
    helps = re.search(r"^ *= help: (.*)$", said, re.MULTILINE)
    detail = f"{place[1]}: {found[2]}" if place else found[2]
    return ProgramFailed(found[1], detail, helps[1] if helps else None)
