"""A client of a running service: one method per thing that people ask of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import cast
from urllib.parse import quote, urlencode

from .discovery import PathLike, find_service
from .errors import PASSING, ServiceRefused, ServiceUnreachable, WaitTimeout
from .events import Event, follow
from .http import Http
from .job_file import Jobs, job_file
from .results import Plan
from .table import Table
from .types import Explained, Job, Region, Submitted

POLL_SECONDS = 1.0
# A service that is started again, or taken over by another instance, is back by then; jobs go on meanwhile.
PATIENCE_SECONDS = 60.0


class Client:
    """Finds the service and the token for it as the command line does (see discovery.py).

    Each method raises ServiceRefused for what the service refuses, and ServiceUnreachable where it does not
    answer: what was asked for may have been done then, and asking again does no harm.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        state: PathLike | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        self.url, found = find_service(url, token, state)
        self._http = Http(self.url, found, timeout_seconds)

    def submit(self, jobs: Jobs, *, key: str | None = None, if_revision: int | None = None) -> Submitted:
        """Hands jobs to the service: all of them or none. Those that are there already change nothing.

        Args:
            jobs: path of a job file, the fields of a job, or a list of those.
            key: the same key with the same jobs gets the same answer, for a day.
            if_revision: of the plan that this is to carry out; refused if fleet, queue or placements are
            others by now.
        """
        body = {**job_file(jobs), **({} if if_revision is None else {"ifRevision": if_revision})}
        headers = {} if key is None else {"Idempotency-Key": key}
        return cast(Submitted, self._http.json("/v1/jobs", body, headers))

    def plan(self, jobs: Jobs) -> Plan:
        """What would happen now if these jobs were submitted. Stores nothing."""
        return Plan(self._http.json("/v1/plan", job_file(jobs)))

    def jobs(self, *, phase: str | None = None, tenant: str | None = None) -> Table[Job]:
        """All jobs that this token may see, in order of submission."""
        query = {name: value for name, value in (("phase", phase), ("tenant", tenant)) if value is not None}
        found: list[Job] = []
        page = {"limit": "1000", **query}
        while True:
            answer = self._http.json(f"/v1/jobs?{urlencode(page)}")
            found += answer["jobs"]
            if "next" not in answer:
                return Table(found)
            page["after"] = answer["next"]

    def job(self, name: str) -> Job:
        return cast(Job, self._http.json(self._path(name)))

    def explain(self, name: str) -> Explained:
        """Why a job waits, or why it is where it is."""
        return cast(Explained, self._http.json(f"{self._path(name)}/explain"))

    def cancel(self, name: str) -> Job:
        """Its GPUs are free when its launches have ended: wait() says when."""
        return cast(Job, self._http.json(f"{self._path(name)}/cancel", {}))

    def regions(self) -> Table[Region]:
        return Table(self._http.json("/v1/regions")["regions"])

    def wait(self, names: str | Sequence[str], *, timeout_seconds: float | None = None) -> Table[Job]:
        """The jobs, once all of them have ended, however that was: `outcome` says it.

        A service that does not answer for a minute is given up, one that comes back sooner is not.

        Raises:
            WaitTimeout: they have not by then.
        """
        order = [names] if isinstance(names, str) else list(names)
        ended: dict[str, Job] = {}
        began = answered = time.monotonic()
        while True:
            for name in order:
                if name in ended:
                    continue
                try:
                    job = self.job(name)
                except (ServiceUnreachable, ServiceRefused) as error:
                    passes = not isinstance(error, ServiceRefused) or error.status in PASSING
                    if not passes or time.monotonic() - answered > PATIENCE_SECONDS:
                        raise
                    break
                answered = time.monotonic()
                if job["phase"] in ("ended", "infeasible"):
                    ended[name] = job
            left = [name for name in order if name not in ended]
            if not left:
                return Table(ended[name] for name in order)
            if timeout_seconds is not None and time.monotonic() - began >= timeout_seconds:
                raise WaitTimeout(f"{', '.join(left)}: not ended after {timeout_seconds:g} s")
            time.sleep(POLL_SECONDS)

    def events(self, *, after: int | None = None) -> Iterator[Event]:
        """Events as they happen, for ever; those after a place in the log first, if one is given.

        A connection that is lost is made again, and goes on after the last event that was seen.
        """
        return follow(self._http, after)

    def _path(self, name: str) -> str:
        return f"/v1/jobs/{quote(name, safe='')}"
