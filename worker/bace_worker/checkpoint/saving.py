"""A rank's checkpoints over its life: where it goes on from, what it saves on the way, and the last one.

Without `checkpoint` in the plan training begins anew in every epoch, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..plan import Plan
from ..stage import Stage
from .epochs import begin_epoch, restore_point
from .manifest import Run
from .writer import CheckpointWriter


class Saving:
    """Of one rank. Rank 0 decides, when constructed, from which checkpoint the epoch goes on.

    Raises UserError, Superseded, TornCheckpoint, as does every method.
    """

    def __init__(self, plan: Plan, number: int) -> None:
        self._settings = plan.checkpoint
        self._saved_step = 0
        if self._settings is None:
            return
        self._root = Path(self._settings.location)
        self._run = Run(plan.job_id, plan.epoch, plan.model, plan.training.seed)
        self._writer = CheckpointWriter(self._root, self._run, self._settings.keep)
        if number == 0:
            begin_epoch(self._root, self._run)

    @property
    def enabled(self) -> bool:
        return self._settings is not None

    @property
    def committed_step(self) -> int | None:
        """The last step whose checkpoint this rank has committed."""
        return None if self._settings is None else self._writer.committed_step

    def restore(self, stages: Iterable[Stage]) -> int:
        """Brings the stages to where the epoch goes on; to be called after the rendezvous. The next step."""
        if self._settings is None:
            return 1
        reference = restore_point(self._root, self._run)
        if reference is None:
            return 1
        for stage in stages:
            stage.restore(self._root, reference, self._run)
        self._saved_step = reference.step
        return reference.step + 1

    def after_step(self, step: int, stages: Iterable[Stage]) -> None:
        """Saves where it is time to; the writing goes on beside training."""
        if self._settings is None:
            return
        self._writer.check()
        if step % self._settings.every_steps == 0:
            self._save(step, stages)

    def finish(self, step: int, stages: Iterable[Stage]) -> None:
        """Saves what `step` left, unless it is saved, and waits until it is written."""
        if self._settings is None:
            return
        if step > self._saved_step:
            self._save(step, stages)
        self._writer.close()

    def _save(self, step: int, stages: Iterable[Stage]) -> None:
        self._saved_step = step
        self._writer.save(
            step, {name: state for stage in stages for name, state in stage.layer_states().items()}
        )
