"""Client of the control plane: requests over HTTP, and the rendezvous where a gang's ranks find each other.

Problems with a known code decide: this launch is no longer wanted (exit 76), or its data differs from the
other ranks' (exit 1). Everything else decides nothing: the control plane may be restarting, and meanwhile
another program may answer on its port. The caller asks again.
Proxies of the environment are not used: the control plane is reached as directly as the peers are.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from .exit_codes import Cancelled, PeerLost, Superseded, UserError
from .plan import Plan
from .transport.connecting import Address

REQUEST_SECONDS = 10.0
ASK_AGAIN_SECONDS = 0.2
CANCELLED_CODE = "gang-cancelled"
SUPERSEDED_CODES = frozenset({"stale-epoch", "wrong-launch-key", "unknown-job", "unknown-rank"})
USER_ERROR_CODES = frozenset({"data-mismatch", "invalid-request"})


class Unreachable(Exception):
    """No answer that decides anything: ask again later."""


@dataclass(frozen=True)
class Gathering:
    """A gang whose ranks have all checked in: where each of them listens, by rank.

    `store`: of torch.distributed's groups; None where no rank hosts one.
    """

    addresses: Mapping[int, Address]
    store: Address | None


class Control:
    """Requests of one rank for one launch."""

    def __init__(self, plan: Plan, rank: int) -> None:
        self._base = f"{plan.control.url}/v1/launches/{quote(plan.job_id, safe='')}/{plan.epoch}"
        self._identity = {"launchKey": plan.launch_key, "rank": rank}
        self._patience_seconds = plan.control.rendezvous_deadline_seconds
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def post(self, resource: str, fields: dict[str, object]) -> dict[str, object]:
        """The answer's JSON.

        Raises Unreachable, Superseded (Cancelled), or UserError for what is not understood.
        """
        body = json.dumps(self._identity | fields, allow_nan=False).encode()
        request = urllib.request.Request(
            f"{self._base}/{resource}", body, {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                code, problem = _problem(error)
            if code == CANCELLED_CODE:
                raise Cancelled(f"the control plane has given this launch up: {problem}") from None
            if code in SUPERSEDED_CODES:
                raise Superseded(f"the control plane refuses this launch: {problem}") from None
            if code in USER_ERROR_CODES:
                raise UserError(f"the control plane at {self._base} refuses: {problem}") from None
            raise Unreachable(problem) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(str(error)) from None
        if not isinstance(answer, dict):
            raise Unreachable("the answer is not an object")
        return answer

    def rendezvous(
        self,
        address: Address,
        data_hash: str | None,
        check: Callable[[], None],
        store_port: int | None = None,
    ) -> Gathering:
        """Checks in until all ranks have. `check` may raise.

        `store_port`: of the store for groups, on the rank that hosts it.
        The control plane holds the deadline (410). PeerLost is raised only where it is silent that long.
        """
        fields: dict[str, object] = {
            "host": address[0],
            "port": address[1],
            "storePort": store_port,
            "dataHash": data_hash,
        }
        last_answer = time.monotonic()
        while True:
            check()
            try:
                answer = self.post("rendezvous", fields)
                last_answer = time.monotonic()
                if answer.get("state") == "ready":
                    return _gathering(answer)
            except Unreachable as error:
                if time.monotonic() - last_answer > self._patience_seconds:
                    raise PeerLost(
                        f"no answer from {self._base} in {self._patience_seconds:.0f} s: {error}."
                        " Check that the control plane runs and that this machine can reach it"
                    ) from None
            time.sleep(ASK_AGAIN_SECONDS)


def _gathering(answer: dict[str, object]) -> Gathering:
    entries = answer["addresses"]
    assert isinstance(entries, list)
    stores = [
        (str(entry["host"]), int(entry["storePort"]))
        for entry in entries
        if entry.get("storePort") is not None
    ]
    addresses = {int(entry["rank"]): (str(entry["host"]), int(entry["port"])) for entry in entries}
    return Gathering(addresses, stores[0] if stores else None)


def _problem(error: urllib.error.HTTPError) -> tuple[str | None, str]:
    """Code and one line of a problem+json answer; no code for whatever else came in its place."""
    if error.headers.get_content_type() != "application/problem+json":
        return None, f"{error.code} {error.reason}"
    try:
        problem = json.load(error)
        return str(problem["code"]), f"{error.code} {problem['code']}: {problem.get('detail', '')}"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, http.client.HTTPException):
        return None, f"{error.code} {error.reason}"
