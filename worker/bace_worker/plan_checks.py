"""Checks of a plan that compare field with field: it must describe one whole model and one runnable step.

The worker never repairs a plan. Three defects that would otherwise show as a wrong gradient, a swap of data
or a silent hang are refused here: a micro-batch without exactly one F and B per stage, sends and receives of
a pair in different order, and actions that wait for each other in a circle.
"""

from __future__ import annotations

from itertools import count

from .exit_codes import BadPlan
from .plan import Action, Plan, Rank


def check(plan: Plan) -> None:
    """Raises BadPlan for the first contradiction found."""
    _check_model(plan)
    _check_stages(plan)
    _check_ranks(plan)
    _check_links(plan)
    for index in range(len(plan.ranks)):
        _check_actions(plan, index)
    _check_channels(plan)
    _check_progress(plan)


def _check_model(plan: Plan) -> None:
    model = plan.model
    if model.vocabulary_size < 256:
        raise BadPlan(f"model.vocabularySize: is {model.vocabulary_size}, text by byte needs 256 or more")
    if model.hidden_size % model.attention_heads:
        raise BadPlan(
            f"model.attentionHeads: {model.attention_heads} does not divide hiddenSize {model.hidden_size}"
        )
    if (model.hidden_size // model.attention_heads) % 2:
        raise BadPlan("model.attentionHeads: hiddenSize / attentionHeads must be even for rotary embeddings")
    if model.attention_heads % model.key_value_heads:
        raise BadPlan(
            f"model.keyValueHeads: {model.key_value_heads} does not divide attentionHeads"
            f" {model.attention_heads}"
        )
    if model.tied_embeddings and len(plan.stages) > 1:
        raise BadPlan(
            "model.tiedEmbeddings: true needs embedding and head on one stage, and the plan has"
            f" {len(plan.stages)} stages; use one stage or tiedEmbeddings false"
        )


def _check_stages(plan: Plan) -> None:
    last = len(plan.stages) - 1
    next_layer = 0
    for index, stage in enumerate(plan.stages):
        path = f"stages[{index}]"
        if stage.index != index:
            raise BadPlan(f"{path}.index: is {stage.index}, must be {index}")
        if stage.first_layer != next_layer:
            raise BadPlan(
                f"{path}.firstLayer: is {stage.first_layer}, must be {next_layer}: layers in order, each once"
            )
        next_layer += stage.layer_count
        if next_layer > plan.model.layers:
            raise BadPlan(f"{path}.layerCount: reaches layer {next_layer}, the model has {plan.model.layers}")
        if stage.embedding != (index == 0):
            raise BadPlan(
                f"{path}.embedding: must be {str(index == 0).lower()}: it is on the first stage, only there"
            )
        if stage.head != (index == last):
            raise BadPlan(
                f"{path}.head: must be {str(index == last).lower()}: it is on the last stage, only there"
            )
    if next_layer != plan.model.layers:
        raise BadPlan(
            f"stages[{last}].layerCount: layers end at {next_layer}, the model has {plan.model.layers}"
        )
    if plan.emulated_compute is not None and len(plan.emulated_compute) != len(plan.stages):
        raise BadPlan(
            f"emulatedCompute.stages: has {len(plan.emulated_compute)} entries,"
            f" the plan has {len(plan.stages)} stages"
        )


def _check_ranks(plan: Plan) -> None:
    taken: dict[int, int] = {}
    for index, rank in enumerate(plan.ranks):
        path = f"ranks[{index}]"
        if rank.rank != index:
            raise BadPlan(f"{path}.rank: is {rank.rank}, must be {index}")
        if rank.stage >= len(plan.stages):
            raise BadPlan(f"{path}.stage: is {rank.stage}, the plan has stages 0 to {len(plan.stages) - 1}")
        if rank.stage in taken:
            raise BadPlan(
                f"{path}.stage: stage {rank.stage} is already on rank {taken[rank.stage]}; no replicas yet"
            )
        taken[rank.stage] = index
        if rank.region != plan.stages[rank.stage].region:
            raise BadPlan(
                f"{path}.region: is {rank.region!r}, its stage is in {plan.stages[rank.stage].region!r}"
            )
    if len(taken) != len(plan.stages):
        missing = next(stage for stage in count() if stage not in taken)
        raise BadPlan(f"ranks: no rank has stage {missing}")


def _check_links(plan: Plan) -> None:
    expected = {(a, b) for a in range(len(plan.stages)) for b in (a - 1, a + 1) if 0 <= b < len(plan.stages)}
    for index, link in enumerate(plan.links):
        pair = (link.from_stage, link.to_stage)
        if pair not in expected:
            raise BadPlan(
                f"links[{index}]: {pair[0]} to {pair[1]} is listed twice or joins no neighbouring stages"
            )
        expected.remove(pair)
    if expected:
        a, b = min(expected)
        raise BadPlan(f"links: the direction from stage {a} to stage {b} is missing")


def _expected_kinds(plan: Plan, stage: int) -> dict[str, tuple[str, ...]]:
    """The kinds of action of a stage; with each, the kinds that must come before it per micro-batch."""
    first, last = stage == 0, stage == len(plan.stages) - 1
    kinds: dict[str, tuple[str, ...]] = {
        "F": () if first else ("RECV_F",),
        "B": ("F",) if last else ("F", "RECV_B"),
    }
    if not first:
        kinds |= {"RECV_F": (), "SEND_B": ("B",)}
    if not last:
        kinds |= {"SEND_F": ("F",), "RECV_B": ()}
    return kinds


def _check_actions(plan: Plan, index: int) -> None:
    rank = plan.ranks[index]
    microbatches = plan.training.microbatches
    kinds = _expected_kinds(plan, rank.stage)
    seen: set[tuple[str, int]] = set()
    for position, action in enumerate(rank.actions):
        path = f"ranks[{index}].actions[{position}]"
        if action.stage != rank.stage:
            raise BadPlan(f"{path}.stage: is {action.stage}, this rank has stage {rank.stage}")
        if action.microbatch >= microbatches:
            raise BadPlan(f"{path}.microbatch: is {action.microbatch}, the step has {microbatches}")
        if action.kind not in kinds:
            raise BadPlan(f"{path}.kind: {action.kind} has no neighbour on that side of stage {rank.stage}")
        if (action.kind, action.microbatch) in seen:
            raise BadPlan(f"{path}: {action.kind} of micro-batch {action.microbatch} happens twice")
        for earlier in kinds[action.kind]:
            if (earlier, action.microbatch) not in seen:
                raise BadPlan(
                    f"{path}: {action.kind} of micro-batch {action.microbatch} comes before its {earlier}"
                )
        seen.add((action.kind, action.microbatch))
    for kind in kinds:
        for microbatch in range(microbatches):
            if (kind, microbatch) not in seen:
                raise BadPlan(f"ranks[{index}].actions: {kind} of micro-batch {microbatch} is missing")


def _order(rank: Rank, kind: str) -> list[int]:
    return [action.microbatch for action in rank.actions if action.kind == kind]


def _check_channels(plan: Plan) -> None:
    for stage in range(len(plan.stages) - 1):
        before, after = plan.rank_of_stage(stage), plan.rank_of_stage(stage + 1)
        for sender, receiver, kind in ((before, after, "F"), (after, before, "B")):
            sent, received = _order(sender, f"SEND_{kind}"), _order(receiver, f"RECV_{kind}")
            if sent != received:
                raise BadPlan(
                    f"ranks[{receiver.rank}].actions: RECV_{kind} in the order {received},"
                    f" rank {sender.rank} sends in the order {sent}"
                )


def _awaited(action: Action) -> tuple[str, int, int] | None:
    """The send that must have happened before a block can run, as (kind, sender's stage, micro-batch)."""
    if action.kind == "F" and action.stage > 0:
        return ("SEND_F", action.stage - 1, action.microbatch)
    if action.kind == "B":
        return ("SEND_B", action.stage + 1, action.microbatch)
    return None


def _check_progress(plan: Plan) -> None:
    """Runs one step without time. Receives do not block: their consumers do, as in the executor."""
    last = len(plan.stages) - 1
    position = [0] * len(plan.ranks)
    sent: set[tuple[str, int, int]] = set()
    moved = True
    while moved:
        moved = False
        for index, rank in enumerate(plan.ranks):
            while position[index] < len(rank.actions):
                action = rank.actions[position[index]]
                awaited = _awaited(action)
                if awaited is not None and awaited[1] <= last and awaited not in sent:
                    break
                sent.add((action.kind, action.stage, action.microbatch))
                position[index] += 1
                moved = True
    for index, rank in enumerate(plan.ranks):
        if position[index] < len(rank.actions):
            action = rank.actions[position[index]]
            raise BadPlan(
                f"ranks[{index}].actions[{position[index]}]: {action.kind} of micro-batch {action.microbatch}"
                " waits for ever: its sender waits for this rank"
            )
