"""Plans with something wrong in them are read or refused as bad plans; nothing else is thrown about.

FUZZ_CASES=100000 tries more than the default.
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
from pathlib import Path
from typing import Any

import pytest
from plans import make_plan

from bace_worker.exit_codes import BadPlan, UserError
from bace_worker.plan import Plan, read

CASES = int(os.environ.get("FUZZ_CASES", "500"))
HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 0.5, 1e308, 2**53, 2**64, -(2**64), math.nan, math.inf),
    *("", " ", "0", "-1", "a\nb", "a\0b", "$(reboot)", "../../etc/passwd", "\ud800", "x" * 5000, "__class__"),
    *([], {}, [[]], [{}], {"a": {"a": {}}}, list(range(300))),
)


def places(holder: Any) -> list[tuple[Any, Any]]:
    """Every field and element: who holds it, and its name."""
    keys: list[Any] = list(holder) if isinstance(holder, dict) else []
    keys = list(range(len(holder))) if isinstance(holder, list) else keys
    found = []
    for key in keys:
        found.append((holder, key))
        found.extend(places(holder[key]))
    return found


def mangled(sound: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    root = {"plan": copy.deepcopy(sound)}
    for _ in range(draw.randint(1, 3)):
        holder, key = draw.choice(places(root["plan"]))
        match draw.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[f"{key}{draw.choice(['s', 'X', ' '])}"] = holder.pop(key)
            case _:
                holder[key] = copy.deepcopy(draw.choice(HOSTILE))
    return root["plan"]


@pytest.mark.parametrize("stages", (1, 3))
def test_a_plan_with_something_wrong_is_read_or_refused(text: Path, stages: int) -> None:
    draw = random.Random(stages)
    sound = make_plan(text, stages)
    assert isinstance(read(sound), Plan)
    refused = 0
    for case in range(CASES):
        document = mangled(sound, draw)
        try:
            read(document)
        except (BadPlan, UserError) as error:
            assert str(error).strip()
            refused += 1
        except Exception as error:
            raise AssertionError(f"case {case}: {error!r}: {json.dumps(document)[:3000]}") from error
    assert CASES / 3 < refused <= CASES
