"""What goes wrong: each error has a stable code, what is wrong, and, where that is known, what to do about
it.
"""

from __future__ import annotations

from .types import Problem

# Refusals that pass: too many questions, and a service that stands by, stops or is being taken over.
PASSING = (429, 503)


class BaceError(Exception):
    """Base of all that this package raises of its own."""

    def __init__(self, code: str, detail: str, mend: str | None = None) -> None:
        super().__init__(f"{code}: {detail}" + (f"\n  what to do: {mend}" if mend else ""))
        self.code = code
        self.detail = detail
        self.mend = mend


class ServiceUnreachable(BaceError):
    """No service answers, or none is known."""

    def __init__(self, detail: str) -> None:
        mend = "start one with `bace up --fleet SCENARIO.yaml`, or say where it is: Client(url=…, state=…)"
        super().__init__("service-unreachable", detail, mend)


class ServiceRefused(BaceError):
    """The service refused a request (RFC 9457): `problem` is what it said."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem["code"], problem["detail"], mend_of(problem))
        self.problem = problem
        self.status = problem["status"]


class ProgramFailed(BaceError):
    """The program `bace` refused, failed, or is not there."""


class WaitTimeout(BaceError, TimeoutError):
    """Jobs have not ended in time; they go on."""

    def __init__(self, detail: str) -> None:
        super().__init__("wait-timeout", detail, "wait longer, or ask explain() why they take so long")


def mend_of(problem: Problem) -> str | None:
    """What the complaints about a file suggest, or what a request without a token lacks."""
    hints = [f"{d['file']}:{d['line']}: {d['hint']}" for d in problem.get("diagnostics", []) if d["hint"]]
    if hints:
        return "; ".join(hints)
    if problem["status"] == 401:
        return "give a token: Client(token=…), BACE_TOKEN, or state=FOLDER where the service runs here"
    return None
