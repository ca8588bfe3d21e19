"""The service under test: `bace up` in a region of a WAN, and requests to it from there.

It is started, killed and started again on the same state folder, as an operator (or a crash) would.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from .wan.namespace import call
from .wan.network import Wan

ROOT = Path(__file__).resolve().parents[1]
PORT = 7421
START_SECONDS = 120.0
STOP_SECONDS = 30.0
PAGE_EVENTS = 1000
Document = dict[str, Any]


class Service:
    """Runs while the `with` block lasts. `fleet`: text of a scenario file."""

    def __init__(self, wan: Wan, home: str, folder: Path, fleet: str) -> None:
        self._wan = wan
        self._home = home
        self._folder = folder
        self._url = f"http://{wan.address(home)}:{PORT}"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "fleet.yaml").write_text(fleet)

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when it answers."""
        where = ("--host", self._wan.address(self._home), "--port", str(PORT))
        command = self.command(
            "up", "--fleet", self._folder / "fleet.yaml", "--python", sys.executable, *where
        )
        with open(self._folder / "up.log", "ab") as output:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            eventually(lambda: self.get("/v1/service") is not None, "the service answers", START_SECONDS)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """In good order; what it runs goes on."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """By SIGKILL, in the middle of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def command(self, *arguments: str | Path) -> list[str]:
        bace = ("node", ROOT / "scripts/bace.mjs", *arguments, "--state", self._folder / "state")
        return self._wan.inside(self._home, *bace)

    def bace(self, *arguments: str | Path) -> str:
        """What a command of the program prints. Raises RuntimeError with what it complains about."""
        done = subprocess.run(self.command(*arguments), cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"bace {arguments[0]}: {done.stderr}")
        return done.stdout

    def get(self, path: str) -> Document | None:
        """The answer in JSON; None while nobody answers."""

        def ask() -> Document | None:
            try:
                token = (self._folder / "state/admin.token").read_text().strip()
                headers = {"Authorization": f"Bearer {token}"}
                request = urllib.request.Request(f"{self._url}{path}", headers=headers)
                with urllib.request.urlopen(request, timeout=5) as response:
                    answer: Document = json.load(response)
                    return answer
            except OSError:
                return None

        return call(self._wan.namespace(self._home), ask)

    def job(self, name: str) -> Document:
        """As the service shows it. Raises RuntimeError where it does not answer."""
        found = self.get(f"/v1/jobs/{name}")
        if found is None:
            raise RuntimeError(f"the service says nothing of {name}")
        return found

    def events(self, after: int) -> list[Document]:
        """Facts with a greater `seq`, in order; none while nobody answers."""
        found: list[Document] = []
        while (page := self.get(f"/v1/log?after={after}&limit={PAGE_EVENTS}")) is not None and page["events"]:
            found += page["events"]
            after = found[-1]["seq"]
        return found


def eventually(condition: Callable[[], bool], what: str, seconds: float, pause: float = 0.25) -> None:
    """Waits until it is so. Raises TimeoutError with `what` where it is not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(pause)
