"""Where the service is, and the token for it: found as the command line finds them.

Address: `url`, then BACE_SERVER (unless a state folder is named), then what the service wrote into its
state folder (`state`, BACE_STATE, or .bace). Token: `token`, then BACE_TOKEN, then the one that the service
left in that folder. That one goes to no other address, and only while the service lives that wrote it:
after a crash anybody may listen there. One's own goes to no other machine that only a .bace of the working
folder names: whoever made the folder may have laid it out.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .errors import BaceError, ServiceUnreachable

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")

PathLike = str | os.PathLike[str]


def find_service(url: str | None, token: str | None, state: PathLike | None) -> tuple[str, str | None]:
    """Address and token; no token where none is known, and perhaps none is needed."""
    folder = Path(state or os.environ.get("BACE_STATE") or ".bace").resolve()
    named = url or (os.environ.get("BACE_SERVER") if state is None else None)
    found = read_service_file(folder)
    if not named and found is None:
        raise ServiceUnreachable(f"no service is running in {folder}")
    address = (named or str((found or {})["url"])).rstrip("/")
    if token:
        return address, token.strip()
    own = os.environ.get("BACE_TOKEN")
    if own:
        is_asked_for = bool(named or state or os.environ.get("BACE_STATE"))
        if not is_asked_for and urlsplit(address).hostname not in LOOPBACK_NAMES:
            detail = f"{folder} names {address}, and your token is not its to send there"
            raise BaceError("server-not-trusted", detail, "name the service: Client(url=…), BACE_SERVER")
        return address, own.strip()
    is_its_own = found is not None and found["url"] == address and is_alive(found)
    return address, read_token(folder) if is_its_own else None


def read_service_file(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / "service.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    return found


def read_token(folder: Path) -> str | None:
    """None where the service is somebody else's."""
    try:
        return (folder / "admin.token").read_text("utf-8").strip()
    except OSError:
        return None


def is_alive(service: dict[str, Any]) -> bool:
    """Whether the very process lives: numbers of processes are used again, so its time of start has to
    agree.
    """
    if not Path("/proc/self/stat").exists():
        return answers_signals(service["pid"])
    try:
        text = Path(f"/proc/{service['pid']}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    # The command, in brackets, may hold anything; the fields after it start with the third.
    fields = text[text.rindex(")") + 2 :].split(" ")
    return fields[0] not in ("Z", "X") and int(fields[22 - 3]) == service["startTicks"]


def answers_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
