"""Checks of what ranks do: every action once, in an order that can be carried out, in the memory stated.

Refused here is what would otherwise show as a wrong gradient, a swap of data, a silent hang or too little
memory: a micro-batch without exactly one F and one B, or I and W, per stage; sends and receives of a channel
in different order; actions that wait for each other in a circle; more activations than the plan's cap.
"""

from __future__ import annotations

from .exit_codes import BadPlan
from .plan import Action, Plan, Rank

ACTIVATIONS = {"F": 1.0, "B": -1.0, "I": -0.5, "W": -0.5}  # that a block adds, or gives back


def check(plan: Plan) -> None:
    """Raises BadPlan for the first contradiction found. Expects a plan that plan_checks.py has accepted.

    Replicas do the same, so one is looked at.
    """
    ranks = [rank for rank in plan.ranks if rank.replica == 0]
    for rank in ranks:
        _check_actions(plan, rank)
        _check_activations(plan, rank)
    for link in plan.links:
        if plan.ranks[link.from_rank].replica == 0:
            _check_channel(plan, plan.ranks[link.from_rank], plan.ranks[link.to_rank])
    _check_progress(plan, ranks)


def _needs(plan: Plan, rank: Rank, action: Action) -> list[Action]:
    """What must stand before the action in its rank's own list. B stands for I too."""
    stage, microbatch = action.stage, action.microbatch

    def input_of(kind: str, direction: int) -> list[Action]:
        """The message that F or B consumes; between stages of one rank, the block that makes it."""
        sender = plan.neighbour(stage, microbatch, direction, 0)
        if sender is None:
            return []
        if sender is rank:
            return [Action(kind, stage + direction, microbatch)]
        return [Action(f"RECV_{kind}", stage, microbatch)]

    match action.kind:
        case "F":
            return input_of("F", -1)
        case "B" | "I":
            return [Action("F", stage, microbatch), *input_of("B", +1)]
        case "W":
            return [Action("I", stage, microbatch)]
        case "SEND_F" | "SEND_B":
            return [Action(action.kind[-1], stage, microbatch)]
    return []


def _peer(plan: Plan, action: Action) -> Rank | None:
    """The rank at the other end of a send or receive; None where there is none."""
    direction = +1 if action.kind in ("SEND_F", "RECV_B") else -1
    return plan.neighbour(action.stage, action.microbatch, direction, 0)


def _check_actions(plan: Plan, rank: Rank) -> None:
    seen: set[Action] = set()
    for position, action in enumerate(rank.actions):
        path = f"ranks[{rank.rank}].actions[{position}]"
        if action.stage not in rank.stages:
            raise BadPlan(f"{path}.stage: is {action.stage}, this rank has {_listed(rank.stages)}")
        if action.microbatch >= plan.training.microbatches:
            raise BadPlan(
                f"{path}.microbatch: is {action.microbatch}, the step has {plan.training.microbatches}"
            )
        runner = plan.rank_of(action.stage, action.microbatch, 0)
        if runner is not rank:
            raise BadPlan(f"{path}: {action} belongs to rank {runner.rank}, which runs its F")
        if action.is_communication and _peer(plan, action) in (None, rank):
            raise BadPlan(
                f"{path}.kind: {action.kind} has no other rank on that side of stage {action.stage}"
            )
        backward = Action("B", action.stage, action.microbatch)
        if action in seen or (action.kind in ("B", "I") and backward in seen):
            raise BadPlan(f"{path}: {action} happens twice")
        for need in _needs(plan, rank, action):
            if need not in seen:
                raise BadPlan(f"{path}: {action} comes before its {need}")
        seen.add(action)
        if action.kind == "I":
            seen.add(backward)
    for stage in rank.stages:
        microbatches = _microbatches(plan, rank, stage)
        if not microbatches:
            raise BadPlan(
                f"ranks[{rank.rank}].actions: run no micro-batch of stage {stage}, of which it has a copy."
                " Plan with more micro-batches, or with a schedule in one direction"
            )
        for microbatch in microbatches:
            kinds = ["F", "B", "SEND_F", "RECV_F", "SEND_B", "RECV_B"]
            kinds += ["W"] if Action("I", stage, microbatch) in seen else []
            for action in (Action(kind, stage, microbatch) for kind in kinds):
                if action in seen or (action.is_communication and _peer(plan, action) in (None, rank)):
                    continue
                raise BadPlan(f"ranks[{rank.rank}].actions: {action} is missing")


def _microbatches(plan: Plan, rank: Rank, stage: int) -> list[int]:
    """Those that the rank runs at one of its stages."""
    return [
        microbatch
        for microbatch in range(plan.training.microbatches)
        if plan.rank_of(stage, microbatch, rank.replica) is rank
    ]


def _listed(stages: tuple[int, ...]) -> str:
    return f"stage{'s' if len(stages) > 1 else ''} {', '.join(map(str, stages))}"


def _check_activations(plan: Plan, rank: Rank) -> None:
    if plan.activation_caps is None:
        return
    cap, held = plan.activation_caps[rank.rank], 0.0
    for position, action in enumerate(rank.actions):
        held += ACTIVATIONS.get(action.kind, 0.0)
        if held > cap:
            raise BadPlan(
                f"ranks[{rank.rank}].actions[{position}]: with {action} the rank holds {held:g} activations,"
                f" activationCaps[{rank.rank}] is {cap:g}"
            )


def _check_channel(plan: Plan, sender: Rank, receiver: Rank) -> None:
    """A channel is one direction between two ranks, whatever the stages and kinds of its messages."""
    sent = [
        Action(
            f"RECV_{action.kind[-1]}",
            action.stage + (1 if action.kind == "SEND_F" else -1),
            action.microbatch,
        )
        for action in sender.actions
        if action.kind.startswith("SEND") and _peer(plan, action) is receiver
    ]
    received = [
        (position, action)
        for position, action in enumerate(receiver.actions)
        if action.kind.startswith("RECV") and _peer(plan, action) is sender
    ]
    for expected, (position, action) in zip(sent, received, strict=True):
        if action != expected:
            raise BadPlan(
                f"ranks[{receiver.rank}].actions[{position}]: {action} is out of order, rank {sender.rank}"
                f" sends for {expected} first"
            )


def _awaited(plan: Plan, rank: Rank, action: Action) -> Action | None:
    """The send of another rank that must have happened before a block can run."""
    kind, direction = ("SEND_F", -1) if action.kind == "F" else ("SEND_B", +1)
    sender = plan.neighbour(action.stage, action.microbatch, direction, 0)
    if action.kind not in ("F", "B", "I") or sender is None or sender is rank:
        return None
    return Action(kind, action.stage + direction, action.microbatch)


def _check_progress(plan: Plan, ranks: list[Rank]) -> None:
    """Runs one step without time. Receives do not block: their consumers do, as in the executor."""
    position = {rank.rank: 0 for rank in ranks}
    done: set[Action] = set()
    moved = True
    while moved:
        moved = False
        for rank in ranks:
            while position[rank.rank] < len(rank.actions):
                action = rank.actions[position[rank.rank]]
                awaited = _awaited(plan, rank, action)
                if awaited is not None and awaited not in done:
                    break
                done.add(action)
                position[rank.rank] += 1
                moved = True
    for rank in ranks:
        if position[rank.rank] < len(rank.actions):
            action = rank.actions[position[rank.rank]]
            raise BadPlan(
                f"ranks[{rank.rank}].actions[{position[rank.rank]}]: {action} waits for ever:"
                " its sender waits for this rank"
            )
