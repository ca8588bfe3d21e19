"""What other programs answer, and what a folder says that somebody else made."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bace_pipe import BaceError, Client, ServiceRefused

Answer = tuple[int, str, str]
Serve = Callable[..., str]
PROBLEM = "application/problem+json"


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves the answers one after the other, the last again and again; gives the address."""
    servers: list[ThreadingHTTPServer] = []

    def start(*answers: Answer) -> str:
        left = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, text = left.pop(0) if len(left) > 1 else left[0]
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "code"), [(503, "standing-by"), (429, "rate-limited")])
def test_wait_outlasts_refusals_that_pass(serve: Serve, status: int, code: str) -> None:
    refused = (status, PROBLEM, json.dumps({"status": status, "code": code, "detail": "later"}))
    ended = (200, "application/json", json.dumps({"id": "job", "phase": "ended"}))
    assert Client(serve(refused, ended)).wait("job", timeout_seconds=20)[0]["phase"] == "ended"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_problem_that_is_none_is_said_to_be_of_another_service(serve: Serve, text: str) -> None:
    with pytest.raises(ServiceRefused) as refused:
        Client(serve((500, PROBLEM, text))).regions()
    assert refused.value.code == "not-this-service"


def test_ones_own_token_goes_to_no_other_machine_that_a_folder_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / ".bace"
    folder.mkdir()
    announced = {"pid": 1, "startTicks": 1, "url": "http://bace.invalid:7420"}
    (folder / "service.json").write_text(json.dumps(announced))
    monkeypatch.setenv("BACE_TOKEN", "mine")
    with pytest.raises(BaceError, match="server-not-trusted"):
        Client()
    assert Client(state=folder)._http.authorization == {"Authorization": "Bearer mine"}
    assert Client(token="mine").url == "http://bace.invalid:7420"
    (folder / "service.json").write_text(json.dumps({**announced, "url": "http://127.0.0.1:1"}))
    assert Client()._http.authorization == {"Authorization": "Bearer mine"}
