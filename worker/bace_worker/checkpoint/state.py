"""Between a stage and its checkpoints: its layers' state out of it, and back into it in any layout.

A stage's parameters carry their layer's number in the whole model, so a stage takes from a checkpoint the
layers that it has, whichever stages wrote them. All ranks that have a stage restore all of its layers; to
write, they share them. The rest of training's state is a function of the step: learning rate and data.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ..exit_codes import UserError
from ..model.optimizer import AdamW
from .epochs import check_belongs, storage
from .folder import TornCheckpoint, read_file, read_manifest
from .format import LayerState, decode
from .manifest import Reference, Run


def layer_states(
    model: nn.Module, optimizer: AdamW, place: int = 0, holders: int = 1
) -> dict[str, LayerState]:
    """The layers of a stage by name; the tensors are training's own. Each of `holders` gets its share."""
    layers: dict[str, dict[str, torch.Tensor]] = {}
    moments = {parameter: (mean, square) for parameter, mean, square in optimizer.moments()}
    for name, parameter in model.named_parameters():
        mean, square = moments[parameter]
        tensors = layers.setdefault(_layer_of(name), {})
        tensors |= {name: parameter, f"optimizer.mean.{name}": mean, f"optimizer.square.{name}": square}
    share = list(layers)[place::holders]
    return {layer: LayerState(layers[layer], optimizer.updates) for layer in share}


def restore(root: Path, reference: Reference, run: Run, model: nn.Module, optimizer: AdamW) -> int:
    """Sets the parameters and the optimizer's state of a stage. Returns the step to go on with.

    Raises TornCheckpoint, UserError.
    """
    with storage(root, run):
        manifest = read_manifest(root, reference)
        check_belongs(root, manifest, run)
        files = {file.layer: file for file in manifest.files}
        for layer, state in layer_states(model, optimizer).items():
            content = read_file(root, manifest, files[layer])
            try:
                saved = decode(content)
            except ValueError as error:
                raise TornCheckpoint(f"checkpoint {reference.folder}, {files[layer].name}: {error}") from None
            _copy(saved, state, f"checkpoint {reference.folder}, {layer}")
            optimizer.updates = saved.updates
    return reference.step + 1


@torch.no_grad()
def _copy(saved: LayerState, state: LayerState, place: str) -> None:
    shapes = [
        {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}
        for tensors in (saved.tensors, state.tensors)
    ]
    if shapes[0] != shapes[1]:
        different = sorted(name for name, _ in shapes[0].items() ^ shapes[1].items())
        raise UserError(
            f"{place}: {different[0]} differs in name, type or shape from the plan's model. Use the plan that"
            " wrote it, or name another folder in checkpoint.location"
        )
    for name, tensor in state.tensors.items():
        tensor.copy_(saved.tensors[name])


def _layer_of(parameter: str) -> str:
    parts = parameter.split(".")
    return f"layer-{parts[1]}" if parts[0] == "layers" else parts[0]
