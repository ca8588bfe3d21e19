"""Exit codes of ranks and supervisors, and the errors that carry them.

The numbers follow BSD's sysexits where it has a fitting one. The control plane decides by the code alone:
75 and 69 mean "launch me again", 76 "I am out of date", 78 and 1 "launching again will not help".
"""

FINISHED = 0  # trained to the end, and the control plane has acknowledged it
USER_ERROR = 1  # something the user can mend, such as a missing data file
PEER_LOST = 69  # another rank, or the network, went away
DEFECT = 70  # a broken invariant of the worker itself: the log has the traceback
RESTART = 75  # SIGTERM: the current action was finished, nothing after it
SUPERSEDED = 76  # the control plane no longer wants this epoch
BAD_PLAN = 78  # the plan contradicts itself or asks for what this version cannot do

NO_EXIT_CODE = -1  # of a rank of which nobody knows how it ended

_IN_STEPS = 32
"""Added in steps of a Slurm job: codes of Slurm's own (0 even where a node has gone) are no rank's.

Nor are those of what ranks are started with (126, 127), or of a Python that could not begin (1).
"""
_OF_RANKS = frozenset({FINISHED, USER_ERROR, PEER_LOST, DEFECT, RESTART, SUPERSEDED, BAD_PLAN})


def code_for_step(exit_code: int) -> int:
    return exit_code + _IN_STEPS


def code_in_step(code: int) -> int | None:
    """The rank's own; None where a step's code is not from a rank."""
    return code - _IN_STEPS if code - _IN_STEPS in _OF_RANKS else None


class WorkerError(Exception):
    """An error with a known cause. Its text says what, where and what to do; a rank ends with its code."""

    exit_code = DEFECT


class UserError(WorkerError):
    exit_code = USER_ERROR


class PeerLost(WorkerError):
    exit_code = PEER_LOST


class Stopped(WorkerError):
    exit_code = RESTART


class Superseded(WorkerError):
    exit_code = SUPERSEDED


class Cancelled(Superseded):
    """The control plane has given this epoch up, and wants no later one yet."""


class BadPlan(WorkerError):
    exit_code = BAD_PLAN
