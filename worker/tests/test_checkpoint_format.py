"""The files of a checkpoint: layers in the format of safetensors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bace_worker.checkpoint.format import LayerState, decode, encode
from bace_worker.checkpoint.manifest import Reference


def test_a_layer_keeps_every_bit() -> None:
    tensors = {
        "a": torch.tensor([float("nan"), -0.0, 1e-45, float("inf")]),
        "b": torch.arange(3, dtype=torch.bfloat16),  # of odd length, before which others must stay aligned
        "c": torch.randn(2, 3, 4, dtype=torch.float64),
        "scalar": torch.tensor(3.5, dtype=torch.float16),
        "transposed": torch.arange(6.0).view(2, 3).T,
    }
    content = b"".join(bytes(piece) for piece in encode(LayerState(tensors, 7)))
    state = decode(torch.frombuffer(bytearray(content), dtype=torch.uint8).numpy())
    assert state.updates == 7
    assert state.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert state.tensors[name].dtype == tensor.dtype
        assert state.tensors[name].shape == tensor.shape
        assert encode(LayerState({name: tensor}, 0)) == encode(LayerState({name: state.tensors[name]}, 0))


def test_layers_are_safetensors_files(saved: Path) -> None:
    """Read here by the format's description alone."""
    path = next((saved / Reference(1, 2).folder).glob("layer-3.*.safetensors"))
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert header.pop("__metadata__") == {"format": "bace-pipe layer 1", "updates": "2"}
    names = {name for name in header if not name.startswith("optimizer.")}
    assert "layers.3.attention.query.weight" in names
    assert header.keys() == names | {
        f"optimizer.{kind}.{name}" for kind in ("mean", "square") for name in names
    }
    entry = header["layers.3.attention.query.weight"]
    assert (entry["dtype"], entry["shape"]) == ("F32", [8, 8])
    ends = sorted(entry["data_offsets"] for entry in header.values())
    assert [begin for begin, _ in ends] == [0, *(end for _, end in ends[:-1])]
    assert 8 + length + ends[-1][1] == len(content)


def test_what_is_no_layer_is_refused() -> None:
    for content in (b"", b"\xff" * 64, b"\x02" + b"\0" * 7 + b"{}", b"\x02" + b"\0" * 7 + b"[]"):
        with pytest.raises(ValueError):
            decode(torch.frombuffer(bytearray(content or b"\0"), dtype=torch.uint8).numpy())
