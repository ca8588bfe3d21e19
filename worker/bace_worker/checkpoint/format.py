"""One layer of a checkpoint as bytes: parameters and optimizer state, in the format safetensors.

Eight bytes with the length of the header (little-endian), the header in JSON (name to type, shape and place),
then the tensors one behind the other: https://github.com/huggingface/safetensors. No code is ever run to read
it, and any program that knows the format opens it. Written here and not by its library because that is fewer
lines than another requirement to install. Left out: big-endian machines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

FORMAT = "bace-pipe layer 1"
_TYPES = {torch.float64: "F64", torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}
_ALIGNMENT = 8


@dataclass(frozen=True)
class LayerState:
    """What training knows of one layer: tensors by name, and how many updates they have had."""

    tensors: Mapping[str, Tensor]
    updates: int


def encode(state: LayerState) -> list[bytes | memoryview]:
    """A file's content, as pieces that share the memory of the tensors (contiguous, on the host)."""
    # larger types first, as safetensors' own library writes them: every tensor is then aligned
    tensors = sorted(state.tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header: dict[str, object] = {"__metadata__": {"format": FORMAT, "updates": str(state.updates)}}
    end = 0
    for name, tensor in tensors:
        start, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": _TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    pieces: list[bytes | memoryview] = [len(text).to_bytes(8, "little") + text]
    pieces.extend(tensor.detach().flatten().view(torch.uint8).numpy().data for _, tensor in tensors)
    return pieces


def decode(content: NDArray[numpy.uint8]) -> LayerState:
    """The tensors of a file's content, whose memory they share. Raises ValueError for any other content."""
    try:
        start = 8 + int.from_bytes(content[:8].tobytes(), "little")
        header = json.loads(content[8:start].tobytes())
        metadata = header.pop("__metadata__")
        if metadata["format"] != FORMAT:
            raise ValueError(f"its format is {metadata['format']!r}, this worker reads {FORMAT!r}")
        types = {name: dtype for dtype, name in _TYPES.items()}
        tensors = {}
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            data = torch.from_numpy(content[start + first : start + last])
            tensors[name] = data.view(types[entry["dtype"]]).view(entry["shape"])
        return LayerState(tensors, int(metadata["updates"]))
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ValueError(f"it is no layer of a checkpoint: {error!r}") from None
