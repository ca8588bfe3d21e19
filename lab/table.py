"""Tables of results: on the terminal as rows come, and in Markdown to be kept."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

PASSED, FAILED, SKIPPED = "ok", "FAILED", "skipped"


@dataclass(frozen=True)
class Row:
    """`result`: PASSED, FAILED or SKIPPED, which is the last cell."""

    cells: Sequence[str]
    result: str


@dataclass
class Table:
    title: str
    head: Sequence[str]
    widths: Sequence[int]
    rows: list[Row] = field(default_factory=list)

    def fill(self, rows: Iterable[Row]) -> None:
        """Prints each row as it comes."""
        if not self.rows:
            print(f"\n{self.title}\n{self._line([*self.head, 'result'])}", flush=True)
        for row in rows:
            self.rows.append(row)
            print(self._line([*row.cells, row.result]), flush=True)

    @property
    def failed(self) -> int:
        return sum(row.result == FAILED for row in self.rows)

    def markdown(self) -> str:
        lines = [[*self.head, "result"], ["---"] * (len(self.head) + 1)]
        lines += [[*row.cells, row.result] for row in self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _line(self, cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, [*self.widths, 0], strict=True))
        return "  ".join(padded).rstrip()


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)
