"""A training over several epochs, each of which something may happen to; and whether all of it was the same.

Three ranks in two regions, if not said otherwise; in every epoch the same. Blocks last as long as they are
told to, so that a step is long enough to be hit.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gang import run_gang
from plans import make_plan

from .epochs import Epoch, finish
from .places import Here, Place
from .tally import GRACE_SECONDS, Tally
from .trainings import Document

RANKS = 3
STEPS = 60
SAMPLES = 4
EVERY_STEPS = 5
BLOCK_SECONDS = 0.004
LOSS_TOLERANCE = 1e-5
FINISH_SECONDS = 240.0
MODEL = {"layers": 3, "hiddenSize": 16, "feedForwardSize": 32, "sequenceLength": 16}


def document_of(text: Path, stages: int, replicas: int) -> Document:
    block = {"forwardSeconds": BLOCK_SECONDS, "backwardSeconds": BLOCK_SECONDS}
    return make_plan(
        text,
        stages,
        model=MODEL,
        training={"steps": STEPS, "microbatches": SAMPLES // replicas},
        emulatedCompute={"stages": [block] * stages},
        replicas=replicas,
    )


def undisturbed(text: Path) -> list[float]:
    return run_gang(document_of(text, RANKS, 1), FINISH_SECONDS).losses()


class Job:
    """`expected`: the undisturbed losses. Disturbances are counted in `tally`.

    `checkpoints` is the folder as this program sees it, `location` as the ranks do.
    """

    def __init__(
        self,
        text: Path,
        folder: Path,
        expected: list[float],
        tally: Tally,
        stages: int = RANKS,
        replicas: int = 1,
    ) -> None:
        self._layout = (stages, replicas)
        self.checkpoints = folder / "checkpoints"
        self.location = self.checkpoints
        self.tally = tally
        self._text = text
        self._folder = folder
        self._expected = expected
        self._losses: dict[int, float] = {}
        self._number = 0
        self._reached = 0

    @contextmanager
    def epoch(self, place: Place | None = None) -> Iterator[Epoch]:
        """The next one; what it has reported is looked at when it is over."""
        document = self.next_document()
        with Epoch(document, self._folder / f"epoch-{self._number}", place or Here()) as epoch:
            yield epoch
            codes = epoch.exit_codes()
            if 70 in codes.values():
                self.tally.fail(f"a defect of the worker\n{epoch.logs()}")
            if left := epoch.left_behind():
                self.tally.fail(f"processes {left} were left behind")
        self.heard(epoch.control.losses)

    def next_document(self) -> Document:
        self._number += 1
        checkpoint = {
            "location": str(self.location),
            "everySteps": EVERY_STEPS,
            "keep": 2,
            "graceSeconds": GRACE_SECONDS,
        }
        return document_of(self._text, *self._layout) | {"epoch": self._number, "checkpoint": checkpoint}

    def heard(self, losses: Mapping[int, float]) -> None:
        """What the newest epoch has reported, from where it went on; and what was lost before."""
        restored = self.restored_step(self._number)
        if restored is not None:
            self.tally.lost_steps = max(self.tally.lost_steps, self._reached - restored)
            if losses and min(losses) <= restored:
                self.tally.fail(f"epoch {self._number} went on after step {restored}, and did {min(losses)}")
        self.compare(losses)
        self._reached = max(restored or 0, max(losses, default=0))

    def compare(self, losses: Mapping[int, float]) -> None:
        """Holds losses of any epoch against the undisturbed ones."""
        for step, loss in losses.items():
            if abs(loss - self._expected[step - 1]) > LOSS_TOLERANCE:
                self.tally.fail(f"step {step}: loss {loss}, undisturbed {self._expected[step - 1]}")
        self._losses |= losses

    def restored_step(self, number: int) -> int | None:
        """After which step an epoch went on; None where it never decided."""
        path = self.checkpoints / f"epoch-{number:08d}.json"
        if not path.exists():
            return None
        origin = json.loads(path.read_bytes())["restoresFrom"]
        return 0 if origin is None else int(origin["step"])

    def committed(self) -> tuple[int, int] | None:
        """Epoch and step of the newest checkpoint."""
        found = []
        for path in self.checkpoints.glob("epoch-*-step-*/manifest.json"):
            with contextlib.suppress(ValueError, FileNotFoundError):  # torn, or pruned meanwhile
                manifest = json.loads(path.read_text())
                found.append((manifest["epoch"], manifest["step"]))
        return max(found, default=None)

    def disturbed(
        self, epoch: Epoch, deadline_seconds: float | None = None, tell_others: bool = True
    ) -> None:
        """Waits for the end of an epoch to which something has just happened."""
        deadline = deadline_seconds or self.tally.deadline_seconds
        seconds = epoch.end(deadline, tell_others)
        self.tally.worst_seconds = max(self.tally.worst_seconds, deadline if seconds is None else seconds)
        if seconds is None:
            self.tally.fail(f"not over after {deadline:.0f} s\n{epoch.logs()}")

    def finish(self, disturbances: int, place: Place | None = None) -> None:
        """Trains to the end, undisturbed, and counts that many runs."""
        before = self.committed()
        document = self.next_document()
        folder = self._folder / f"epoch-{self._number}"
        control, problem = finish(document, folder, place or Here(), FINISH_SECONDS)
        self.heard(control.losses)
        restored = self.restored_step(self._number)
        if restored != (before[1] if before else 0):
            self.tally.fail(f"the last epoch went on after step {restored}, committed was {before}")
        self.tally.runs += disturbances
        if problem is not None:
            self.tally.fail(problem)
            return
        missing = [step for step in range(1, STEPS + 1) if step not in self._losses]
        self.tally.unreported_steps += len(missing)
        if not self.tally.problems:
            self.tally.same += disturbances
