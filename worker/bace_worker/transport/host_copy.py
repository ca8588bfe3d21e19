"""From the GPU into pinned memory, beside what the GPU does next: the network takes messages from there."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_streams: dict[torch.device, Any] = {}


def on_host(tensor: Tensor) -> tuple[Tensor, Any]:
    """A contiguous tensor in the host's memory, and the CUDA event with which its values are there.

    Returns at once; on the CPU the tensor itself, and None. The copy has a stream of its own: it waits for
    what makes the tensor, and nothing waits for it.
    """
    tensor = tensor.detach().contiguous()
    if not tensor.is_cuda:
        return tensor, None
    device = tensor.device
    if device not in _streams:
        _streams[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    stream = _streams[device]
    copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        copy.copy_(tensor, non_blocking=True)
        tensor.record_stream(stream)  # or its memory might be another tensor's before it is copied
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record(stream)
    return copy, event
