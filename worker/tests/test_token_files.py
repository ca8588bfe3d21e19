"""Files of tokens: which are accepted, and which tokens a micro-batch reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from plans import make_plan

from bace_worker import plan as plans
from bace_worker.data.batches import Batches, load_text
from bace_worker.data.token_files import load_tokens, tokens_hash
from bace_worker.exit_codes import UserError

WINDOW = 33


@pytest.fixture
def plan(text: Path) -> plans.Plan:
    """Sequences of 32, micro-batches of 2; the vocabulary of GPT-2."""
    plan = plans.read(make_plan(text, 1))
    return replace(plan, model=replace(plan.model, vocabulary_size=50257))


def counting(length: int, first: int = 0) -> Any:
    return numpy.arange(first, first + length)


def write(path: Path, tokens: Any, dtype: str) -> str:
    array = numpy.asarray(tokens, dtype)
    if path.suffix == ".npy":
        numpy.save(path, array)
    else:
        array.tofile(path)
    return str(path)


@pytest.mark.parametrize(("name", "dtype"), [("a.npy", "uint16"), ("a.npy", "uint32"), ("a.bin", "uint16")])
def test_samples_are_windows_of_the_file(tmp_path: Path, plan: plans.Plan, name: str, dtype: str) -> None:
    parts = load_tokens([write(tmp_path / name, counting(5000), dtype)], WINDOW)
    tokens, targets = Batches(plan, *parts).sample(3, 1)
    assert tokens.shape == targets.shape == (2, 32)
    assert tokens.dtype == torch.int64
    assert torch.equal(tokens, tokens[:, :1] + torch.arange(32))
    assert torch.equal(targets, tokens + 1)


def test_files_are_mapped_and_not_read(tmp_path: Path, plan: plans.Plan) -> None:
    """A terabyte of holes gives samples at once."""
    path = tmp_path / "large.bin"
    with open(path, "wb") as stream:
        stream.truncate(1 << 40)
    parts = load_tokens([str(path)], WINDOW)
    assert len(parts[0]) == 1 << 39
    assert Batches(plan, *parts).sample(1, 0)[0].sum() == 0


def test_bytes_in_a_token_file_give_the_samples_of_the_same_text(tmp_path: Path, text: Path) -> None:
    plan = plans.read(make_plan(text, 1))
    data = load_text(plan.training.data, 1)
    parts = load_tokens([write(tmp_path / "a.npy", data, "uint16")], WINDOW)
    for step in (1, 2):
        assert torch.equal(Batches(plan, *parts).sample(step, 0)[0], Batches(plan, data).sample(step, 0)[0])


def test_samples_depend_on_seed_step_and_microbatch_alone(tmp_path: Path, plan: plans.Plan) -> None:
    parts = load_tokens([write(tmp_path / "a.npy", counting(50000), "uint16")], WINDOW)
    batches = Batches(plan, *parts)
    other_seed = Batches(replace(plan, training=replace(plan.training, seed=2)), *parts)
    other_layout = Batches(replace(plan, stages=plan.stages * 2, ranks=plan.ranks * 4), *parts)
    keys = [(step, microbatch) for step in range(1, 5) for microbatch in range(4)]
    in_order = {key: batches.sample(*key)[0] for key in keys}
    assert all(torch.equal(other_layout.sample(*key)[0], in_order[key]) for key in reversed(keys))
    starts = {tuple(sample[:, 0].tolist()) for sample in in_order.values()}
    assert len(starts) == len(keys)
    assert not torch.equal(other_seed.sample(1, 0)[0], in_order[1, 0])


def test_positions_are_the_same_in_every_version(tmp_path: Path, plan: plans.Plan) -> None:
    """Recorded once: a change here changes every training that is resumed."""
    paths = [
        write(tmp_path / "a.npy", counting(20000), "uint16"),
        write(tmp_path / "b.npy", counting(20000, 20000), "uint32"),
    ]
    batches = Batches(plan, *load_tokens(paths, WINDOW))
    assert [batches.sample(step, 0)[0][:, 0].tolist() for step in (1, 2)] == [[4127, 5738], [29666, 2219]]


def test_every_position_of_every_file_is_drawn_and_no_window_spans_two(
    tmp_path: Path, plan: plans.Plan
) -> None:
    """Files of one, of four and (too short) of no position."""
    paths = [
        write(tmp_path / "a.bin", counting(WINDOW, 1000), "uint16"),
        write(tmp_path / "b.bin", counting(WINDOW - 1, 2000), "uint16"),
        write(tmp_path / "c.npy", counting(WINDOW + 3, 3000), "uint32"),
    ]
    batches = Batches(plan, *load_tokens(paths, WINDOW))
    rows = torch.cat([batches.sample(step, 0)[0] for step in range(1, 501)])
    assert torch.equal(rows, rows[:, :1] + torch.arange(32))
    starts, counts = rows[:, 0].unique(return_counts=True)
    assert starts.tolist() == [1000, 3000, 3001, 3002, 3003]
    assert counts.min() > 150  # 200 each of 1000


def test_a_token_outside_the_vocabulary_names_its_file(tmp_path: Path, plan: plans.Plan) -> None:
    paths = [
        write(tmp_path / "a.bin", counting(WINDOW - 1), "uint16"),
        write(tmp_path / "b.bin", [50257] * WINDOW, "uint16"),
    ]
    with pytest.raises(UserError, match=r"token 50257 in file 2, and model\.vocabularySize is 50257"):
        Batches(plan, *load_tokens(paths, WINDOW)).sample(1, 0)


def test_hash_tells_files_apart(tmp_path: Path) -> None:
    tokens = counting(100_000)
    same, other = (write(tmp_path / name, tokens, "uint32") for name in ("a.npy", "b.npy"))
    assert tokens_hash(load_tokens([same], WINDOW)) == tokens_hash(load_tokens([other], WINDOW))
    changes = {
        "first": numpy.concatenate(([7], tokens[1:])),
        "middle": numpy.concatenate((tokens[:50_000], [7], tokens[50_001:])),
        "last": numpy.concatenate((tokens[:-1], [7])),
        "shorter": tokens[:-1],
    }
    paths = [write(tmp_path / f"{name}.npy", changed, "uint32") for name, changed in changes.items()]
    hashes = {tokens_hash(load_tokens([path], WINDOW)) for path in [same, *paths]}
    narrow = write(tmp_path / "narrow.npy", tokens % 65536, "uint16")
    assert len(hashes | {tokens_hash(load_tokens([narrow], WINDOW))}) == 6


def test_hash_reaches_from_the_first_byte_to_the_last_where_it_reads_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bace_worker.data.token_files.HASHED_BLOCKS", 3)
    path = tmp_path / "large.bin"
    with open(path, "wb") as stream:
        stream.truncate(1 << 24)
    hashes = [tokens_hash(load_tokens([str(path)], WINDOW))]
    for place in (0, (1 << 24) - 1):
        with open(path, "r+b") as stream:
            stream.seek(place)
            stream.write(b"\1")
        hashes.append(tokens_hash(load_tokens([str(path)], WINDOW)))
    assert len(set(hashes)) == 3


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.npy", b"", r"a\.npy is no whole \.npy file: .*Write or copy it again"),
        ("a.npy", b"PK\3\4 not numpy", r"a\.npy is no whole \.npy file"),
        ("a.bin", b"", r"a\.bin has 0 bytes, which is no list of uint16"),
        ("a.bin", b"\0" * 67, r"a\.bin has 67 bytes"),
        ("a.bin", b"\0" * 64, r"the longest of 1 files of tokens has 32, one sample needs 33"),
        ("a.txt", b"\0" * 66, r"a\.txt is no file of tokens\. Name \.npy \(uint16, uint32\) or \.bin"),
    ],
)
def test_wrong_files_say_what_to_do(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=problem):
        load_tokens([str(tmp_path / name)], WINDOW)


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (numpy.zeros(40, numpy.int64), r"has 1 dimensions of int64, needs one of uint16 or uint32\. Save it"),
        (numpy.zeros(40, ">u2"), r"has 1 dimensions of >u2"),
        (numpy.zeros((2, 40), numpy.uint16), r"has 2 dimensions of uint16"),
        (numpy.array([{"a": "pickle"}]), r"no whole \.npy file: .*objects"),
    ],
)
def test_wrong_arrays_say_what_to_do(tmp_path: Path, array: Any, problem: str) -> None:
    numpy.save(tmp_path / "a.npy", array)
    with pytest.raises(UserError, match=problem):
        load_tokens([str(tmp_path / "a.npy")], WINDOW)


def test_a_truncated_array_is_found(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "a.npy", counting(1000), "uint16"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"no whole \.npy file"):
        load_tokens([str(path)], WINDOW)


def test_missing_and_unreadable_paths_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.npy does not exist on this machine\. Copy it there"):
        load_tokens([str(tmp_path / "nowhere.npy")], WINDOW)
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(UserError, match=r"folder\.npy cannot be read: Is a directory"):
        load_tokens([str(tmp_path / "folder.npy")], WINDOW)
