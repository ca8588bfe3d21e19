"""What may become of a checkpoint: killed while it is committed, torn afterwards, committed too late."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from bace_worker.exit_codes import SUPERSEDED

from ..table import Row, say
from .epochs import Epoch
from .jobs import MODEL, RANKS, Job
from .moments import TRAINING, wait_for
from .places import Here
from .tally import Tally

LAYER_FILES = MODEL["layers"] + 2
TRIES = 10


def kill_in_commit(text: Path, folder: Path, expected: list[float], seed: int, quick: bool) -> Iterator[Row]:
    """All ranks at once, when the last layer's file has appeared and the manifest has not."""
    tally = Tally(
        "kill all ranks during manifest commit", f"last layer there, manifest not, x {2 if quick else TRIES}"
    )
    job = Job(text, folder / "commit", expected, tally)
    draw = random.Random(f"{seed} commit")
    tries = manifests = 0
    for _ in range(2 if quick else TRIES):
        with job.epoch() as epoch:
            epoch.until(lambda: "connected" in epoch.log(0))
            if (caught := _complete_but_uncommitted(epoch, job, draw)) is not None:
                for rank in range(RANKS):
                    pid = epoch.pid(rank)
                    assert pid is not None
                    os.kill(pid, signal.SIGKILL)
                tries += 1
            job.disturbed(epoch)
            manifests += caught is not None and (caught / "manifest.json").exists()
            say(f"kill during commit of {caught and caught.name}: committed {job.committed()}")
    tally.remark = f"committed all the same {manifests} of {tries}"
    job.finish(tries)
    yield tally.row()


def _complete_but_uncommitted(epoch: Epoch, job: Job, draw: random.Random) -> Path | None:
    """Waits for such a folder, of one of the next checkpoints. None where the epoch is over before."""
    skip = draw.randrange(2)
    seen: set[Path] = set()
    while not epoch.over:
        folders = sorted(job.checkpoints.glob("epoch-*-step-*"))[-1:] if job.checkpoints.exists() else []
        for folder in folders:
            names = os.listdir(folder)
            if (
                sum(name.endswith(".safetensors") for name in names) == LAYER_FILES
                and "manifest.json" not in names
            ):
                seen.add(folder)
                if len(seen) > skip:
                    return folder
        time.sleep(0.0002)
    return None


def torn_rows(text: Path, folder: Path, expected: list[float], seed: int, quick: bool) -> Iterator[Row]:
    """By hand: the newest checkpoint is altered between two epochs; the one before it is used."""
    tally = Tally("newest checkpoint torn", "manifest cut short, empty; layer cut short, altered")
    damages = (_cut_manifest, _empty_manifest, _cut_layer, _alter_layer)
    for number, damage in enumerate(damages[:2] if quick else damages):
        job = Job(text, folder / f"torn-{number}", expected, tally)
        draw = random.Random(f"{seed} torn {number}")
        with job.epoch() as epoch:
            epoch.until(lambda: len(list(job.checkpoints.glob("*/manifest.json"))) >= 2)  # noqa: B023
            wait_for(TRAINING, epoch, 0, job.checkpoints, draw)
            for supervisor in epoch.supervisors.values():
                supervisor.send_signal(signal.SIGTERM)
            job.disturbed(epoch)
        committed = sorted(path.parent for path in job.checkpoints.glob("*/manifest.json"))
        damage(committed[-1])
        say(f"{damage.__name__[1:]} of {committed[-1].name}")
        older = int(committed[-2].name[-8:])
        with job.epoch() as epoch:
            epoch.until(lambda: "connected" in epoch.log(0))
            for supervisor in epoch.supervisors.values():
                supervisor.send_signal(signal.SIGTERM)
            job.disturbed(epoch)
            if job.restored_step(2) != older:
                tally.fail(f"went on after step {job.restored_step(2)}, not {older}\n{epoch.logs()}")
        job.finish(1)
    yield tally.row()


def _cut_manifest(checkpoint: Path) -> None:
    content = (checkpoint / "manifest.json").read_bytes()
    (checkpoint / "manifest.json").write_bytes(content[: len(content) // 2])


def _empty_manifest(checkpoint: Path) -> None:
    (checkpoint / "manifest.json").write_bytes(b"")


def _cut_layer(checkpoint: Path) -> None:
    layer = next(checkpoint.glob("layer-1.*"))
    layer.write_bytes(layer.read_bytes()[:-8])


def _alter_layer(checkpoint: Path) -> None:
    layer = next(checkpoint.glob("head.*"))
    content = bytearray(layer.read_bytes())
    content[-5] ^= 1
    layer.write_bytes(content)


def late_rows(text: Path, folder: Path, expected: list[float], seed: int, quick: bool) -> Iterator[Row]:
    """An epoch is halted (SIGSTOP), its successor trains on, the old one wakes up and wants to commit."""
    tally = Tally("an old epoch's late commit", f"halted while training x {1 if quick else 3}")
    for number in range(1 if quick else 3):
        job = Job(text, folder / f"late-{number}", expected, tally)
        draw = random.Random(f"{seed} late {number}")
        with Epoch(job.next_document(), folder / f"late-{number}-old", Here()) as old:
            old.until(lambda: job.committed() is not None)  # noqa: B023
            time.sleep(draw.uniform(0, 0.6))
            pids = [pid for rank in range(RANKS) if (pid := old.pid(rank)) is not None]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            before = job.committed()
            job.heard(old.control.losses)
            with job.epoch() as epoch:
                epoch.until(lambda: (job.committed() or (0, 0))[0] == 2)  # noqa: B023
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
                for supervisor in epoch.supervisors.values():
                    supervisor.send_signal(signal.SIGTERM)
                job.disturbed(epoch)
            job.disturbed(old)
            job.compare(old.control.losses)
            say(f"old epoch woken: {old.exit_codes()}, it had committed {before}, now {job.committed()}")
            if SUPERSEDED not in old.exit_codes().values():
                tally.fail(f"the old epoch ended with {old.exit_codes()}\n{old.logs()}")
        job.finish(1)
    yield tally.row()
