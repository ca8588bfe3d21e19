"""AdamW (Loshchilov and Hutter, arXiv 1711.05101), with PyTorch's defaults and PyTorch's order of operations.

Not torch.optim: its first use imports PyTorch's compiler, which doubles the time that a rank takes to start.
Left out: amsgrad, parameter groups, fused and multi-tensor kernels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Parameter

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class AdamW:
    """Holds two moments per parameter, of its shape and type."""

    def __init__(self, parameters: Iterable[Parameter], learning_rate: float, weight_decay: float) -> None:
        self._learning_rate = learning_rate
        self._weight_decay = weight_decay
        self._updates = 0
        self._states = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]

    @torch.no_grad()
    def update(self) -> None:
        """One update from the accumulated gradients, which it drops."""
        self._updates += 1
        first_beta, second_beta = BETAS
        step_size = self._learning_rate / (1 - first_beta**self._updates)
        scale = math.sqrt(1 - second_beta**self._updates)
        for parameter, mean, square in self._states:
            gradient = parameter.grad
            assert gradient is not None, "every parameter of a stage takes part in its output"
            parameter.mul_(1 - self._learning_rate * self._weight_decay)
            mean.lerp_(gradient, 1 - first_beta)
            square.mul_(second_beta).addcmul_(gradient, gradient, value=1 - second_beta)
            deviation: Tensor = (square.sqrt() / scale).add_(EPSILON)
            parameter.addcdiv_(mean, deviation, value=-step_size)
            parameter.grad = None
