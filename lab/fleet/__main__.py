"""`npm run e2e:slurm [-- OPTIONS]`: three real Slurm clusters behind a WAN, and the whole program over them.

Five jobs are trained while a link is cut, a node and the control plane are killed and a controller crashes;
then starts are timed. Exit code 1 where something is not as it must be.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from ..processes import stopped_by_signals
from ..slurm.clusters import unavailable as no_slurm
from ..table import Table, say
from ..wan.namespace import unavailable as no_wan
from . import five_jobs, latency, tables
from .world import BITS_PER_SECOND, GPUS_PER_NODE, NODES, ONE_WAY_SECONDS, World, world

ABOUT = """# Three Slurm clusters behind a WAN

`npm run e2e:slurm`, one run; {cores} cores, {system}, Python {python}. Three real Slurm clusters of
{nodes} nodes with {gpus} pretended GPUs each, in network namespaces {round_trip:.0f} ms apart (there and
back) at {rate:.0f} Mbit/s; the speed of GPUs is emulated, links are real. The service is in one of the
regions and has every cluster's commands there.

`undisturbed`: the same job files as processes of this machine. `unreported`: steps in a checkpoint whose loss
died with the rank that knew it. `predicted`: a step with the bandwidth that was reserved; a real link gives
more where nobody else uses it. `calibrated`: the same with the blocks and links that the epoch measured."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run e2e:slurm --", description=__doc__)
    parser.add_argument("--only", choices=("jobs", "starts"))
    parser.add_argument("--if-possible", action="store_true", help="no failure where a machine cannot do it")
    parser.add_argument("--starts", type=int, default=20, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the tables in Markdown")
    arguments = parser.parse_args()
    if (reason := no_wan() or no_slurm()) is not None:
        say(f"NOT RUN: three Slurm clusters behind a WAN, since this machine cannot: {reason}")
        return 0 if arguments.if_possible else 1
    found: list[Table] = []
    problems: list[str] = []
    with stopped_by_signals(), world() as place:
        try:
            if arguments.only != "starts":
                problems += _jobs(place, found)
            if arguments.only != "jobs":
                table = _table(found, "Starts", tables.STARTS_HEAD, tables.STARTS_WIDTHS)
                table.fill(tables.start_rows(latency.starts(place, arguments.starts)))
        finally:  # what there is, also where the run is ended
            if arguments.write is not None:
                arguments.write.write_text(_page(found), encoding="utf-8")
    for problem in problems:
        say(f"PROBLEM: {problem}")
    return 1 if problems or any(table.failed for table in found) else 0


def _jobs(place: World, found: list[Table]) -> list[str]:
    say("undisturbed, on this machine's own processes")
    expected = five_jobs.undisturbed(place)
    say(f"{expected.seconds:.0f} s; now on the clusters")
    result = five_jobs.disturbed(place)
    say(f"{result.seconds:.0f} s")
    _table(found, "What happened", tables.FAULTS_HEAD, tables.FAULTS_WIDTHS).fill(
        tables.fault_rows(result.faults)
    )
    _table(found, "Five jobs", tables.JOBS_HEAD, tables.JOBS_WIDTHS).fill(tables.job_rows(result, expected))
    _table(found, "Their epochs", tables.EPOCHS_HEAD, tables.EPOCHS_WIDTHS).fill(tables.epoch_rows(result))
    print(f"\n{result.explanations.get('a', '')}")
    return [*expected.problems, *result.problems]


def _table(found: list[Table], title: str, head: tuple[str, ...], widths: tuple[int, ...]) -> Table:
    table = Table(title, head, widths)
    found.append(table)
    return table


def _page(found: list[Table]) -> str:
    about = ABOUT.format(
        cores=os.cpu_count(),
        system=platform.system(),
        python=platform.python_version(),
        nodes=NODES,
        gpus=GPUS_PER_NODE,
        round_trip=2e3 * ONE_WAY_SECONDS,
        rate=BITS_PER_SECOND / 1e6,
    )
    return "\n\n".join([about, *(f"## {table.title}\n\n{table.markdown()}" for table in found)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
