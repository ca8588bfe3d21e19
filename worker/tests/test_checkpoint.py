"""Checkpoints: any layout goes on from any other's to the last bit, and what is torn is never used."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from chain import MODEL, RUN, Chain, epoch, same

from bace_worker.checkpoint.epochs import begin_epoch, restore_point
from bace_worker.checkpoint.folder import TornCheckpoint, is_committed, references, verify
from bace_worker.checkpoint.format import LayerState, decode, encode
from bace_worker.checkpoint.manifest import Reference
from bace_worker.checkpoint.state import layer_states, restore
from bace_worker.checkpoint.writer import write_checkpoint
from bace_worker.exit_codes import Superseded, UserError


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("saved")
    chain = Chain(2)
    chain.start(root, RUN)
    for step in (1, 2):
        chain.train(step, step)
        chain.save(root, RUN, step)
    return root


@pytest.fixture
def saved(saved_once: Path, tmp_path: Path) -> Path:
    """Checkpoints of steps 1 and 2, written by epoch 1 in two stages."""
    return Path(shutil.copytree(saved_once, tmp_path / "saved"))


def committed(root: Path) -> list[Reference]:
    return [reference for reference in references(root) if is_committed(root, reference)]


# --- going on in another layout ---


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


# --- the file format ---


def test_a_layer_keeps_every_bit() -> None:
    tensors = {
        "a": torch.tensor([float("nan"), -0.0, 1e-45, float("inf")]),
        "b": torch.arange(3, dtype=torch.bfloat16),  # of odd length, before which others must stay aligned
        "c": torch.randn(2, 3, 4, dtype=torch.float64),
        "scalar": torch.tensor(3.5, dtype=torch.float16),
        "transposed": torch.arange(6.0).view(2, 3).T,
    }
    content = b"".join(bytes(piece) for piece in encode(LayerState(tensors, 7)))
    state = decode(torch.frombuffer(bytearray(content), dtype=torch.uint8).numpy())
    assert state.updates == 7
    assert state.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert state.tensors[name].dtype == tensor.dtype
        assert state.tensors[name].shape == tensor.shape
        assert encode(LayerState({name: tensor}, 0)) == encode(LayerState({name: state.tensors[name]}, 0))


def test_layers_are_safetensors_files(saved: Path) -> None:
    """Read here by the format's description alone."""
    path = next((saved / Reference(1, 2).folder).glob("layer-3.*.safetensors"))
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert header.pop("__metadata__") == {"format": "bace-pipe layer 1", "updates": "2"}
    names = {name for name in header if not name.startswith("optimizer.")}
    assert "layers.3.attention.query.weight" in names
    assert header.keys() == names | {
        f"optimizer.{kind}.{name}" for kind in ("mean", "square") for name in names
    }
    entry = header["layers.3.attention.query.weight"]
    assert (entry["dtype"], entry["shape"]) == ("F32", [8, 8])
    ends = sorted(entry["data_offsets"] for entry in header.values())
    assert [begin for begin, _ in ends] == [0, *(end for _, end in ends[:-1])]
    assert 8 + length + ends[-1][1] == len(content)


def test_what_is_no_layer_is_refused() -> None:
    for content in (b"", b"\xff" * 64, b"\x02" + b"\0" * 7 + b"{}", b"\x02" + b"\0" * 7 + b"[]"):
        with pytest.raises(ValueError):
            decode(torch.frombuffer(bytearray(content or b"\0"), dtype=torch.uint8).numpy())


# --- torn checkpoints ---


def files_of(root: Path) -> list[str]:
    """The manifest and one file per layer, by what comes before the hash in their names."""
    names = sorted(path.name for path in (root / Reference(1, 2).folder).iterdir())
    assert len(names) == MODEL.layers + 3
    return names


KINDS = ["manifest.json", "embedding", *(f"layer-{number}" for number in range(MODEL.layers)), "head"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", ["missing", "empty", "short", "longer", "flipped", "zeroed"])
def test_a_torn_checkpoint_is_set_aside_for_the_one_before(
    saved: Path, kind: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = next(name for name in files_of(saved) if name.startswith(kind))
    path = saved / Reference(1, 2).folder / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        middle = len(content) // 2
        path.write_bytes(
            {
                "empty": b"",
                "short": content[:-1],
                "longer": content + b" ",
                "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
                "zeroed": bytes(len(content)),
            }[damage]
        )
    with caplog.at_level(logging.WARNING):
        assert begin_epoch(saved, epoch(2)) == Reference(1, 1)
    uncommitted = kind == "manifest.json" and damage == "missing"
    assert ("sets it aside" in caplog.text) != uncommitted
    assert committed(saved) == [Reference(1, 1)]
    chain, whole = Chain(4), Chain(1)
    whole.train(1, 1)
    assert chain.start(saved, epoch(2)) == 2
    assert same(chain.state(), whole.state())


def test_every_flipped_byte_of_a_manifest_is_found(saved: Path) -> None:
    path = saved / Reference(1, 2).folder / "manifest.json"
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x20]) + content[place + 1 :])
        with pytest.raises(TornCheckpoint):
            verify(saved, Reference(1, 2))
    path.write_bytes(content)
    verify(saved, Reference(1, 2))


