"""What became of all runs of one row of the table of faults."""

from __future__ import annotations

from dataclasses import dataclass, field

from bace_worker.launch import KILL_AFTER_SECONDS

from ..table import FAILED, PASSED, Row, say

GRACE_SECONDS = 10.0
NOTICE_SECONDS = 8.0
"""For a rank to see that its peer is gone and for processes to end, on a machine that may be busy."""
DEADLINE_SECONDS = KILL_AFTER_SECONDS + GRACE_SECONDS + NOTICE_SECONDS
"""From a death until all have ended: supervisors kill who does not end."""
HEAD = ("fault", "moments", "runs", "same losses", "until ended", "deadline", "lost", "unreported")
WIDTHS = (44, 42, 4, 11, 11, 8, 9, 10)


@dataclass
class Tally:
    fault: str
    moments: str
    deadline_seconds: float = DEADLINE_SECONDS
    runs: int = 0
    same: int = 0
    worst_seconds: float = 0.0
    lost_steps: int = 0
    unreported_steps: int = 0
    problems: list[str] = field(default_factory=list)
    remark: str = ""

    def fail(self, problem: str) -> None:
        self.problems.append(problem)
        say(f"PROBLEM, {self.fault}: {problem}")

    def row(self) -> Row:
        moments = self.moments + (f"; {self.remark}" if self.remark else "")
        cells = (
            *(self.fault, moments, str(self.runs), f"{self.same} of {self.runs}"),
            *(f"{self.worst_seconds:.1f} s", f"{self.deadline_seconds:.0f} s"),
            *(f"{self.lost_steps} steps", f"{self.unreported_steps} steps"),
        )
        return Row(cells, FAILED if self.problems or self.same < self.runs else PASSED)
