"""Checkpoints go on in another layout, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from chain import MODEL, RUN, Chain, epoch, same

from bace_worker.checkpoint.state import layer_states
from bace_worker.checkpoint.writer import write_checkpoint


def test_four_stages_then_two_then_one_equal_one_uninterrupted_run(tmp_path: Path) -> None:
    """Steps 1 to 12 cross warm-up, decay and floor of the learning rate."""
    whole = Chain(1)
    losses = whole.train(1, 12)
    resumed: list[float] = []
    for number, stages in ((1, 4), (2, 2), (3, 1)):
        chain = Chain(stages)
        first = chain.start(tmp_path, epoch(number))
        assert first == 1 + 4 * (number - 1)
        resumed += chain.train(first, first + 3)
        chain.save(tmp_path, epoch(number), first + 3)
    assert resumed == losses
    assert same(chain.state(), whole.state())
    assert {held.optimizer.updates for held in chain.replicas[0]} == {12}


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1)])
def test_another_number_of_replicas(tmp_path: Path, before: int, after: int) -> None:
    """Two micro-batches, so that one sum of gradients serves both numbers of replicas."""
    whole = Chain(1)
    losses = whole.train(1, 8)
    first, second = Chain(2, replicas=before), Chain(4, replicas=after)
    assert first.start(tmp_path, epoch(1)) == 1
    resumed = first.train(1, 4)
    assert first.save(tmp_path, epoch(1), 4).count(True) == 1
    assert second.start(tmp_path, epoch(2)) == 5
    resumed += second.train(5, 8)
    assert resumed == losses
    assert all(same(second.state(replica), whole.state()) for replica in range(after))


def test_replicas_share_the_writing(tmp_path: Path) -> None:
    held = Chain(1).replicas[0][0]
    shares = [list(layer_states(held.model, held.optimizer, replica, 2)) for replica in (0, 1)]
    assert shares == [["embedding", "layer-1", "layer-3"], ["layer-0", "layer-2", "head"]]


def test_replicas_that_differ_are_found(tmp_path: Path) -> None:
    one, other = Chain(1), Chain(1)
    other.train(1, 1)
    with pytest.raises(AssertionError, match="replicas differ: two contents of embedding"):
        for held in (one.replicas[0][0], other.replicas[0][0]):
            layers = layer_states(held.model, held.optimizer)
            write_checkpoint(tmp_path, RUN, 1, {"embedding": layers["embedding"]}, keep=1)


def test_tied_embeddings_are_restored_once(tmp_path: Path) -> None:
    run = replace(RUN, model=replace(MODEL, tied_embeddings=True))
    chain, again = Chain(1, model=run.model), Chain(1, model=run.model)
    chain.train(1, 2)
    chain.save(tmp_path, run, 2)
    assert again.start(tmp_path, replace(run, epoch=2)) == 3
    model = again.replicas[0][0].model
    assert model.head is not None and model.embedding is not None
    assert model.head.projection.weight is model.embedding.weight
    assert chain.train(3, 4) == again.train(3, 4)
