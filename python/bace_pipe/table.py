"""Rows that a notebook shows as a table, and that pandas takes."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Generic, TypeVar, overload

Row = TypeVar("Row", bound=Mapping[str, Any])


class Table(Sequence[Row], Generic[Row]):
    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = tuple(rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Table[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Table[Row]:
        return Table(self._rows[index]) if isinstance(index, slice) else self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"Table({list(self._rows)!r})"

    def to_pandas(self) -> Any:
        """A pandas.DataFrame, a column per field. Raises ImportError where pandas is not installed."""
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            message = "to_pandas() needs pandas: pip install 'bace-pipe-client[pandas]'"
            raise ImportError(message) from error
        return pandas.DataFrame([dict(row) for row in self._rows])

    def _repr_html_(self) -> str:
        # A field that only some rows have is a column all the same.
        columns = list(dict.fromkeys(field for row in self._rows for field in row))
        head = "".join(f"<th>{escape(column)}</th>" for column in columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{shown(row.get(column))}</td>' for column in columns)}</tr>"
            for row in self._rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown(value: object) -> str:
    """A cell: figures to four digits, what has parts by how many there are."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and not all(isinstance(part, str) for part in value):
        return placement_text(value) or f"{len(value)} entries"
    if isinstance(value, Mapping):
        return placement_text(value.get("regions")) or escape(", ".join(f"{k} {v}" for k, v in value.items()))
    return escape(", ".join(value) if isinstance(value, list) else str(value))


def placement_text(parts: object) -> str:
    """A placement in pipeline order: "frankfurt 2 → netherlands 1"; nothing for what is none."""
    if not isinstance(parts, list):
        return ""
    if not all(isinstance(part, Mapping) and {"region", "gpus"} <= part.keys() for part in parts):
        return ""
    return escape(" → ".join(f"{part['region']} {part['gpus']}" for part in parts))
