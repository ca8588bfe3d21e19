"""Epochs and other trainings: who may write a checkpoint, and who may go on from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chain import MODEL, RUN, Chain, committed, epoch

from bace_worker.checkpoint.epochs import begin_epoch, restore_point
from bace_worker.checkpoint.folder import TornCheckpoint, references
from bace_worker.checkpoint.format import LayerState
from bace_worker.checkpoint.manifest import Reference
from bace_worker.checkpoint.state import layer_states, restore
from bace_worker.checkpoint.writer import write_checkpoint
from bace_worker.exit_codes import Superseded, UserError


def test_an_old_epoch_commits_nothing_once_a_later_one_has_begun(saved: Path) -> None:
    old = Chain(2)
    assert Chain(1).start(saved, epoch(2)) == 3
    with pytest.raises(Superseded, match="epoch 2 of this job has begun, this is 1"):
        old.save(saved, RUN, 9)
    assert committed(saved) == [Reference(1, 1), Reference(1, 2)]
    with pytest.raises(Superseded):
        begin_epoch(saved, RUN)


def test_a_commit_that_had_passed_the_fence_stays_older(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The later epoch begins between the old one's last look and its rename, and has saved fewer steps."""
    new, old = Chain(1), Chain(1)
    new.start(saved, epoch(2))
    with monkeypatch.context() as patched:
        patched.setattr("bace_worker.checkpoint.writer.refuse_if_superseded", lambda *_: None)
        assert old.save(saved, RUN, 9, keep=5) == [True]
    assert restore_point(saved, epoch(2)) == Reference(1, 2)  # decided is decided
    new.save(saved, epoch(2), 3, keep=5)
    assert begin_epoch(saved, epoch(3)) == Reference(2, 3)


def test_an_old_epoch_that_lost_its_folder_is_superseded_and_not_the_users_fault(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(*_: object) -> None:
        begin_epoch(saved, epoch(2))
        raise FileNotFoundError("removed by its successor")

    monkeypatch.setattr("bace_worker.checkpoint.writer.write_layer", vanish)
    with pytest.raises(Superseded):
        Chain(1).save(saved, RUN, 9)


def test_ranks_need_the_same_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lacks what rank 0 decided for epoch 1\. All ranks need the same"):
        restore_point(tmp_path, RUN)


def test_a_model_of_another_build_is_refused(tmp_path: Path) -> None:
    """Its shape is the same, its parameters' names are not."""
    held = Chain(1).replicas[0][0]
    layers = layer_states(held.model, held.optimizer)
    renamed = {
        "projection" if name == "head.projection.weight" else name: tensor
        for name, tensor in layers["head"].tensors.items()
    }
    write_checkpoint(tmp_path, RUN, 1, layers | {"head": LayerState(renamed, 1)}, keep=1)
    with pytest.raises(UserError, match=r"head: head\.projection\.weight differs in name, type or shape"):
        restore(tmp_path, Reference(1, 1), RUN, held.model, held.optimizer)


def test_a_checkpoint_copied_from_another_job_is_refused(saved: Path) -> None:
    (saved / "epoch-00000001.json").unlink()
    with pytest.raises(UserError, match=r"jobId: is job-2, the checkpoint epoch-.* has job-1"):
        begin_epoch(saved, replace(RUN, job_id="job-2"))


def test_an_altered_decision_ends_the_rank_to_be_launched_again(saved: Path) -> None:
    path = saved / "epoch-00000001.json"
    for content in ("", "[]", "{}", '{"restoresFrom": 3}'):
        path.write_text(content)
        with pytest.raises(TornCheckpoint, match="is not what rank 0 wrote"):
            restore_point(saved, RUN)
    assert begin_epoch(saved, epoch(2)) == Reference(1, 2)


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (replace(RUN, job_id="job-2"), r"saved is in use by job job-1\. Give each job a folder of its own"),
        (replace(RUN, seed=6), r"training\.seed: is 6, .* has 5"),
        (replace(RUN, model=replace(MODEL, layers=8)), r"model: .*'layers': 8.* has .*'layers': 4"),
    ],
)
def test_another_training_is_refused(saved: Path, other: Any, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        begin_epoch(saved, replace(other, epoch=2))


def test_the_newest_stay(tmp_path: Path) -> None:
    chain = Chain(2)
    for number in (1, 2, 3):
        first = chain.start(tmp_path, epoch(number))
        chain.save(tmp_path, epoch(number), first, keep=2)
        chain.save(tmp_path, epoch(number), first + 1, keep=2)
    assert references(tmp_path) == [Reference(3, 5), Reference(3, 6)]
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["epoch-00000003.json"]


def test_failed_attempts_before_the_newest_are_removed_and_one_being_written_is_not(saved: Path) -> None:
    for reference in (Reference(0, 7), Reference(1, 4)):
        (saved / reference.folder).mkdir()
        (saved / reference.folder / ".half.tmp").write_bytes(b"half")
    Chain(1).save(saved, RUN, 3, keep=2)
    assert references(saved) == [Reference(1, 2), Reference(1, 3), Reference(1, 4)]
