"""Command line: `python -m bace_worker rank | launch | local`. Imports only what the subcommand needs."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from .exit_codes import USER_ERROR
from .lifetime import StopRequest, die_with_supervisor

EPILOG = """examples:
  python -m bace_worker local --plan plan.json
      all ranks on this machine, no control plane; prints {"step", "loss", "stepSeconds"} per step
  python -m bace_worker launch --plan plan.json --region frankfurt --directory runs/job-3/1/frankfurt
      the ranks of one region, supervised; what the control plane starts, once per region

exit codes: 0 finished and acknowledged, 1 user error, 69 a peer or the network was lost,
75 stopped by SIGTERM (start again), 76 superseded by the control plane, 78 bad plan"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USER_ERROR, f"{self.prog}: {message}. Run it with --help for examples\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m bace_worker",
        description="Carries out a pipeline-parallel training plan with PyTorch.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    rank = commands.add_parser("rank", help="run one rank (started by launch and local)")
    launch = commands.add_parser("launch", help="start and supervise the ranks of one region")
    local = commands.add_parser("local", help="run a whole plan on this machine without a control plane")
    for command in (rank, launch, local):
        command.add_argument("--plan", required=True, metavar="FILE", help="plan in JSON, version 1")
    rank.add_argument("--rank", required=True, type=int, metavar="N", help="number of the rank in the plan")
    launch.add_argument("--region", required=True, metavar="NAME", help="region whose ranks to start")
    launch.add_argument(
        "--directory", required=True, metavar="DIR", help="for logs, lock, started.json, exit.json"
    )
    return parser


def main() -> int:
    arguments = _parser().parse_args()
    if arguments.command == "launch":
        from . import launch

        return launch.main(arguments.plan, arguments.region, arguments.directory)
    if arguments.command == "local":
        from . import local

        return local.main(arguments.plan)
    stop = StopRequest()
    die_with_supervisor()
    try:
        from . import rank
    except ModuleNotFoundError as error:
        print(f"bace_worker rank: {error}. Install it: pip install torch numpy", file=sys.stderr)
        return USER_ERROR
    exit_code = rank.main(arguments.plan, arguments.rank, stop)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)  # an orderly exit spends half a second of processor time on taking PyTorch down


if __name__ == "__main__":
    sys.exit(main())
