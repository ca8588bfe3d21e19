"""Requests to the service: JSON both ways, problems as errors. No proxy and no redirect is followed: a
service sends nobody elsewhere, and whoever does is none, and does not get the caller's token.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

from .errors import ServiceRefused, ServiceUnreachable
from .types import Problem


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


class Http:
    def __init__(self, url: str, token: str | None, timeout_seconds: float) -> None:
        self.url = url
        self.timeout_seconds = timeout_seconds
        self.authorization = {} if token is None else {"Authorization": f"Bearer {token}"}

    def json(self, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:
        """A GET, or a POST where there is a body.

        Raises:
            ServiceRefused: it answered with a problem.
            ServiceUnreachable: it did not answer, or not to the end: what was asked for may have been done.
        """
        with self.open(path, body, headers or {}) as response:
            try:
                return json.load(response)
            except (OSError, HTTPException, ValueError) as error:
                raise self.unreachable(error) from error

    def open(
        self, path: str, body: object, headers: dict[str, str], timeout_seconds: float | None = None
    ) -> HTTPResponse:
        content = {} if body is None else {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {**content, **self.authorization, **headers})
        try:
            return cast(HTTPResponse, OPENER.open(request, timeout=timeout_seconds or self.timeout_seconds))
        except urllib.error.HTTPError as error:
            with error:
                raise ServiceRefused(self.problem_of(error)) from None
        except (OSError, HTTPException) as error:
            raise self.unreachable(error) from error

    def unreachable(self, error: Exception) -> ServiceUnreachable:
        reason = getattr(error, "reason", error)
        return ServiceUnreachable(f"the service at {self.url} does not answer: {reason}")

    def problem_of(self, error: urllib.error.HTTPError) -> Problem:
        """What the service says of its refusal, or, where something else answered, what can be said about
        that.
        """
        if error.headers.get("Content-Type", "").startswith("application/problem+json"):
            try:
                problem = json.load(error)
                if isinstance(problem, dict) and {"code", "detail", "status"} <= problem.keys():
                    return cast(Problem, problem)
            except (OSError, HTTPException, ValueError):
                pass  # cut off, or another program's
        title = str(error.reason)
        detail = f"{self.url} answered {error.code} {title}: is it this service?"
        code = "not-this-service"
        return {
            "type": "about:blank",
            "title": title,
            "status": error.code,
            "detail": detail,
            "code": code,
        }
