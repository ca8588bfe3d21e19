"""The service's log as it grows: server-sent events, resumed by Last-Event-ID where a connection was lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from .errors import PASSING, ServiceRefused, ServiceUnreachable
from .http import Http

# The service shows every 15 s that it lives.
SILENCE_SECONDS = 45.0
PAUSES_SECONDS = (0.2, 1.0, 5.0)


@dataclass(frozen=True)
class Event:
    """Something that happened: `seq` is its place in the log, `kind` such as "submitted", `data` all that
    is said of it.
    """

    seq: int
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Message:
    """What a server sent up to an empty line; `data` is None where only the place in the log has moved."""

    seq: int | None
    data: str | None


def follow(http: Http, after: int | None) -> Iterator[Event]:
    """Events after that place in the log, for ever; from now on without one. A connection that was lost is
    made again.

    Raises:
        ServiceRefused: the service does not let this client listen.
        ServiceUnreachable: there is none when the first connection is made.
    """
    last = int(http.json("/v1/service")["seq"]) if after is None else after
    lost = 0
    is_first = True
    while True:
        try:
            with http.open("/v1/events", None, {"Last-Event-ID": str(last)}, SILENCE_SECONDS) as response:
                is_first = False
                for message in messages(response):
                    lost = 0  # once something was heard: an answer that ends at once is none
                    if message.data is not None and message.seq is not None and message.seq > last:
                        data = json.loads(message.data)
                        yield Event(message.seq, data["kind"], data)
                    last = max(last, message.seq or 0)
        except ServiceRefused as error:
            if is_first or error.status not in PASSING:
                raise
        except (ServiceUnreachable, OSError, HTTPException, json.JSONDecodeError):
            if is_first:
                raise
        time.sleep(PAUSES_SECONDS[min(lost, len(PAUSES_SECONDS) - 1)])
        lost += 1


def messages(lines: Iterable[bytes]) -> Iterator[Message]:
    """As https://html.spec.whatwg.org/multipage/server-sent-events.html says; one that was cut off is
    none.
    """
    seq: int | None = None
    data: list[str] = []
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if text == "":
            if seq is not None or data:
                yield Message(seq, "\n".join(data) if data else None)
            seq, data = None, []
        elif name == "id" and value.isdecimal():
            seq = int(value)
        elif name == "data":
            data.append(value)
