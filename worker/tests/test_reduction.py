"""Which gradients replicas add up, and when: corners of what test_replicas.py trains, and late siblings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from gang import Gang, in_parallel, join_all, no_check, run_gang
from plans import make_plan
from processes import ends_after_a_kill
from torch import Tensor

from bace_worker import plan as plans
from bace_worker.collectives.groups import Groups
from bace_worker.collectives.reduction import Reduction, split_into_buckets
from bace_worker.exit_codes import PeerLost, Stopped
from bace_worker.model.model import StageModel

STEPS, MICROBATCHES = 6, 4
TOLERANCE = 1e-5


def replicated(text: Path, stages: int, **changes: Any) -> dict[str, Any]:
    training = {"steps": STEPS, "microbatches": MICROBATCHES // 2} | changes.pop("training", {})
    return make_plan(text, stages, replicas=2, training=training, **changes)


@pytest.fixture(scope="module")
def alone(text: Path) -> Gang:
    """One process with all the micro-batches of a step."""
    return run_gang(make_plan(text, 1, training={"steps": STEPS, "microbatches": MICROBATCHES}))


def check_same(gang: Gang, alone: Gang) -> None:
    """As far as sums in another order are; replicas among each other to the last bit."""
    assert gang.losses() == pytest.approx(alone.losses(), abs=TOLERANCE, rel=0)
    for name, value in alone.parameters.items():
        assert (gang.parameters[name] - value).abs().max().item() <= TOLERANCE, name
        assert all(torch.equal(gang.parameters[name], other[name]) for other in gang.replicas.values()), name


def test_four_replicas_with_split_backwards(text: Path, alone: Gang) -> None:
    """I and W apart: a gradient is final when its last W is done."""
    order = [{"kind": kind, "stage": 0, "microbatch": 0} for kind in ("F", "I", "W")]
    training = {"steps": STEPS, "microbatches": 1}
    check_same(run_gang(make_plan(text, 1, replicas=4, actions=[order], training=training)), alone)


def test_several_stages_on_a_rank(text: Path, alone: Gang) -> None:
    order = [
        {"kind": kind, "stage": stage, "microbatch": microbatch}
        for microbatch in range(2)
        for kind, stages in (("F", (0, 1)), ("B", (1, 0)))
        for stage in stages
    ]
    check_same(run_gang(replicated(text, 2, placement=[[0, 1]], actions=[order])), alone)


def test_replicas_with_collective_links_and_clipping(text: Path) -> None:
    changes: dict[str, Any] = {"training": {"gradientClipNorm": 0.5}}
    whole = {"steps": STEPS, "microbatches": MICROBATCHES, "gradientClipNorm": 0.5}
    alone = run_gang(make_plan(text, 1, training=whole))
    check_same(run_gang(replicated(text, 2, link={"via": "collective"}, **changes)), alone)


def test_tied_weights_are_final_after_their_second_use(text: Path) -> None:
    model = {"tiedEmbeddings": True}
    whole = {"steps": STEPS, "microbatches": MICROBATCHES}
    alone = run_gang(make_plan(text, 1, model=model, training=whole))
    check_same(run_gang(replicated(text, 1, model=model, gradientBucketBytes=1)), alone)


def test_buckets_go_from_the_last_layer_to_the_first(text: Path) -> None:
    plan = plans.read(make_plan(text, 1))
    model = StageModel(plan.model, plan.stages[0], 1)
    weights = list(reversed(list(model.parameters())))
    buckets = split_into_buckets(weights, 20_000)
    assert [id(weight) for bucket in buckets for weight in bucket] == [id(weight) for weight in weights]
    sizes = [sum(weight.nbytes for weight in bucket) for bucket in buckets]
    assert len(sizes) > 3
    assert min(sizes[:-1]) >= 20_000
    assert buckets[-1][-1] is model.embedding.weight  # type: ignore[union-attr]


class Counting:
    """A group that notes what it is given, and lends it to the real one."""

    def __init__(self, group: Any) -> None:
        self._group = group
        self.sizes: list[int] = []

    def allreduce(self, tensors: list[Tensor]) -> Any:
        self.sizes.append(tensors[0].numel())
        return self._group.allreduce(tensors)


def hand_over(model: StageModel, value: float) -> None:
    """As a backward does: the last layer's first."""
    for weight in reversed(list(model.parameters())):
        model.gradients.add(weight, lambda weight=weight: torch.full_like(weight, value))


def test_a_bucket_is_reduced_as_soon_as_its_last_gradient_is_there(text: Path) -> None:
    plan = plans.read(make_plan(text, 1, replicas=2))
    groups = join_all(plan)
    finished: list[StageModel] = []

    def run(number: int) -> None:
        model = StageModel(plan.model, plan.stages[0], 1)
        group = Counting(groups[number].siblings())
        reduction = Reduction([(model, 2)], group, bucket_bytes=1)
        for step in range(2):
            hand_over(model, 1.0 + number)
            assert len(group.sizes) == step * len(list(model.parameters()))
            hand_over(model, 10.0 + step)
            assert group.sizes[-1] == model.embedding.weight.numel()  # type: ignore[union-attr]
            reduction.finish(no_check)
            for weight in model.parameters():
                assert torch.equal(weight.grad, torch.full_like(weight, 23.0 + 2 * step))  # type: ignore[arg-type]
                weight.grad = None
        finished.append(model)

    in_parallel([lambda number=number: run(number) for number in (0, 1)])
    assert len(finished) == 2


def test_buckets_start_in_the_order_that_siblings_agree_on(text: Path) -> None:
    """Whichever stage this rank finishes first: a sibling may finish another one."""
    plan = plans.read(make_plan(text, 2, replicas=2))
    first, second = (StageModel(plan.model, plan.stages[index], 1) for index in (0, 1))
    done: list[int] = []

    class Noting:
        def allreduce(self, tensors: list[Tensor]) -> None:
            done.append(tensors[0].numel())

    Reduction([(second, 1), (first, 1)], Noting(), bucket_bytes=1 << 30)
    hand_over(first, 1.0)
    assert done == []
    hand_over(second, 1.0)
    assert done == [sum(weight.numel() for weight in model.parameters()) for model in (second, first)]


def test_waiting_for_a_sibling_can_be_stopped(text: Path) -> None:
    plan = plans.read(make_plan(text, 1, replicas=2))
    groups: list[Groups] = join_all(plan)
    model = StageModel(plan.model, plan.stages[0], 1)
    reduction = Reduction([(model, 1)], groups[0].siblings(), bucket_bytes=1 << 20)
    hand_over(model, 1.0)

    def stop() -> None:
        raise Stopped("SIGTERM")

    with pytest.raises(Stopped):
        reduction.finish(stop)


def test_a_killed_sibling_ends_the_others_at_once(text: Path, tmp_path: Path) -> None:
    document = make_plan(text, 1, replicas=2, training={"steps": 100_000})
    assert ends_after_a_kill(document, tmp_path, victim=1) == [PeerLost.exit_code]
