"""Checkpoints as folders: one file per layer, and a manifest that makes them a checkpoint.

    <location>/epoch-00000002-step-00000040/
        embedding.<SHA-256>.safetensors, layer-0.<SHA-256>.safetensors, ..., head.<SHA-256>.safetensors
        manifest.json

Ranks write the layers that they hold, in any order; a file's name appears when all of its content is on the
disk. Whoever finds every layer there writes the manifest, by one rename: before it there is no checkpoint,
after it there is. Two who do so at once write the same bytes. Layers and not stages, so that any other layout
finds what it needs (Varuna, arXiv 2111.04007, keeps checkpoints by cut-point for the same reason).
Newer means a later epoch, and within an epoch a later step: what a superseded epoch still commits is never
newer than what its successor has. Left out: the same content shared between checkpoints, and removing an
attempt to write one that failed (`prune` does so after the next).
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import numpy
from numpy.typing import NDArray

from ..exit_codes import RESTART, WorkerError
from .durable_files import make_folder, sync_folder, write_whole
from .manifest import LayerFile, Manifest, Reference, Run, model_shape, parse, render, sha256_of

MANIFEST = "manifest.json"
TORN_MANIFEST = "manifest.torn.json"
_FOLDER = re.compile(r"epoch-(\d{8,})-step-(\d{8,})")
_LAYER_FILE = re.compile(r"(embedding|layer-\d+|head)\.([0-9a-f]{64})\.safetensors")


class TornCheckpoint(WorkerError):
    """A checkpoint that is not what was committed. Launched again, the job goes on from an older one."""

    exit_code = RESTART


def references(root: Path) -> list[Reference]:
    """All folders of checkpoints, committed or not, from old to new."""
    matches = (_FOLDER.fullmatch(name) for name in _names(root))
    return sorted(Reference(int(match[1]), int(match[2])) for match in matches if match)


def is_committed(root: Path, reference: Reference) -> bool:
    return (root / reference.folder / MANIFEST).is_file()


def write_layer(root: Path, reference: Reference, layer: str, pieces: list[bytes | memoryview]) -> None:
    """Raises OSError."""
    folder = root / reference.folder
    make_folder(folder)
    write_whole(folder / f"{layer}.{sha256_of(pieces)}.safetensors", pieces)


def commit(root: Path, run: Run, step: int) -> bool:
    """Writes the manifest; False if a layer is still missing. Raises OSError."""
    reference = Reference(run.epoch, step)
    folder = root / reference.folder
    files: dict[str, LayerFile] = {}
    for name in sorted(_names(folder)):
        if match := _LAYER_FILE.fullmatch(name):
            layer, sha256 = match.groups()
            assert layer not in files, f"replicas differ: two contents of {layer} in {folder}"
            files[layer] = LayerFile(layer, name, (folder / name).stat().st_size, sha256)
    if files.keys() != set(run.layers):
        return False
    in_order = tuple(files[layer] for layer in run.layers)
    manifest = Manifest(reference, run.job_id, model_shape(run.model), run.seed, in_order)
    sync_folder(folder)  # the other ranks' names before the manifest that speaks of them
    write_whole(folder / MANIFEST, [render(manifest)])
    return True


def read_manifest(root: Path, reference: Reference) -> Manifest:
    """Raises TornCheckpoint where the manifest is missing, altered, or another checkpoint's; and OSError."""
    path = root / reference.folder / MANIFEST
    try:
        text = path.read_bytes()
        manifest = parse(text)
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise TornCheckpoint(f"checkpoint {path.parent}: no valid manifest: {error!r}") from None
    if render(manifest) != text or manifest.reference != reference:
        raise TornCheckpoint(f"checkpoint {path.parent}: its manifest is not the one committed there")
    return manifest


def read_file(root: Path, manifest: Manifest, file: LayerFile) -> NDArray[numpy.uint8]:
    """A layer's file in memory. Raises TornCheckpoint where it is not what was committed; and OSError."""
    path = root / manifest.reference.folder / file.name
    try:
        content = numpy.fromfile(path, dtype=numpy.uint8)
    except FileNotFoundError:
        raise TornCheckpoint(f"checkpoint {path.parent}: {file.name} is missing") from None
    if content.size != file.size_bytes or sha256_of([content.data]) != file.sha256:
        raise TornCheckpoint(f"checkpoint {path.parent}: {file.name} is short or altered")
    return content


def verify(root: Path, reference: Reference) -> Manifest:
    """Reads all of a checkpoint. Raises TornCheckpoint, OSError."""
    manifest = read_manifest(root, reference)
    for file in manifest.files:
        read_file(root, manifest, file)
    return manifest


def set_aside(root: Path, reference: Reference) -> None:
    """Makes a torn checkpoint no checkpoint; its files stay for whoever wants to look."""
    folder = root / reference.folder
    os.replace(folder / MANIFEST, folder / TORN_MANIFEST)
    sync_folder(folder)


def remove(root: Path, reference: Reference) -> None:
    """The manifest first, so that what is left after a crash is no checkpoint. Raises OSError."""
    folder = root / reference.folder
    with contextlib.suppress(FileNotFoundError):  # another rank may be removing it too
        if is_committed(root, reference):
            os.unlink(folder / MANIFEST)
            sync_folder(folder)
        for name in _names(folder):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(folder / name)
        os.rmdir(folder)
        sync_folder(root)


def prune(root: Path, keep: int) -> None:
    """Removes all but the newest `keep` checkpoints, and failed attempts before the newest. Raises OSError.

    Folders newer than the newest checkpoint are left: they are being written.
    """
    committed = [reference for reference in references(root) if is_committed(root, reference)]
    for reference in references(root):
        if committed and reference < committed[-1] and reference not in committed[-keep:]:
            remove(root, reference)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
