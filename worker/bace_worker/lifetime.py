"""How a rank ends as a process: SIGTERM is honoured between actions, and no rank outlives its supervisor.

Imported before PyTorch, whose import takes seconds in which a SIGTERM must not be lost.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

from .exit_codes import RESTART, Stopped, code_for_step

SUPERVISOR_VARIABLE = "BACE_SUPERVISOR_PID"
STOP_OF_STEPS = signal.SIGUSR1
"""In place of SIGTERM where that does not get to a rank (starters.py)."""
_PR_SET_PDEATHSIG = 1


class StopRequest:
    """SIGTERM, SIGINT and SIGUSR1 of this process, from construction on.

    A bool, since a handler must take no lock.
    """

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGTERM, signal.SIGINT, STOP_OF_STEPS):
            signal.signal(number, self._remember)

    def request(self) -> None:
        """What SIGTERM does; from any thread."""
        self.requested = True

    def _remember(self, _number: int, _frame: object) -> None:
        self.requested = True

    def check(self) -> None:
        if self.requested:
            raise Stopped("SIGTERM: stopped after the current action")


def die_with_supervisor(in_step: bool) -> None:
    """Ends this process (SIGKILL) when the supervisor that the environment names ends, if it names one.

    A rank in a step of a Slurm job may be on another node than its supervisor, and need not watch it: the
    supervisor is the job's batch script, with whose end Slurm ends the steps. It watches what has started it,
    the step's daemon: a rank that trained on without one could not be ended, nor its end be heard of.
    """
    supervisor = os.getppid() if in_step else int(os.environ.get(SUPERVISOR_VARIABLE, "0"))
    if supervisor == 0:
        return
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:  # it ended before the call above
            os._exit(code_for_step(RESTART) if in_step else RESTART)
    else:
        threading.Thread(target=_watch, args=(supervisor,), daemon=True).start()


def _watch(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(1)
    os._exit(RESTART)
