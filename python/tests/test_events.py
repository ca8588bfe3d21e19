"""Events: from a real service that is killed meanwhile, and from streams that are spoiled."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest
from conftest import Service

from bace_pipe import Client, Event, ServiceRefused
from bace_pipe.events import messages


def upto(events: Iterator[Event], job: str) -> list[Event]:
    """Events up to the submission of that job."""
    seen = []
    for event in events:
        seen.append(event)
        if event.kind == "submitted" and event.data["job"]["id"] == job:
            return seen
    raise AssertionError("events end")


def test_events_go_on_after_the_last_one_where_the_service_was_killed(service: Service) -> None:
    client = Client(state=service.state)
    events = client.events(after=0)
    begun = next(events)
    assert begun.seq == 1
    client.submit(service.job("seen-before"))
    before = upto(events, "seen-before")

    service.stop(signal.SIGKILL)
    service.start()
    client = Client(state=service.state)
    client.submit(service.job("seen-after"))
    after = upto(events, "seen-after")

    seen = [event.seq for event in (begun, *before, *after)]
    assert seen == list(range(1, len(seen) + 1)), "each once, in order, none missing"


def test_without_a_place_events_begin_now(service: Service) -> None:
    client = Client(state=service.state)
    events = client.events()
    before = client._http.json("/v1/service")["seq"]
    # Events begin when the first is asked for.
    submitter = threading.Timer(1, client.submit, args=[service.job("seen-now")])
    submitter.start()
    seen = upto(events, "seen-now")
    submitter.join()
    assert seen[0].seq > before


def test_who_may_not_listen_is_told_so(service: Service) -> None:
    with pytest.raises(ServiceRefused) as refused:
        next(Client(service.url).events(after=0))
    assert refused.value.code == "no-token"


def test_a_message_that_was_cut_off_is_none() -> None:
    lines = [b": listening\n", b"\n", b"id: 7\n", b"event: x\n", b"data: {}\n", b"\n", b"id: 8\n", b"data: {"]
    assert [(m.seq, m.data) for m in messages(lines)] == [(7, "{}")]


def test_an_id_alone_moves_the_place() -> None:
    assert [(m.seq, m.data) for m in messages([b"id: 12\r\n", b"\r\n"])] == [(12, None)]
