"""Checks of a plan that compare field with field: one whole model, every stage on its ranks, all links.

The worker never repairs a plan. What ranks do, and whether it can be done, is checked in action_checks.py.
"""

from __future__ import annotations

from itertools import pairwise, product

from .exit_codes import BadPlan
from .plan import Plan, Rank


def check(plan: Plan) -> None:
    """Raises BadPlan for the first contradiction found."""
    _check_model(plan)
    _check_stages(plan)
    _check_counts(plan)
    _check_ranks(plan)
    _check_links(plan)
    _check_training(plan)


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


def _check_counts(plan: Plan) -> None:
    """Of what is counted below, one by one: numbers that no plan carries out must not keep a rank busy."""
    if plan.replicas > len(plan.ranks):
        raise BadPlan(f"replicas: is {plan.replicas}, the plan has {len(plan.ranks)} ranks")
    actions = sum(len(rank.actions) for rank in plan.ranks)
    if plan.training.microbatches > actions:
        raise BadPlan(
            f"training.microbatches: is {plan.training.microbatches}, all ranks have {actions} actions"
        )


def _check_ranks(plan: Plan) -> None:
    first: dict[tuple[int, int], Rank] = {}
    for index, rank in enumerate(plan.ranks):
        path = f"ranks[{index}]"
        if rank.rank != index:
            raise BadPlan(f"{path}.rank: is {rank.rank}, must be {index}")
        if rank.replica >= plan.replicas:
            raise BadPlan(
                f"{path}.replica: is {rank.replica}, the plan has replicas 0 to {plan.replicas - 1}"
            )
        for position, stage in enumerate(rank.stages):
            if stage >= len(plan.stages):
                raise BadPlan(
                    f"{path}.stages[{position}]: is {stage}, the plan has stages 0 to {len(plan.stages) - 1}"
                )
            if stage in rank.stages[:position]:
                raise BadPlan(f"{path}.stages[{position}]: stage {stage} is listed twice")
            other = first.setdefault((rank.replica, stage), rank)
            if other.stages != rank.stages:
                raise BadPlan(
                    f"{path}.stages[{position}]: stage {stage} is on rank {other.rank} as well, whose stages"
                    " are not all the same; ranks that share one share all, and add their gradients up"
                )
    for index, rank in enumerate(plan.ranks):
        for stage in rank.stages:
            if rank.region != plan.stages[stage].region:
                raise BadPlan(
                    f"ranks[{index}].region: is {rank.region!r}, its stage {stage} is in"
                    f" {plan.stages[stage].region!r}; all ranks with a stage are in one region, where they"
                    " add its gradients up"
                )
    for replica, stage in product(range(plan.replicas), range(len(plan.stages))):
        if (replica, stage) not in first:
            raise BadPlan(f"ranks: no rank has stage {stage} of replica {replica}")
    for index, rank in enumerate(plan.ranks):
        copies, originals = plan.copies(rank), plan.copies(first[0, rank.stages[0]])
        if rank.stages != originals[0].stages or len(copies) != len(originals):
            raise BadPlan(f"ranks[{index}].stages: are not those of as many ranks in every replica")
        original = originals[copies.index(rank)]
        if rank.actions != original.actions:
            raise BadPlan(f"ranks[{index}].actions: are not those of rank {original.rank}, its replica 0")
    if plan.activation_caps is not None and len(plan.activation_caps) != len(plan.ranks):
        raise BadPlan(
            f"activationCaps: has {len(plan.activation_caps)} entries, the plan has {len(plan.ranks)} ranks"
        )


def _check_links(plan: Plan) -> None:
    expected: set[tuple[int, int]] = set()
    for replica, microbatch in product(range(plan.replicas), range(plan.training.microbatches)):
        ways = [plan.rank_of(stage.index, microbatch, replica).rank for stage in plan.stages]
        for a, b in pairwise(ways):
            expected |= {(a, b), (b, a)} if a != b else set()
    for index, link in enumerate(plan.links):
        pair = (link.from_rank, link.to_rank)
        if pair not in expected:
            raise BadPlan(
                f"links[{index}]: rank {pair[0]} to rank {pair[1]} is listed twice, or they have no"
                " neighbouring stages"
            )
        expected.remove(pair)
        if link.via == "collective" and (link.emulated is not None or link.compression != "none"):
            raise BadPlan(f"links[{index}].via: collective links are neither emulated nor compressed")
    if expected:
        a, b = min(expected)
        raise BadPlan(f"links: the direction from rank {a} to rank {b} is missing")


def _check_training(plan: Plan) -> None:
    rate = plan.training.learning_rate
    if rate.floor > rate.peak:
        raise BadPlan(f"training.learningRate.floor: {rate.floor} is above the peak, {rate.peak}")
    if rate.decay_end_step < rate.warm_up_steps:
        raise BadPlan(
            f"training.learningRate.decayEndStep: {rate.decay_end_step} is in the warm-up of"
            f" {rate.warm_up_steps} steps"
        )
