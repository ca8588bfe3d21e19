"""Files that survive a crash of the process and of the machine: whole and under their name, or not there.

A file is written under a temporary name, brought to the disk, renamed, and then its folder is brought to the
disk: a name that is seen always has all of its content (Pillai and others, "All File Systems Are Not Created
Equal", OSDI 2014, shows what goes wrong without each of these). Left out: file systems that do not rename
atomically, such as object stores mounted as folders.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterable
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"


def write_whole(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Creates or replaces `path`. Raises OSError, and then leaves what was there before."""
    temporary = path.with_name(f".{uuid.uuid4().hex}{TEMPORARY_SUFFIX}")
    try:
        with open(temporary, "xb", buffering=0) as stream:
            for piece in pieces:
                _write(stream.fileno(), piece)
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path.parent)


def _write(descriptor: int, piece: bytes | memoryview) -> None:
    rest = memoryview(piece)
    while rest:  # one call takes 2 GiB at most
        rest = rest[os.write(descriptor, rest) :]


def make_folder(path: Path) -> None:
    """Makes a folder, and those above it, where it is not there yet."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Brings the names in a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
