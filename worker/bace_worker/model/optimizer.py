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
    """Holds two moments per parameter, of its shape and type.

    `learning_rate` may be set before every update; `updates` counts them, for the moments' bias.
    """

    def __init__(self, parameters: Iterable[Parameter], learning_rate: float, weight_decay: float) -> None:
        self.learning_rate = learning_rate
        self._weight_decay = weight_decay
        self.updates = 0
        self._states = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]

    def moments(self) -> list[tuple[Parameter, Tensor, Tensor]]:
        """Parameters with the running means of their gradients and of the gradients' squares."""
        return self._states

    @torch.no_grad()
    def update(self, gradient_scale: float = 1.0) -> None:
        """One update from `gradient_scale` times the accumulated gradients, which it drops."""
        self.updates += 1
        first_beta, second_beta = BETAS
        step_size = self.learning_rate / (1 - first_beta**self.updates)
        scale = math.sqrt(1 - second_beta**self.updates)
        for parameter, mean, square in self._states:
            gradient = parameter.grad
            assert gradient is not None, "every parameter of a stage takes part in its output"
            if gradient_scale != 1.0:
                gradient.mul_(gradient_scale)
            parameter.mul_(1 - self.learning_rate * self._weight_decay)
            mean.lerp_(gradient, 1 - first_beta)
            square.mul_(second_beta).addcmul_(gradient, gradient, value=1 - second_beta)
            deviation: Tensor = (square.sqrt() / scale).add_(EPSILON)
            parameter.addcdiv_(mean, deviation, value=-step_size)
            parameter.grad = None