def test_a_manifest_of_another_checkpoint_is_not_believed(saved: Path) -> None:
    """An older epoch's or step's, copied or renamed."""
    older = saved / Reference(1, 1).folder
    (saved / Reference(1, 2).folder / "manifest.json").write_bytes((older / "manifest.json").read_bytes())
    (saved / Reference(0, 9).folder).symlink_to(older)
    assert begin_epoch(saved, epoch(2)) == Reference(1, 1)


def test_a_checkpoint_torn_after_the_decision_ends_the_rank_to_be_launched_again(saved: Path) -> None:
    assert begin_epoch(saved, epoch(2)) == Reference(1, 2)
    path = next((saved / Reference(1, 2).folder).glob("head.*"))
    path.write_bytes(path.read_bytes()[:-1])
    held = Chain(2).replicas[0][1]
    with pytest.raises(TornCheckpoint, match=r"head\..* is short or altered") as caught:
        restore(saved, Reference(1, 2), epoch(2), held.model, held.optimizer)
    assert caught.value.exit_code == 75
    assert begin_epoch(saved, epoch(3)) == Reference(1, 1)


def test_training_does_not_begin_anew_where_no_checkpoint_is_whole(saved: Path) -> None:
    for path in saved.glob("*/head.*"):
        path.unlink()
    with pytest.raises(UserError, match=r"none of 2 checkpoints in .* is whole\. Bring their files back"):
        begin_epoch(saved, epoch(2))


# --- killed at any moment ---


class Killed(BaseException):
    """The process is gone: nothing handles this."""


CHANGES = ["write", "fsync", "replace", "mkdir", "unlink", "rmdir"]


@contextmanager
def killed_before(call: int, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Lets `call` changes of the file system happen, and none after them. Yields the changes."""
    happened: list[str] = []

    def wrap(name: str, original: Any) -> Any:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            if len(happened) >= call:
                if name == "write" and len(happened) == call:
                    original(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                raise Killed
            happened.append(name)
            return original(*arguments, **named)

        return wrapped

    with patch.context() as patched:
        for name in CHANGES:
            patched.setattr(os, name, wrap(name, getattr(os, name)))
        yield happened


def test_a_rank_killed_between_any_two_calls_leaves_the_old_checkpoint_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both stages write, commit and prune; killed before the 1st, 2nd, ... change of the file system."""
    small = replace(MODEL, layers=2)
    run, next_run = replace(RUN, model=small), replace(epoch(2), model=small)
    chain = Chain(2, model=small)
    chain.start(tmp_path / "first", run)
    states = {}
    for step in (1, 2, 3):
        chain.train(step, step)
        states[step] = chain.state()
        if step < 3:
            chain.save(tmp_path / "first", run, step, keep=1)
    copy_folder(tmp_path / "first", tmp_path / "whole")
    with killed_before(10**6, monkeypatch) as changes:
        chain.save(tmp_path / "whole", run, 3, keep=1)
    assert set(changes) == set(CHANGES)
    # of the writes of one file, the first and the last stand for all
    repeated = {i for i in range(2, len(changes)) if changes[i - 2 : i + 1] == ["write"] * 3}
    outcomes: list[int] = []
    for call in sorted({*range(len(changes) + 1)} - repeated):
        root = tmp_path / str(call)
        copy_folder(tmp_path / "first", root)
        with killed_before(call, monkeypatch), suppress(Killed):
            chain.save(root, run, 3, keep=1)
            assert call == len(changes)
        for reference in committed(root):
            verify(root, reference)
        after = Chain(1, model=small)
        step = after.start(root, next_run) - 1
        assert same(after.state(), states[step])
        outcomes.append(step)
        assert after.save(root, next_run, step, keep=1) == [True]
        assert references(root) == [Reference(2, step)]  # what the killed one left is gone
    assert outcomes == sorted(outcomes)
    assert (outcomes[0], outcomes[-1]) == (2, 3)


def copy_folder(source: Path, target: Path) -> None:
    for path in [source, *sorted(source.rglob("*"))]:
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir()
        else:
            copy.hardlink_to(path)


def test_a_rank_killed_while_it_decides_changes_nothing(
    saved: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in range(100):
        root = tmp_path_factory.mktemp("copy") / "root"
        copy_folder(saved, root)
        with killed_before(call, monkeypatch) as changes, suppress(Killed):
            begin_epoch(root, epoch(2))
        assert begin_epoch(root, epoch(3)) == Reference(1, 2)
        if len(changes) < call:
            break
    assert changes == ["write", "fsync", "replace", "fsync"]


def test_layers_of_two_starts_of_one_epoch_never_mix(saved: Path) -> None:
    """As where a plan is run twice by hand: the second start finds a half-written step of the first."""
    chain = Chain(2)
    chain.train(1, 3)
    last = chain.replicas[0][1]
    write_checkpoint(saved, RUN, 3, layer_states(last.model, last.optimizer), keep=2)
    assert references(saved)[-1] == Reference(1, 3)
    again = Chain(2)
    assert again.start(saved, RUN) == 3
    assert references(saved)[-1] == Reference(1, 2)
    first = again.replicas[0][0]
    assert not write_checkpoint(saved, RUN, 3, layer_states(first.model, first.optimizer), keep=2)


# --- epochs ---


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
