"""Plans are read strictly: every defect is refused with the path of the field that has it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.exit_codes import BadPlan, UserError

Document = dict[str, Any]


def put(path: str, value: object) -> Callable[[Document], None]:
    """A mutation that sets the field at a path such as `stages.1.layerCount`."""

    def mutate(document: Document) -> None:
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
        place: Any = document
        for part in parents:
            place = place[part]
        place[last] = value

    return mutate


def drop(path: str) -> Callable[[Document], None]:
    def mutate(document: Document) -> None:
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
        place: Any = document
        for part in parents:
            place = place[part]
        del place[last]

    return mutate


def swap(rank: int, left: int, right: int) -> Callable[[Document], None]:
    def mutate(document: Document) -> None:
        actions = document["ranks"][rank]["actions"]
        actions[left], actions[right] = actions[right], actions[left]

    return mutate


def move(rank: int, kind: str, microbatch: int, to: int) -> Callable[[Document], None]:
    def mutate(document: Document) -> None:
        actions = document["ranks"][rank]["actions"]
        found = next(a for a in actions if (a["kind"], a["microbatch"]) == (kind, microbatch))
        actions.remove(found)
        actions.insert(to, found)

    return mutate


BLOCK = {"forwardSeconds": 1, "backwardSeconds": 1}

# stage 0: F0 SEND_F0 F1 SEND_F1 RECV_B0 B0 F2 ...; stage 1: RECV_F0 F0 B0 SEND_B0 RECV_F1 ...
REFUSED: list[tuple[Callable[[Document], None], str]] = [
    (put("version", 2), "version: is 2"),
    (put("surprise", 1), "surprise: is not known"),
    (drop("launchKey"), "launchKey: is missing"),
    (put("jobId", ""), "jobId: must be a text"),
    (put("epoch", -1), "epoch: is -1"),
    (put("epoch", True), "epoch: must be a whole number, is true"),
    (put("model.layers", "6"), "model.layers: must be a whole number, is '6'"),
    (put("model.hiddenSize", 30), "model.attentionHeads: 4 does not divide hiddenSize 30"),
    (put("model.attentionHeads", 32), "model.attentionHeads: hiddenSize / attentionHeads must be even"),
    (put("model.keyValueHeads", 3), "model.keyValueHeads: 3 does not divide"),
    (put("model.vocabularySize", 255), "model.vocabularySize: is 255"),
    (put("model.tiedEmbeddings", True), "model.tiedEmbeddings: true needs embedding and head on one stage"),
    (put("model", []), "model: must be an object, is a list"),
    (put("training.steps", 0), "training.steps: is 0, must be 1 or more"),
    (put("training.learningRate.peak", 0), "training.learningRate.peak: is 0, must be greater than 0"),
    (put("training.weightDecay", float("nan")), "training.weightDecay: is nan"),
    (put("training.dtype", "int8"), "training.dtype: is 'int8', must be one of float32"),
    (put("training.data.kind", "pictures"), "training.data.kind: is 'pictures', must be one of text, tokens"),
    (put("training.data.paths", []), "training.data.paths: needs at least 1 entry"),
    (put("stages.1.index", 0), "stages[1].index: is 0, must be 1"),
    (put("stages.1.firstLayer", 2), "stages[1].firstLayer: is 2, must be 3"),
    (put("stages.1.layerCount", 2), "stages[1].layerCount: layers end at 5, the model has 6"),
    (put("stages.1.layerCount", 4), "stages[1].layerCount: reaches layer 7, the model has 6"),
    (put("stages.1.layerCount", 0), "stages[1].layerCount: is 0, must be 1 or more"),
    (put("stages.0.embedding", False), "stages[0].embedding: must be true"),
    (put("stages.1.embedding", True), "stages[1].embedding: must be false"),
    (put("stages.1.head", False), "stages[1].head: must be true"),
    (put("ranks.1.rank", 2), "ranks[1].rank: is 2, must be 1"),
    (
        put("ranks.1.stages", [0]),
        "ranks[1].region: is 'virginia', its stage 0 is in 'frankfurt'; all ranks with a stage are in one",
    ),
    (put("ranks.1.stages", [1, 2]), "ranks[1].stages[1]: is 2, the plan has stages 0 to 1"),
    (put("ranks.1.region", "tokyo"), "ranks[1].region: is 'tokyo', its stage 1 is in 'virginia'"),
    (drop("ranks.1"), "ranks: no rank has stage 1"),
    (drop("links.1"), "links: the direction from rank 1 to rank 0 is missing"),
    (put("links.1.fromRank", 0), "links[1]: rank 0 to rank 0 is listed twice, or they have no"),
    (
        put("links.0.emulated", {"bandwidthBitsPerSecond": 0, "latencySeconds": 0}),
        "links[0].emulated.bandwidthBitsPerSecond: is 0",
    ),
    (
        put("emulatedCompute", {"stages": [{"forwardSeconds": 1, "backwardSeconds": 1}]}),
        "emulatedCompute.stages: has 1 entries",
    ),
    (put("control.url", "ftp://x"), "control.url: is 'ftp://x'"),
    (
        put("emulatedCompute", {"stages": [BLOCK, BLOCK | {"inputGradSeconds": 1}]}),
        "emulatedCompute.stages[1]: has only one of inputGradSeconds and weightGradSeconds",
    ),
    (put("activationCaps", [2]), "activationCaps: has 1 entries, the plan has 2 ranks"),
    (
        put("activationCaps", [1.5, 1]),
        "ranks[0].actions[2]: with F of stage 0, micro-batch 1 the rank holds 2",
    ),
    (put("ranks.0.actions.0.kind", "G"), "ranks[0].actions[0].kind: is 'G', must be one of"),
    (put("ranks.0.actions.0.stage", 1), "ranks[0].actions[0].stage: is 1, this rank has stage 0"),
    (put("ranks.0.actions.0.microbatch", 4), "ranks[0].actions[0].microbatch: is 4, the step has 4"),
    (
        put("ranks.1.actions.3.kind", "SEND_F"),
        "ranks[1].actions[3].kind: SEND_F has no other rank on that side of stage 1",
    ),
    (drop("ranks.0.actions.15"), "ranks[0].actions: B of stage 0, micro-batch 3 is missing"),
    (
        put("ranks.0.actions.2.microbatch", 0),
        "ranks[0].actions[2]: F of stage 0, micro-batch 0 happens twice",
    ),
    (swap(0, 0, 1), "ranks[0].actions[0]: SEND_F of stage 0, micro-batch 0 comes before its F"),
    (swap(0, 4, 5), "ranks[0].actions[4]: B of stage 0, micro-batch 0 comes before its RECV_B"),
    (swap(1, 1, 2), "ranks[1].actions[1]: B of stage 1, micro-batch 0 comes before its F"),
    (
        move(1, "RECV_F", 1, 0),
        "ranks[1].actions[0]: RECV_F of stage 1, micro-batch 1 is out of order, rank 0 sends for RECV_F"
        " of stage 1, micro-batch 0 first",
    ),
]


@pytest.mark.parametrize(("mutate", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_refused(text: Path, mutate: Callable[[Document], None], message: str) -> None:
    document = make_plan(text, 2)
    mutate(document)
    with pytest.raises(BadPlan) as caught:
        plans.read(document)
    assert message in str(caught.value)


@pytest.mark.parametrize("stages", [1, 2, 3, 6])
def test_accepted(text: Path, stages: int) -> None:
    plan = plans.read(make_plan(text, stages))
    assert [rank.stages for rank in plan.ranks] == [(stage,) for stage in range(stages)]
    assert plan.stages[-1].first_layer + plan.stages[-1].layer_count == 6


def test_early_receives_are_no_defect(text: Path) -> None:
    """A receive may be listed long before its consumer: only the consumer waits."""
    document = make_plan(text, 2)
    for rank in document["ranks"]:
        rank["actions"].sort(key=lambda action: not action["kind"].startswith("RECV"))
    plans.read(document)


def actions(stage: int, text: str) -> list[Document]:
    """Actions from a line such as "F0 SEND_F0"."""
    return [{"kind": word[:-1], "stage": stage, "microbatch": int(word[-1])} for word in text.split()]


def test_actions_that_wait_for_each_other_are_refused(text: Path) -> None:
    """Each list and each channel is in order, yet B0 waits for what comes after F1, and F1 comes after B0."""
    document = make_plan(text, 2, training={"microbatches": 2})
    document["ranks"][0]["actions"] = actions(0, "F0 SEND_F0 RECV_B1 RECV_B0 B0 F1 SEND_F1 B1")
    document["ranks"][1]["actions"] = actions(1, "RECV_F0 RECV_F1 F1 B1 SEND_B1 F0 B0 SEND_B0")
    with pytest.raises(
        BadPlan, match=r"ranks\[0\]\.actions\[4\]: B of stage 0, micro-batch 0 waits for ever"
    ):
        plans.read(document)


# two stages of one rank: the second consumes what the first gives, without a message
SPLIT = "0F0 1F0 1I0 0I0 1W0 0W0"
REFUSED_ON_ONE_RANK = [
    ("1F0 0F0 1I0 0I0 1W0 0W0", "actions[0]: F of stage 1, micro-batch 0 comes before its F of stage 0"),
    ("0F0 1F0 0I0 1I0 1W0 0W0", "actions[2]: I of stage 0, micro-batch 0 comes before its B of stage 1"),
    ("0F0 1F0 1W0 1I0 0I0 0W0", "actions[2]: W of stage 1, micro-batch 0 comes before its I"),
    ("0F0 1F0 1I0 0I0 1W0", "actions: W of stage 0, micro-batch 0 is missing"),
    ("0F0 1F0 1B0 1W0 0I0 0W0", "actions[3]: W of stage 1, micro-batch 0 comes before its I"),
    ("0F0 1F0 1I0 1B0 0I0 0W0", "actions[3]: B of stage 1, micro-batch 0 happens twice"),
    ("0F0 0SEND_F0 1F0 1I0 0I0 1W0 0W0", "actions[1].kind: SEND_F has no other rank"),
    ("2F0 0F0 1F0 1I0 0I0 1W0 0W0", "actions[0].stage: is 2, this rank has stages 0, 1"),
]


def on_one_rank(text: Path, line: str) -> Document:
    order = [
        {"kind": word[1:-1], "stage": int(word[0]), "microbatch": int(word[-1])} for word in line.split()
    ]
    return make_plan(text, 2, [[0, 1]], actions=[order], training={"microbatches": 1})


@pytest.mark.parametrize(("line", "message"), REFUSED_ON_ONE_RANK)
def test_orders_of_several_stages_refused(text: Path, line: str, message: str) -> None:
    with pytest.raises(BadPlan) as caught:
        plans.read(on_one_rank(text, line))
    assert f"ranks[0].{message}" in str(caught.value)


def test_a_split_backward_gives_back_half_an_activation_at_a_time(text: Path) -> None:
    plans.read(on_one_rank(text, SPLIT) | {"activationCaps": [2]})
    with pytest.raises(BadPlan, match=r"with F of stage 1, micro-batch 0 the rank holds 2 .*\[0\] is 1\.5"):
        plans.read(on_one_rank(text, SPLIT) | {"activationCaps": [1.5]})


def test_reading_leaves_the_document_alone(text: Path) -> None:
    document = make_plan(text, 2)
    before = copy.deepcopy(document)
    plans.read(document)
    assert document == before


def test_file_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"version": 1,,}')
    with pytest.raises(BadPlan, match="not JSON, line 1 column 15"):
        plans.load(tmp_path / "plan.json")


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing\.json: .*No such file"):
        plans.load(tmp_path / "nothing.json")


def test_file_round_trip(text: Path, tmp_path: Path) -> None:
    document = make_plan(text, 2)
    (tmp_path / "plan.json").write_text(json.dumps(document))
    assert plans.load(tmp_path / "plan.json") == plans.read(document)
