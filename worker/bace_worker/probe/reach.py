"""What a host has for ranks, and which other hosts it reaches: for `bace check`.

Run by itself, before anything else of the worker is there: `python reach.py --directory DIR`. So it is
one file, of the standard library, that an older Python (3.8) runs as well, to say that it is too old. It
talks with whoever checks through small files of its directory, each complete or absent:

    host.json      by this program: what the host has, and the address of a listener as ranks would have it
    peers.json     {"west": ["10.2.0.7", 40123, KEY]}: whom to reach
    reached.json   by this program: {"west": {"seconds": 0.1, "clockSeconds": 0}} or {"west": {"problem": …}}
    done           it may end; it does so by itself when its time is over

A listener says its key, for two clusters may have hosts of the same private address, and its clock.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

POLL_SECONDS = 0.1
CONNECT_SECONDS = 10.0
IMPORT_SECONDS = 120.0
LONGEST_LINE = 1000
NOWHERE = "http://192.0.2.1"
"""RFC 5737: no host has it, and asking for the route to it sends nothing."""
DEVICES = "print(torch.cuda.device_count() if torch.cuda.is_available() else 0)"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--directory", required=True, type=Path)
    parser.add_argument("--control", metavar="URL", help="of the service, as ranks are told")
    parser.add_argument("--seconds", type=float, default=60.0, help="that it stays at most")
    arguments = parser.parse_args()
    deadline = time.monotonic() + arguments.seconds
    key = secrets.token_hex(16)
    address = local_host_towards(arguments.control or NOWHERE)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family, backlog=64) as listener:
        threading.Thread(target=answer, args=(listener, key), daemon=True).start()
        host = facts(arguments.control)
        write(
            arguments.directory / "host.json",
            {**host, "address": address, "port": port_of(listener), "key": key},
        )
        peers = awaited(arguments.directory / "peers.json", deadline)
        if peers is None:
            return 0
        write(arguments.directory / "reached.json", reach_all(peers))
        awaited(arguments.directory / "done", deadline)
    return 0


def local_host_towards(url: str) -> str:
    """The address on the route there, as ranks find theirs (transport/wire.py)."""
    parts = urlsplit(url)
    try:
        info = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM)[0]
        with socket.socket(info[0], socket.SOCK_DGRAM) as probe:
            probe.connect(info[4])
            return str(probe.getsockname()[0])
    except OSError:
        return "127.0.0.1"


def facts(control: str | None) -> dict[str, Any]:
    """`torch`, `numpy`: version, or why there is none. `cudaDevices`: null without torch."""
    torch = imported("torch", DEVICES)
    said = torch.get("said")
    return {
        "hostname": platform.node(),
        "python": list(sys.version_info[:3]),
        "torch": {name: torch[name] for name in ("version", "problem") if name in torch},
        "numpy": imported("numpy", "print()"),
        "cudaDevices": int(said) if said else None,
        "cores": cores(),
        "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "control": None if control is None else asked(control),
    }


def imported(name: str, then: str) -> dict[str, str]:
    """In a process of its own: a broken library may end the one that loads it."""
    script = f"import {name}\nprint({name}.__version__)\n{then}"
    try:
        ran = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return {"problem": str(error)[:LONGEST_LINE]}
    if ran.returncode != 0:
        return {
            "problem": (ran.stderr.strip() or f"exit code {ran.returncode}").splitlines()[-1][:LONGEST_LINE]
        }
    version, said = [*ran.stdout.strip().splitlines(), ""][:2]
    return {"version": version, **({"said": said} if said else {})}


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def asked(url: str) -> dict[str, object]:
    """Whether anything answers there, whatever it says."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    begun = time.monotonic()
    try:
        with opener.open(f"{url.rstrip('/')}/healthz", timeout=CONNECT_SECONDS) as response:
            response.read(LONGEST_LINE)
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return {"problem": problem_of(error)}
    return {"seconds": time.monotonic() - begun}


def answer(listener: socket.socket, key: str) -> None:
    while True:
        try:
            sock, _ = listener.accept()
            with sock:
                sock.settimeout(CONNECT_SECONDS)
                sock.sendall((json.dumps({"key": key, "clock": time.time()}) + "\n").encode())
        except TimeoutError:
            continue
        except OSError:
            if listener.fileno() < 0:
                return


def reach_all(peers: dict[str, list[Any]]) -> dict[str, dict[str, object]]:
    """All at once: those that swallow everything take as long as one."""
    reached: dict[str, dict[str, object]] = {}

    def reach_one(name: str, peer: list[Any]) -> None:
        reached[name] = reach(str(peer[0]), int(peer[1]), str(peer[2]))

    threads = [threading.Thread(target=reach_one, args=each) for each in peers.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return reached


def reach(host: str, port: int, key: str) -> dict[str, object]:
    """`clockSeconds`: how much the other clock is ahead, to half of the `seconds` that it took."""
    try:
        before = time.time()
        begun = time.monotonic()
        with socket.create_connection((host, port), CONNECT_SECONDS) as sock, sock.makefile("rb") as lines:
            line = lines.readline(LONGEST_LINE)
        seconds = time.monotonic() - begun
        said = json.loads(line)
        if said["key"] != key:
            return {"problem": f"another host answers at {host}"}
        return {"seconds": seconds, "clockSeconds": said["clock"] - (before + seconds / 2)}
    except (ValueError, KeyError, TypeError):
        return {"problem": f"something else answers at {host}:{port}"}
    except OSError as error:
        return {"problem": problem_of(error)}


def problem_of(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return (
        "timed out"
        if isinstance(reason, TimeoutError)
        else str(reason)[:LONGEST_LINE] or type(error).__name__
    )


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def awaited(path: Path, deadline: float) -> Any:
    """What the file says; None where its time is over or nobody wants an answer any more."""
    while time.monotonic() < deadline:
        try:
            return json.loads(path.read_text())
        except (OSError, ValueError):
            if not path.parent.is_dir():
                return None
            time.sleep(POLL_SECONDS)
    return None


def write(path: Path, value: object) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(json.dumps(value))
    temporary.rename(path)


if __name__ == "__main__":
    sys.exit(main())
