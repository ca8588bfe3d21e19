"""`local`: a whole plan on this machine without a control plane, for users who debug and for tests.

All ranks under one supervisor; rendezvous and telemetry are answered by a small server in this process, which
prints every step as a line of JSON on standard output. Regions exist in name alone, but for the plan's
emulated links.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .exit_codes import WorkerError
from .launch import Supervisor, grace_seconds, write_json
from .plan import Plan, load
from .starters import Children


class Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class LocalControl:
    """The control plane's two resources for one launch. Subclasses override `on_report`."""

    def __init__(self, plan: Plan, port: int = 0, host: str = "127.0.0.1") -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._addresses: dict[int, dict[str, Any]] = {}
        self._data_hash: str | None = None
        self._printed_step = 0
        self._acknowledged: dict[int, int] = {}
        self._server = ThreadingHTTPServer((host, port), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def on_report(self, report: dict[str, Any]) -> None:
        """Called once per report, in the order of each rank's sequence. Prints each step's loss once.

        Where several ranks have the head, all say the same.
        """
        for step in report["steps"]:
            if step["loss"] is not None and step["step"] > self._printed_step:
                self._printed_step = step["step"]
                shown = {name: step[name] for name in ("step", "loss", "stepSeconds")}
                print(json.dumps(shown), flush=True)

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        match = re.fullmatch(r"/v1/launches/([^/]+)/(\d+)/(rendezvous|telemetry)", path)
        if match is None or match[1] != self._plan.job_id:
            raise Refusal(404, "unknown-job")
        if body["launchKey"] != self._plan.launch_key:
            raise Refusal(403, "wrong-launch-key")
        if int(match[2]) != self._plan.epoch:
            raise Refusal(409, "stale-epoch")
        with self._lock:
            return self._rendezvous(body) if match[3] == "rendezvous" else self._telemetry(body)

    def _rendezvous(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["dataHash"] is not None:
            if self._data_hash not in (None, body["dataHash"]):
                raise Refusal(409, "data-mismatch")
            self._data_hash = body["dataHash"]
        self._addresses[body["rank"]] = {
            name: body.get(name) for name in ("rank", "host", "port", "storePort")
        }
        if len(self._addresses) < len(self._plan.ranks):
            return {"state": "waiting"}
        return {"state": "ready", "addresses": list(self._addresses.values())}

    def _telemetry(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["sequence"] > self._acknowledged.get(body["rank"], 0):
            self.on_report(body)
            self._acknowledged[body["rank"]] = body["sequence"]
        return {"acknowledged": body["sequence"]}


def _handler(control: LocalControl) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = 200, control.answer(self.path, body)
            except Refusal as refusal:
                status, answer = refusal.status, {"status": refusal.status, "code": refusal.code}
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header(
                "Content-Type", "application/json" if status == 200 else "application/problem+json"
            )
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def main(plan_path: str) -> int:
    """Runs the plan and returns the first failing rank's exit code, or 0."""
    try:
        plan = load(plan_path)
    except WorkerError as error:
        print(f"bace_worker local: {error}", file=sys.stderr)
        return error.exit_code
    control = LocalControl(plan)
    with tempfile.TemporaryDirectory(prefix="bace-local-") as folder:
        document = json.loads(Path(plan_path).read_text(encoding="utf-8"))
        document["control"]["url"] = control.url
        write_json(Path(folder, "plan.json"), document)
        numbers = range(len(plan.ranks))
        starter = Children(len(numbers), os.environ)
        exit_code, ended = Supervisor(
            str(Path(folder, "plan.json")), numbers, Path(folder), grace_seconds(plan), starter
        ).run()
        for end in ended:
            if end.exit_code:
                print(f"rank {end.rank} ended with {end.signal or end.exit_code}; its log:", file=sys.stderr)
                print(Path(folder, f"rank-{end.rank}.log").read_text(encoding="utf-8"), file=sys.stderr)
    control.close()
    return exit_code
