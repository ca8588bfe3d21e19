"""The run as tables: jobs, epochs, what happened, starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..service import Document
from ..table import FAILED, PASSED, Row
from .faults import Fault
from .five_jobs import JOBS, Result, largest_difference, unreported
from .history import Epoch
from .latency import Start, summary

MOST_DIFFERENCE = 1e-5
"""Of a loss: replicas and regions change where sums are made, not what is summed."""

JOBS_HEAD = ("job", "steps", "epochs", "unreported", "last loss", "undisturbed", "largest difference")
JOBS_WIDTHS = (4, 6, 7, 10, 10, 12, 19)
EPOCHS_HEAD = ("job", "epoch", "placed on", "steps", "ended by", "measured", "predicted", "calibrated")
EPOCHS_WIDTHS = (4, 6, 26, 9, 34, 10, 19, 19)
FAULTS_HEAD = ("what", "where and when")
FAULTS_WIDTHS = (52, 60)
STARTS_HEAD = ("part", "median", "worst", "of")
STARTS_WIDTHS = (60, 8, 8, 4)
PARTS = {
    "placed": "submitted until placed",
    "slurm": "handed over to Slurm until its script has begun (slowest region)",
    "gang": "submitted until all ranks have met",
    "step": "submitted until the first step is known",
}


def job_rows(result: Result, expected: Result) -> Iterator[Row]:
    for job in JOBS:
        view = result.views.get(job.name)
        difference = largest_difference(job, result.history, expected.history)
        good = view is not None and view["outcome"] == "finished" and difference <= MOST_DIFFERENCE
        epochs = len(result.history.epochs.get(job.name, []))
        last = dict(expected.history.losses(job.name)).get(job.steps, float("nan"))
        loss = f"{view['lastLoss']:.6f}" if view is not None else "-"
        lost = str(len(unreported(result.history, job.name)))
        cells = (job.name, str(job.steps), str(epochs), lost, loss, f"{last:.6f}", f"{difference:.1e}")
        yield Row(cells, PASSED if good else FAILED)


def epoch_rows(result: Result) -> Iterator[Row]:
    """`calibrated`: the same prediction with what the epoch itself has measured of stages and links."""
    for job in JOBS:
        view = result.views.get(job.name, {})
        reports = {report["epoch"]: report for report in view.get("epochs", [])}
        for epoch in result.history.epochs.get(job.name, []):
            steps = f"{min(epoch.losses)} to {max(epoch.losses)}" if epoch.losses else "-"
            cells = (job.name, str(epoch.number), epoch.where, steps, _end(epoch))
            yield Row((*cells, *_times(reports.get(epoch.number), epoch)), PASSED)


def _times(report: Document | None, epoch: Epoch) -> tuple[str, str, str]:
    """Of a step: measured, predicted as placed, predicted with what was measured."""
    if report is None:
        return "-", f"{epoch.predicted_seconds:.3f} s", "-"
    calibrated = "-"
    if report["calibratedStepSeconds"] is not None:
        calibrated = _with_error(report["calibratedStepSeconds"], report["calibratedError"])
    predicted = _with_error(report["predictedStepSeconds"], report["predictedError"])
    return f"{report['measuredStepSeconds']:.3f} s", predicted, calibrated


def _with_error(seconds: float, error: float) -> str:
    return f"{seconds:.3f} s ({100 * error:+.1f} %)"


def _end(epoch: Epoch) -> str:
    if epoch.replan is not None:
        return f"replan ({epoch.replan['action']})"
    codes = ", ".join(f"{region} {code}" for region, code in epoch.exits.items() if code != 0)
    return f"exit codes: {codes}" if codes else "its last step"


def fault_rows(faults: Sequence[Fault]) -> Iterator[Row]:
    for fault in faults:
        yield Row((fault.what, fault.done or "never came"), PASSED if fault.done else FAILED)


def start_rows(starts: list[Start]) -> Iterator[Row]:
    for part, median, worst in summary(starts):
        yield Row((PARTS[part], f"{median:.2f} s", f"{worst:.2f} s", str(len(starts))), PASSED)
