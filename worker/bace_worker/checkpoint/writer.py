"""Writes checkpoints beside training: a copy in host memory at the step boundary, the rest in a thread.

The copy is all that training waits for; Check-N-Run (NSDI 2022) and CheckFreq (FAST 2021) split snapshot and
write in the same way. One write is in flight at most, since every copy takes three times the parameters'
memory: the next step to be saved waits for the one before. Steps are never left out, because the ranks must
agree on them. Left out: copying while the next step computes (CheckFreq does), writing changes alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ..exit_codes import WorkerError
from .epochs import forget_old_epochs, refuse_if_superseded, storage
from .folder import commit, prune, write_layer
from .format import LayerState, encode
from .manifest import Reference, Run

log = logging.getLogger(__name__)


def write_checkpoint(root: Path, run: Run, step: int, layers: Mapping[str, LayerState], keep: int) -> bool:
    """Writes one rank's share; commits and prunes if all others' is there. Returns whether it did.

    `layers`: by name as in `Run.layers`, on the host. Raises Superseded, UserError.
    """
    with storage(root, run):
        refuse_if_superseded(root, run)
        for layer, state in layers.items():
            write_layer(root, Reference(run.epoch, step), layer, encode(state))
        refuse_if_superseded(root, run)
        if not commit(root, run, step):
            return False
        refuse_if_superseded(root, run)  # its checkpoints are no longer this epoch's to remove
    try:
        prune(root, keep)
        forget_old_epochs(root)
    except OSError as error:
        log.warning("old checkpoints in %s could not be removed: %s", root, error)
    return True


class CheckpointWriter:
    """Of one rank. `keep`: how many checkpoints stay (1 or more)."""

    def __init__(self, root: Path, run: Run, keep: int) -> None:
        assert keep >= 1, "without a checkpoint there is nothing to go on from"
        self._root = root
        self._run = run
        self._keep = keep
        self._copies: dict[tuple[str, str], Tensor] = {}
        self._thread: threading.Thread | None = None
        self._error: WorkerError | None = None
        self.committed_step: int | None = None
        """The last step that this rank, as the last to finish its share, committed."""

    def save(self, step: int, layers: Mapping[str, LayerState]) -> None:
        """Copies `layers` as they are now, and writes the copy later. Waits for the write before it.

        Raises what that one met.
        """
        self.close()
        copy = self._snapshot(layers)
        self._thread = threading.Thread(target=self._write, args=(step, copy), daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises what the write in flight has met."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Waits for the write in flight. Raises what it met."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.check()

    def _snapshot(self, layers: Mapping[str, LayerState]) -> dict[str, LayerState]:
        on_gpu = False
        copies: dict[str, LayerState] = {}
        for layer, state in layers.items():
            tensors = {}
            for name, tensor in state.tensors.items():
                on_gpu |= tensor.is_cuda
                copy = self._copies.get((layer, name))
                if copy is None:
                    copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=tensor.is_cuda)
                    self._copies[layer, name] = copy
                tensors[name] = copy.copy_(tensor.detach(), non_blocking=True)
            copies[layer] = LayerState(tensors, state.updates)
        if on_gpu:
            torch.cuda.synchronize()
        return copies

    def _write(self, step: int, layers: dict[str, LayerState]) -> None:
        try:
            if write_checkpoint(self._root, self._run, step, layers, self._keep):
                self.committed_step = step
                log.info("checkpoint of step %d committed", step)
        except WorkerError as error:
            self._error = error
        except BaseException as error:  # the main thread must hear of whatever ends this one
            self._error = WorkerError(f"checkpoint of step {step}: {error!r}")
            self._error.__cause__ = error
