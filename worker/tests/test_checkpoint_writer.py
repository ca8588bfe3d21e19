"""Writing beside training: what is saved is the state at the boundary, and errors reach the main thread."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from chain import RUN, Chain, epoch, same

from bace_worker.checkpoint import writer as checkpoint_writer
from bace_worker.checkpoint.epochs import begin_epoch
from bace_worker.checkpoint.folder import verify
from bace_worker.checkpoint.manifest import Reference
from bace_worker.checkpoint.state import layer_states
from bace_worker.checkpoint.writer import CheckpointWriter
from bace_worker.exit_codes import Superseded, UserError, WorkerError


def save(writer: CheckpointWriter, chain: Chain, step: int, stage: int = 0) -> None:
    held = chain.replicas[0][stage]
    writer.save(step, layer_states(held.model, held.optimizer))


@contextmanager
def slow_disk(patch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Writes begin when the event is set."""
    free = threading.Event()
    write_layer = checkpoint_writer.write_layer

    def wait(*arguments: Any) -> None:
        assert free.wait(10)
        write_layer(*arguments)

    with patch.context() as patched:
        patched.setattr(checkpoint_writer, "write_layer", wait)
        yield free


def test_training_goes_on_while_the_state_of_the_boundary_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, again = Chain(1), Chain(2)
    chain.start(tmp_path, RUN)
    chain.train(1, 2)
    before = chain.state()
    writer = CheckpointWriter(tmp_path, RUN, keep=1)
    with slow_disk(monkeypatch) as free:
        save(writer, chain, 2)
        chain.train(3, 5)
        writer.check()
        assert writer.committed_step is None
        free.set()
        writer.close()
    assert writer.committed_step == 2
    assert again.start(tmp_path, epoch(2)) == 3
    assert same(again.state(), before)
    assert not same(again.state(), chain.state())


def test_the_next_step_to_be_saved_waits_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain(1)
    chain.start(tmp_path, RUN)
    writer = CheckpointWriter(tmp_path, RUN, keep=5)
    with slow_disk(monkeypatch) as free:
        save(writer, chain, 1)
        second = threading.Thread(target=save, args=(writer, chain, 2), daemon=True)
        second.start()
        second.join(0.05)
        assert second.is_alive()
        free.set()
        second.join(10)
        writer.close()
    assert writer.committed_step == 2
    assert [verify(tmp_path, Reference(1, step)).reference.step for step in (1, 2)] == [1, 2]


def test_two_ranks_write_at_once_and_the_last_commits(tmp_path: Path) -> None:
    chain, again = Chain(2), Chain(1)
    chain.start(tmp_path, RUN)
    writers = [CheckpointWriter(tmp_path, RUN, keep=2) for _ in range(2)]
    for step in range(1, 13):
        chain.train(step, step)
        for stage, writer in enumerate(writers):
            save(writer, chain, step, stage)
    for writer in writers:
        writer.close()
    assert max(writer.committed_step or 0 for writer in writers) == 12
    assert again.start(tmp_path, epoch(2)) == 13
    assert same(again.state(), chain.state())


def test_without_all_ranks_nothing_is_committed(tmp_path: Path) -> None:
    chain = Chain(2)
    chain.start(tmp_path, RUN)
    writer = CheckpointWriter(tmp_path, RUN, keep=2)
    save(writer, chain, 1, stage=1)
    writer.close()
    assert writer.committed_step is None
    assert begin_epoch(tmp_path, epoch(2)) is None


@pytest.mark.parametrize(
    ("met", "raised", "text"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), UserError, "No space left on device. Free space"),
        (Superseded("epoch 2 has begun"), Superseded, "epoch 2 has begun"),
        (RuntimeError("a defect"), WorkerError, r"checkpoint of step 1: RuntimeError\('a defect'\)"),
    ],
)
def test_what_the_thread_meets_is_raised_by_whatever_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, met: Exception, raised: type[Exception], text: str
) -> None:
    def fail(*_: object) -> None:
        raise met

    monkeypatch.setattr(checkpoint_writer, "write_layer", fail)
    chain = Chain(1)
    writer = CheckpointWriter(tmp_path, RUN, keep=1)
    save(writer, chain, 1)
    for use in (writer.close, writer.check, lambda: save(writer, chain, 2)):
        with pytest.raises(raised, match=text):
            use()


def test_old_checkpoints_that_cannot_be_removed_do_not_end_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    monkeypatch.setattr(checkpoint_writer, "prune", fail)
    chain = Chain(1)
    writer = CheckpointWriter(tmp_path, RUN, keep=1)
    save(writer, chain, 1)
    writer.close()
    assert writer.committed_step == 1
    assert "could not be removed: [Errno" in caplog.text
