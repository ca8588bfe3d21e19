"""Bytes that tensors keep: each storage once, however many views and tensors share it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from .weight_gradients import WaitingGradient


class Storages:
    """Keeps what it counts, so that no other storage gets its number. Counts fake tensors as well."""

    def __init__(self) -> None:
        self._found: dict[int, torch.UntypedStorage] = {}

    def add(self, tensor: Tensor) -> Tensor:
        """Returns another view: autograd would never free a graph whose own output it gets back here."""
        storage = tensor.untyped_storage()
        self._found[storage._cdata] = storage
        return tensor.detach()

    def add_all(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            self.add(tensor)

    def bytes_without(self, other: Storages) -> int:
        """Of what is only here."""
        return sum(one.nbytes() for number, one in self._found.items() if number not in other._found)


def waited_for(gradients: Iterable[WaitingGradient]) -> list[Tensor]:
    """What waiting weight gradients are made of: what their functions have closed over."""
    cells = (cell for one in gradients for cell in getattr(one.compute, "__closure__", None) or ())
    return [cell.cell_contents for cell in cells if isinstance(cell.cell_contents, Tensor)]
