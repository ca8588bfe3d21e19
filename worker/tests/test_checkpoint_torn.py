"""What is torn of a checkpoint is found, set aside and never used."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from chain import MODEL, Chain, committed, epoch, same

from bace_worker.checkpoint.epochs import begin_epoch
from bace_worker.checkpoint.folder import TornCheckpoint, verify
from bace_worker.checkpoint.manifest import Reference
from bace_worker.checkpoint.state import restore
from bace_worker.exit_codes import UserError


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
