"""Text by byte: which files, in which order, and which samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.data.batches import Batches, load_text, text_files, text_hash
from bace_worker.exit_codes import UserError
from bace_worker.plan import Data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "b.md": "bb",
        "a.md": "aaa",
        "a.bin": "x",
        "sub/c.md": "c",
        "sub/deep/d.py": "d",
        ".git/hidden.md": "h",
        ".venv/lib.py": "v",
        "node_modules/m/readme.md": "m",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def test_folders_are_walked_in_order_and_filtered(folder: Path) -> None:
    data = Data(kind="text", paths=(str(folder),), suffixes=(".md", ".py"))
    names = [str(Path(file).relative_to(folder)) for file in text_files(data)]
    assert names == ["a.md", "b.md", "sub/c.md", "sub/deep/d.py"]
    assert bytes(load_text(data, 1)) == b"aaabbcd"


def test_a_file_that_is_named_is_read_whatever_its_suffix(folder: Path) -> None:
    data = Data(kind="text", paths=(str(folder / "a.bin"), str(folder / "sub")), suffixes=(".md",))
    assert bytes(load_text(data, 1)) == b"xc"


def test_hash_is_of_the_bytes(folder: Path) -> None:
    data = Data(kind="text", paths=(str(folder / "a.md"),), suffixes=())
    assert text_hash(load_text(data, 1)) == "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"


def test_missing_path_says_what_to_do(folder: Path) -> None:
    with pytest.raises(UserError, match=r"training\.data\.paths: .*nowhere does not exist on this machine"):
        load_text(Data(kind="text", paths=(str(folder / "nowhere"),), suffixes=()), 1)


def test_too_little_text_says_how_little(folder: Path) -> None:
    with pytest.raises(UserError, match=r"7 bytes in 4 files .* one sample needs 65\. Add text"):
        load_text(Data(kind="text", paths=(str(folder),), suffixes=(".md", ".py")), 65)


def test_samples_are_windows_of_the_text(text: Path) -> None:
    plan = plans.read(make_plan(text, 1))
    data = load_text(plan.training.data, 1)
    tokens, targets = Batches(plan, data).sample(step=3, microbatch=1)
    assert tokens.shape == targets.shape == (2, 32)
    assert tokens.dtype == torch.int64
    assert torch.equal(tokens[:, 1:], targets[:, :-1])
    assert all(bytes(row.tolist()) in bytes(data) for row in tokens)


def test_samples_depend_on_seed_step_and_microbatch_alone(text: Path) -> None:
    plan = plans.read(make_plan(text, 1))
    other_layout = plans.read(make_plan(text, 3))
    data = load_text(plan.training.data, 1)
    other_seed = replace(plan, training=replace(plan.training, seed=2))
    sample = Batches(plan, data).sample(3, 1)[0]
    assert torch.equal(sample, Batches(other_layout, data).sample(3, 1)[0])
    assert not torch.equal(sample, Batches(plan, data).sample(3, 2)[0])
    assert not torch.equal(sample, Batches(plan, data).sample(2, 1)[0])
    assert not torch.equal(sample, Batches(other_seed, data).sample(3, 1)[0])


def test_positions_are_the_same_in_every_version(text: Path) -> None:
    """Recorded once: a change here changes every training that is resumed."""
    plan = plans.read(make_plan(text, 1))
    tokens, _ = Batches(plan, load_text(plan.training.data, 1)).sample(1, 0)
    assert bytes(tokens[0].tolist()).decode() == "no next is waits next.\nLink the "


def test_a_text_of_exactly_one_window_is_enough(tmp_path: Path) -> None:
    (tmp_path / "short.md").write_bytes(bytes(range(33)))
    plan = plans.read(make_plan(tmp_path, 1))
    tokens, targets = Batches(plan, load_text(plan.training.data, 33)).sample(1, 0)
    assert tokens[0].tolist() == list(range(32))
    assert targets[1].tolist() == list(range(1, 33))
