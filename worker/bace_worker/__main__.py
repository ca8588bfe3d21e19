"""Command line: `python -m bace_worker rank | launch | local | profile`.

Imports only what the subcommand needs.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from .exit_codes import USER_ERROR, code_for_step
from .lifetime import StopRequest, die_with_supervisor
from .profile.request import add_arguments as add_profile_arguments

EPILOG = """examples:
  python -m bace_worker local --plan plan.json
      all ranks on this machine, no control plane; prints {"step", "loss", "stepSeconds"} per step
  python -m bace_worker launch --plan plan.json --region frankfurt --directory runs/job-3/1/frankfurt
      the ranks of one region, supervised; what the control plane starts, once per region
  python -m bace_worker check --plan plan.json --memory-bytes 80000000000
      bytes that each rank needs, of models of any size; trains nothing
  python -m bace_worker profile --vocabulary-size 256 --hidden-size 64 --layers 6 --attention-heads 4 \
      --key-value-heads 2 --feed-forward-size 192 --sequence-length 128
      seconds and bytes of each kind of layer; `bace profile` makes a file for the scheduler of it

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
    check = commands.add_parser("check", help="say what a plan needs of each rank's memory; trains nothing")
    check.add_argument(
        "--memory-bytes", type=int, metavar="N", help="of one device: fail where a rank needs more"
    )
    profile = commands.add_parser("profile", help="measure the layers of a model on this machine")
    add_profile_arguments(profile)
    probe = commands.add_parser("probe", help="measure what a link between two hosts carries, by streams")
    end = probe.add_mutually_exclusive_group(required=True)
    end.add_argument("--listen", metavar="HOST:PORT", help="take part in another host's measurements")
    end.add_argument("--to", metavar="HOST:PORT", help="measure both directions to the listener there")
    probe.add_argument("--key", required=True, help="a secret of your choice, the same on both hosts")
    probe.add_argument("--streams", default="1,2,4,8,16", metavar="N,...", help="counts to try")
    probe.add_argument(
        "--buffer-bytes", type=int, default=16 << 20, metavar="N", help="large windows: 2 x rate x round trip"
    )
    probe.add_argument("--seconds", type=float, default=2.0, metavar="S", help="of each measurement")
    for command in (rank, launch, local, check):
        command.add_argument("--plan", required=True, metavar="FILE", help="plan in JSON, version 1")
    rank.add_argument("--rank", required=True, type=int, metavar="N", help="number of the rank in the plan")
    rank.add_argument("--step", action="store_true", help="as a step of a Slurm job: other exit codes")
    launch.add_argument(
        "--steps",
        action="store_true",
        help="start ranks as steps of this Slurm job, on all nodes that it has",
    )
    launch.add_argument(
        "--rank-prefix", action="append", default=[], metavar="WORD", help="of what steps start ranks with"
    )
    launch.add_argument("--region", required=True, metavar="NAME", help="region whose ranks to start")
    launch.add_argument(
        "--directory", required=True, metavar="DIR", help="for logs, lock, started.json, exit.json"
    )
    return parser


def main() -> int:
    arguments = _parser().parse_args()
    if arguments.command == "launch":
        from . import launch

        prefix = arguments.rank_prefix if arguments.steps else None
        return launch.main(arguments.plan, arguments.region, arguments.directory, prefix)
    if arguments.command == "local":
        from . import local

        return local.main(arguments.plan)
    if arguments.command == "check":
        from . import memory

        return memory.main(arguments.plan, arguments.memory_bytes)
    if arguments.command == "profile":
        from .profile import measure as profile

        return profile.main(arguments)
    if arguments.command == "probe":
        from .probe import hosts as probe

        options = vars(arguments)
        del options["command"]
        return _end(probe.main(**options))
    stop = StopRequest()
    die_with_supervisor(arguments.step)
    exit_code = _rank(arguments.plan, arguments.rank, stop)
    return _end(code_for_step(exit_code) if arguments.step else exit_code)


def _rank(plan: str, number: int, stop: StopRequest) -> int:
    try:
        from . import rank
    except ModuleNotFoundError as error:
        print(f"bace_worker rank: {error}. Install it: pip install torch numpy", file=sys.stderr)
        return USER_ERROR
    return rank.main(plan, number, stop)


def _end(exit_code: int) -> NoReturn:
    """An orderly exit spends half a second on taking PyTorch down, and aborts where a thread is inside it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


if __name__ == "__main__":
    sys.exit(main())
