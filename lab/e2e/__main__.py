"""`npm run e2e:worker [-- OPTIONS]`: the worker from end to end, two tables. Exit code 1 where a row fails.

Some rows need root on Linux (network and mount namespaces); elsewhere they are skipped, and it is said so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from pathlib import Path

import torch
from plans import write_text

from ..processes import stopped_by_signals
from ..table import FAILED, Row, Table, say
from . import commits, cuts, disk, equality, jobs, kills, stops, tally, variants
from .report import report
from .trainings import generate

FAULTS = {
    "kill": kills.kill_rows,
    "kill-replica": kills.replica_rows,
    "stop": stops.stop_rows,
    "commit": commits.kill_in_commit,
    "torn": commits.torn_rows,
    "late": commits.late_rows,
    "disk": disk.disk_rows,
    "cut": cuts.cut_rows,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run e2e:worker --", description=__doc__)
    parser.add_argument("--only", choices=("equality", "faults"))
    parser.add_argument("--fault", choices=FAULTS, action="append", help="these alone; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer layouts, fewer moments")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the tables in Markdown")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tables: list[Table] = []
    with tempfile.TemporaryDirectory(prefix="bace-e2e-") as name, stopped_by_signals():
        folder = Path(name)
        text = write_text(folder / "text")
        try:
            if arguments.only != "faults" and not arguments.fault:
                _equality(tables, text, folder, arguments.quick)
            if arguments.only != "equality":
                _faults(tables, text, folder, arguments)
        finally:  # what there is, also where the run is ended
            if arguments.write is not None:
                page = report(tables, arguments.seed, arguments.quick)
                arguments.write.write_text(page, encoding="utf-8")
    return 1 if any(table.failed for table in tables) else 0


def _equality(tables: list[Table], text: Path, folder: Path, quick: bool) -> None:
    every = Table("A. Same training, every schedule", equality.HEAD, equality.WIDTHS)
    further = Table("A. Same training, variants and checkpoints", variants.HEAD, variants.WIDTHS)
    tables += [every, further]
    schedules = generate()
    file = folder / "reference.pt"
    equality.make_reference(text, file)
    executor = equality.pool()
    try:
        every.fill(equality.rows(text, schedules, file, executor, quick))
        further.fill(variants.variant_rows(text, schedules, folder, executor, quick))
    finally:
        executor.shutdown(cancel_futures=True)
    further.fill(variants.moved_rows(text, schedules, folder, quick))


def _faults(tables: list[Table], text: Path, folder: Path, arguments: argparse.Namespace) -> None:
    table = Table("B. Faults", tally.HEAD, tally.WIDTHS)
    expected = jobs.undisturbed(text)
    tables.append(table)
    say(f"faults: moments by seed {arguments.seed}")
    for name in arguments.fault or FAULTS:
        try:
            table.fill(FAULTS[name](text, folder, expected, arguments.seed, arguments.quick))
        except Exception as error:  # the other faults are to be seen too
            traceback.print_exc()
            table.fill([Row((name, repr(error), *[""] * (len(tally.HEAD) - 2)), FAILED)])


if __name__ == "__main__":
    sys.exit(main())
