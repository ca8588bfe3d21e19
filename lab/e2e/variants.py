"""Table A, further: what must not change a bit; and trainings that are moved between layouts.

Those that are moved run as the control plane runs them: processes under one supervisor per region, an epoch
per layout, a checkpoint between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from torch import Tensor

from bace_worker.checkpoint.folder import read_file, read_manifest
from bace_worker.checkpoint.format import decode
from bace_worker.checkpoint.manifest import Reference as Saved

from ..table import FAILED, PASSED, Row, say
from .epochs import finish
from .equality import LOSS_TOLERANCE, Difference, compare, make_reference, train_and_compare
from .places import Here
from .trainings import STEPS, Layout, Schedules, plan_of

HEAD = ("what", "layouts", "loss", "parameters", "bits", "must be")
WIDTHS = (34, 96, 7, 10, 6, 9)
EPOCH_SECONDS = 240.0
Changes = dict[str, Any]

BFLOAT16: Changes = {"training": {"dtype": "bfloat16"}}
CLIPPED: Changes = {"training": {"gradientClipNorm": 0.05}}
VARIANTS: Sequence[tuple[str, Changes, Changes]] = (
    ("recomputation", {"recompute": True}, {}),
    ("bfloat16", BFLOAT16, BFLOAT16),
    ("clipping at 0.05", CLIPPED, CLIPPED),
    ("links by torch.distributed", {"link": {"via": "collective"}}, {}),
    ("four streams, chunks of 256 bytes", {"link": {"streams": 4, "chunkBytes": 256}}, {}),
)
"""Name, changes of the plan, and of the one process that it is held against."""
LAYOUTS = (
    *(Layout("1f1b", 3), Layout("zb-v", 2), Layout("crosspipe", 4), Layout("1f1b-warmup", 2, 2)),
    Layout("dualpipe", 4),
)
EVERYTHING: Changes = {"training": {"dtype": "bfloat16", "gradientClipNorm": 0.05}}
MOVES: Sequence[tuple[str, Changes, Changes, Sequence[Layout]]] = (
    ("moved", {}, {}, (Layout("1f1b", 4), Layout("1f1b", 2))),
    ("moved, order too", {}, {}, (Layout("1f1b", 4), Layout("zb-v", 2), Layout("dualpipe-v", 3))),
    (
        "moved, replicas too",
        *({}, {}),
        (Layout("crosspipe", 4), Layout("zb-h1", 2), Layout("1f1b-warmup", 3, 2), Layout("gpipe", 1)),
    ),
    ("moved, copies too", {}, {}, (Layout("dualpipe", 4), Layout("1f1b", 3), Layout("dualpipe", 2, 2))),
    (
        "moved, bfloat16, clipped, recomputed",
        *(EVERYTHING | {"recompute": True}, EVERYTHING),
        (Layout("interleaved-1f1b", 4), Layout("v-half", 2)),
    ),
)


def variant_rows(
    text: Path, schedules: Mapping[int, Schedules], folder: Path, executor: ProcessPoolExecutor, quick: bool
) -> Iterator[Row]:
    """In-process gangs. Without copies they must give the same bits."""
    begun = []
    for name, changes, reference_changes in VARIANTS[:2] if quick else VARIANTS:
        file = folder / f"{name}.pt"
        make_reference(text, file, apart=False, **_copy(reference_changes))
        for layout in LAYOUTS:
            document = plan_of(text, schedules, layout, **_copy(changes))
            begun.append((name, layout, executor.submit(train_and_compare, document, file)))
    for name, layout, future in begun:
        try:
            yield _row(name, str(layout), future.result(), bits=not layout.copies)
        except Exception as error:
            say(f"{name}, {layout}: {error!r}")
            yield Row((name, str(layout), repr(error), "", "", ""), FAILED)


def moved_rows(text: Path, schedules: Mapping[int, Schedules], folder: Path, quick: bool) -> Iterator[Row]:
    """Processes. Each layout trains its share of the steps, the last one to the end."""
    for number, (name, changes, reference_changes, layouts) in enumerate(MOVES[:2] if quick else MOVES):
        place = folder / f"moved-{number}"
        reference = make_reference(
            text, folder / f"moved-{number}.pt", apart=False, **_copy(reference_changes)
        )
        losses: list[float] = []
        problem = None
        for epoch, layout in enumerate(layouts, 1):
            last = STEPS * epoch // len(layouts)
            document = plan_of(text, schedules, layout, **_copy(changes))
            document["training"]["steps"] = last
            location = str(place / "checkpoints")
            document["checkpoint"] = {"location": location, "everySteps": 10, "keep": 2, "graceSeconds": 20}
            document["epoch"] = epoch
            control, problem = finish(document, place / f"epoch-{epoch}", Here(), EPOCH_SECONDS)
            if problem is not None:
                say(f"{name}, {layout}: {problem}")
                break
            losses += [loss for _, loss in sorted(control.losses.items())]
        path = " → ".join(map(str, layouts))
        if problem is not None:
            yield Row((name, path, "", "", "", ""), FAILED)
            continue
        found = parameters_of(place / "checkpoints", Saved(len(layouts), STEPS))
        bits = not any(layout.copies for layout in layouts)
        yield _row(name, path, compare(reference, losses, found), bits)


def parameters_of(checkpoints: Path, saved: Saved) -> dict[str, Tensor]:
    """All layers' parameters, without what the optimizer keeps."""
    manifest = read_manifest(checkpoints, saved)
    tensors: dict[str, Tensor] = {}
    for file in manifest.files:
        tensors |= decode(read_file(checkpoints, manifest, file)).tensors
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("optimizer.")}


def _row(name: str, layouts: str, difference: Difference, bits: bool) -> Row:
    passed = difference.same_bits if bits else difference.loss <= LOSS_TOLERANCE
    cells = (
        *(name, layouts, f"{difference.loss:.1e}", f"{difference.parameter:.1e}"),
        *("same" if difference.same_bits else "differ", "same bits" if bits else "≤ 1e-5"),
    )
    return Row(cells, PASSED if passed else FAILED)


def _copy(changes: Changes) -> Changes:
    """`make_plan` and its kin take out of a dictionary what they have used."""
    return {name: dict(value) if isinstance(value, dict) else value for name, value in changes.items()}
