"""What happens to the fleet while five jobs train: each thing once, when its moment has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..service import Service
from ..table import say
from .history import History
from .world import PATH, World

DOWN_SECONDS = 3.0
"""For which a killed control plane, or a controller, is away."""


@dataclass
class Fault:
    """`comes`: whether its moment is there. `happens` returns what was done, in words."""

    what: str
    comes: Callable[[History], bool]
    happens: Callable[[History], str]
    done: str = ""


def faults(world: World, service: Service) -> list[Fault]:
    def kill_control_plane(history: History) -> str:
        service.kill()
        time.sleep(DOWN_SECONDS)
        service.start()
        return f"for {DOWN_SECONDS:.0f} s, {_running(history)}"

    return [
        Fault("a link is cut to a tenth", at_step("a", 3), lambda history: cut_link(world, history, "a")),
        Fault("the control plane is killed", at_step("b", 5), kill_control_plane),
        Fault("a node is killed", at_step("b", 12), lambda history: kill_node(world, history, "b")),
        Fault(
            "a slurmctld crashes and comes back during a submit",
            lambda history: history.last("c") is not None,
            lambda history: restart_controller(world, history, "c"),
        ),
        Fault("the control plane is killed", at_step("d", 5), kill_control_plane),
    ]


def at_step(job: str, step: int) -> Callable[[History], bool]:
    """In its first epoch."""
    return lambda history: len(history.epochs.get(job, [])) == 1 and history.step(job) >= step


def cut_link(world: World, history: History, job: str) -> str:
    epoch = history.last(job)
    assert epoch is not None
    (a, _), (b, _) = epoch.regions[:2]
    slow = replace(PATH, bits_per_second=PATH.bits_per_second / 10)
    world.wan.shape(a, b, slow)
    world.wan.shape(b, a, slow)
    return f"{a} - {b}, at step {history.step(job)} of {job}"


def kill_node(world: World, history: History, job: str) -> str:
    epoch = history.last(job)
    assert epoch is not None
    region, _ = epoch.regions[-1]
    name = f"bace-{job}.{epoch.number}.{region}"
    nodes = world.clusters.client(region, "squeue", "--noheader", f"--name={name}", "--format=%N").split()
    world.clusters.node(region, nodes[0], "kill")
    return f"{nodes[0]} of {region}, at step {history.step(job)} of {job}"


def restart_controller(world: World, history: History, job: str) -> str:
    epoch = history.last(job)
    assert epoch is not None
    region, _ = epoch.regions[0]
    world.clusters.controller(region, "crash")
    time.sleep(DOWN_SECONDS)
    world.clusters.controller(region, "start")
    return f"{region}, while {job} was submitted to it"


def happen(due: list[Fault], history: History) -> None:
    """Those whose moment has come."""
    for fault in due:
        if not fault.done and fault.comes(history):
            fault.done = fault.happens(history)
            say(f"{fault.what}: {fault.done}")


def _running(history: History) -> str:
    steps = {job: history.step(job) for job in history.epochs}
    return "while " + ", ".join(f"{job} was at step {step}" for job, step in steps.items() if step)
