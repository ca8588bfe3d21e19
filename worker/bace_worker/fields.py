"""Strict reading of JSON: every value knows the path at which it stands, so every error can name it.

Strict means: no field missing, none unknown, no silent conversion ("3", 3.0 and true are no whole numbers).
An unknown field is refused because ignoring an instruction of a later version would train something else.
"""

from __future__ import annotations

import math
from typing import NoReturn

from .exit_codes import BadPlan


class Field:
    """A JSON value and its path, such as `stages[1].layerCount`. All readers raise BadPlan."""

    def __init__(self, value: object, path: str = "") -> None:
        self.value = value
        self.path = path

    def fail(self, problem: str) -> NoReturn:
        raise BadPlan(f"{self.path or 'plan'}: {problem}")

    def record(self, *names: str, optional: tuple[str, ...] = ()) -> dict[str, Field]:
        """The object's fields, which must be exactly `names`, and those of `optional` that it has."""
        if not isinstance(self.value, dict):
            self._wrong("an object")
        prefix = f"{self.path}." if self.path else ""
        for name in names:
            if name not in self.value:
                raise BadPlan(f"{prefix}{name}: is missing")
        for name in self.value:
            if name not in names and name not in optional:
                raise BadPlan(
                    f"{prefix}{name}: is not known to plan version 1; remove it or update the worker"
                )
        return {name: Field(value, prefix + name) for name, value in self.value.items()}

    def items(self, least: int = 1) -> list[Field]:
        if not isinstance(self.value, list):
            self._wrong("a list")
        if len(self.value) < least:
            self.fail(f"needs at least {least} entry, has {len(self.value)}")
        return [Field(item, f"{self.path}[{index}]") for index, item in enumerate(self.value)]

    def integer(self, least: int = 0) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self._wrong("a whole number")
        if self.value < least:
            self.fail(f"is {self.value}, must be {least} or more")
        return self.value

    def number(self, *, positive: bool = False) -> float:
        """A finite number, not negative, or greater than 0 where `positive`."""
        if not isinstance(self.value, (int, float)) or isinstance(self.value, bool):
            self._wrong("a number")
        if not math.isfinite(self.value) or self.value < 0 or (positive and self.value == 0):
            self.fail(f"is {self.value}, must be {'greater than 0' if positive else '0 or more'}")
        return float(self.value)

    def text(self, *choices: str) -> str:
        """A string that is not empty, and one of `choices` where they are given."""
        if not isinstance(self.value, str) or not self.value:
            self._wrong("a text")
        if choices and self.value not in choices:
            self.fail(f"is {self.value!r}, must be one of {', '.join(choices)}")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self._wrong("true or false")
        return self.value

    def is_null(self) -> bool:
        return self.value is None

    def _wrong(self, expected: str) -> NoReturn:
        self.fail(f"must be {expected}, is {_shown(self.value)}")


def _shown(value: object) -> str:
    names = {dict: "an object", list: "a list", type(None): "null", bool: str(value).lower()}
    return names.get(type(value), repr(value))
