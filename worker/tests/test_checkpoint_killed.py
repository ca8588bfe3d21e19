"""A rank that is killed between any two calls leaves the old checkpoint or the new."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chain import MODEL, RUN, Chain, committed, epoch, same

from bace_worker.checkpoint.epochs import begin_epoch
from bace_worker.checkpoint.folder import references, verify
from bace_worker.checkpoint.manifest import Reference
from bace_worker.checkpoint.state import layer_states
from bace_worker.checkpoint.writer import write_checkpoint


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
