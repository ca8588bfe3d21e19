"""Which checkpoint an epoch goes on from: decided once, written down beside the checkpoints, and a fence.

    <location>/epoch-00000003.json        {"jobId": ..., "epoch": 3, "restoresFrom": {"epoch": 2, "step": 40}}

Rank 0 decides before it checks in at the rendezvous, the others read the decision after it: so all of a gang
restore the same checkpoint, even if a late rank of an older epoch commits another one meanwhile. From then on
older epochs commit no more. One that had looked before may still; its checkpoint is whole, but stays older
than this epoch's. The decision reads all of the checkpoint once; a torn one is set aside for the one before.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..exit_codes import Superseded, UserError
from .durable_files import make_folder, write_whole
from .folder import TornCheckpoint, is_committed, references, remove, set_aside, verify
from .manifest import Manifest, Reference, Run, model_shape

_DECISION = re.compile(r"epoch-(\d{8,})\.json")

log = logging.getLogger(__name__)


def begin_epoch(root: Path, run: Run) -> Reference | None:
    """Decides for `run.epoch`, on rank 0 alone, before the rendezvous. None: from the beginning.

    Raises Superseded where a later epoch has begun, UserError where the location cannot be used, is another
    training's, or has checkpoints of which none is whole.
    """
    with storage(root, run):
        make_folder(root)
        _refuse_if_anothers(root, run)
        refuse_if_superseded(root, run)
        decision = _newest_whole(root, run)
        for reference in references(root):
            # left by an earlier start of this very epoch: its layers must not mix with those to come
            if reference.epoch == run.epoch and (decision is None or reference > decision):
                remove(root, reference)
        origin = decision and {"epoch": decision.epoch, "step": decision.step}
        body = {"jobId": run.job_id, "epoch": run.epoch, "restoresFrom": origin}
        write_whole(root / f"epoch-{run.epoch:08d}.json", [json.dumps(body).encode()])
    return decision


def restore_point(root: Path, run: Run) -> Reference | None:
    """What rank 0 decided, on every rank, after the rendezvous. Raises Superseded, UserError."""
    with storage(root, run):
        refuse_if_superseded(root, run)
        path = root / f"epoch-{run.epoch:08d}.json"
        try:
            origin = json.loads(path.read_bytes())["restoresFrom"]
            return None if origin is None else Reference(origin["epoch"], origin["step"])
        except (ValueError, KeyError, TypeError) as error:
            raise TornCheckpoint(f"{path}: is not what rank 0 wrote: {error!r}") from None
        except FileNotFoundError:
            raise UserError(
                f"checkpoint.location: {root} lacks what rank 0 decided for epoch {run.epoch}. All ranks need"
                " the same folder: share it between the machines"
            ) from None


def forget_old_epochs(root: Path) -> None:
    """Removes all decisions but the latest. Raises OSError."""
    for _, path in sorted(_decisions(root).items())[:-1]:
        path.unlink(missing_ok=True)


def refuse_if_superseded(root: Path, run: Run) -> None:
    """Raises Superseded where a later epoch has begun; OSError."""
    newest = max(_decisions(root), default=run.epoch)
    if newest > run.epoch:
        raise Superseded(f"checkpoint.location: epoch {newest} of this job has begun, this is {run.epoch}")


@contextlib.contextmanager
def storage(root: Path, run: Run) -> Iterator[None]:
    """Turns an OSError inside it into an error that says what to do."""
    try:
        yield
    except OSError as error:
        with contextlib.suppress(OSError):
            refuse_if_superseded(root, run)  # a later epoch may have removed what this one was writing
        raise UserError(
            f"checkpoint.location: {root}: {error}. Free space there, make it accessible to every rank, or"
            " name another folder"
        ) from error


def check_belongs(root: Path, manifest: Manifest, run: Run) -> None:
    """Raises UserError where a checkpoint is of another training."""
    found = {"jobId": manifest.job_id, "training.seed": manifest.seed, "model": manifest.model}
    wanted = {"jobId": run.job_id, "training.seed": run.seed, "model": model_shape(run.model)}
    for name, value in wanted.items():
        if found[name] != value:
            raise UserError(
                f"{name}: is {value}, the checkpoint {manifest.reference.folder} in {root} has {found[name]}."
                " Correct the plan, or name another folder in checkpoint.location"
            )


def _refuse_if_anothers(root: Path, run: Run) -> None:
    """Two jobs in one folder would supersede each other, and remove each other's checkpoints."""
    for path in _decisions(root).values():
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            if (job_id := json.loads(path.read_bytes())["jobId"]) != run.job_id:
                raise UserError(
                    f"checkpoint.location: {root} is in use by job {job_id}. Give each job a folder of"
                    " its own"
                )


def _newest_whole(root: Path, run: Run) -> Reference | None:
    committed = [reference for reference in references(root) if is_committed(root, reference)]
    for reference in reversed(committed):
        try:
            manifest = verify(root, reference)
        except TornCheckpoint as error:
            log.warning("%s; sets it aside and looks for an older one", error)
            set_aside(root, reference)
            continue
        check_belongs(root, manifest, run)
        return reference
    if committed:
        raise UserError(
            f"checkpoint.location: none of {len(committed)} checkpoints in {root} is whole. Bring their files"
            " back, or name another folder to begin anew"
        )
    return None


def _decisions(root: Path) -> dict[int, Path]:
    matches = (_DECISION.fullmatch(name) for name in (os.listdir(root) if root.is_dir() else ()))
    return {int(match[1]): root / match[0] for match in matches if match}
