"""What a host says of itself before anything of the worker is there, and whom it reaches."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bace_worker.probe import reach

SCRIPT = Path(reach.__file__)


def start(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    folder.mkdir()
    return subprocess.Popen([sys.executable, str(SCRIPT), "--directory", str(folder), *more])


def awaited(path: Path) -> Any:
    for _ in range(600):
        if path.exists():
            return json.loads(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"no {path}")


def test_two_hosts_reach_each_other_and_end_when_they_may(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("east", "west")}
    hosts = {name: start(folder, "--control", "http://127.0.0.1:9") for name, folder in folders.items()}
    facts = {name: awaited(folder / "host.json") for name, folder in folders.items()}
    assert facts["east"]["python"] == list(sys.version_info[:3])
    assert facts["east"]["address"] == "127.0.0.1"
    assert "version" in facts["east"]["torch"]
    assert facts["east"]["cudaDevices"] >= 0
    assert "refused" in facts["east"]["control"]["problem"]
    peer = [facts["west"][name] for name in ("address", "port", "key")]
    nobody = ["127.0.0.1", 9, "key"]
    (folders["east"] / "peers.json").write_text(
        json.dumps({"west": peer, "other": [*peer[:2], "its own"], "nobody": nobody})
    )
    (folders["west"] / "peers.json").write_text("{}")
    reached = awaited(folders["east"] / "reached.json")
    assert reached["west"]["seconds"] < 10
    assert abs(reached["west"]["clockSeconds"]) < 1
    assert reached["other"] == {"problem": "another host answers at 127.0.0.1"}
    assert "refused" in reached["nobody"]["problem"]
    for folder in folders.values():
        (folder / "done").write_text("{}")
    assert [host.wait(10) for host in hosts.values()] == [0, 0]


def test_it_ends_when_its_folder_is_taken_away(tmp_path: Path) -> None:
    host = start(tmp_path / "east", "--seconds", "60")
    awaited(tmp_path / "east" / "host.json")
    (tmp_path / "east" / "host.json").unlink()
    (tmp_path / "east").rmdir()
    assert host.wait(10) == 0


def test_a_library_that_breaks_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.py").write_text("raise ImportError('libcudart.so: cannot open')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert reach.imported("broken", "") == {"problem": "ImportError: libcudart.so: cannot open"}
