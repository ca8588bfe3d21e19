"""Operations whose weight gradients can wait: what splits a backward into I and W.

Idea: zero-bubble pipelines (arXiv 2401.10241), their weight-gradient store and DualPipe's. Each operation
with a weight is an autograd function whose backward returns the gradient of its input, and hands over how to
compute the one of its weight. PyTorch's own split (torch.distributed.pipelining) serves any module, but keeps
a micro-batch's whole graph alive until W and walks it twice, for 1.4 to 1.7 times the time of an ordinary
backward. The worker has one model with three such operations: I frees the graph, W is the products alone.
What is kept between the two is whatever is smaller: of matrices and of the embedding the operation's input
and output gradient, of a norm's vector the finished gradient, which W only adds.
B does the same arithmetic in the same order without keeping anything: both give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional


@dataclass(frozen=True)
class WaitingGradient:
    """Of one weight for one micro-batch."""

    weight: Tensor
    compute: Callable[[], Tensor]

    def accumulate(self) -> None:
        with torch.no_grad():
            gradient = self.compute()
            if self.weight.grad is None:
                self.weight.grad = gradient
            else:
                self.weight.grad += gradient


class WeightGradients:
    """Where a stage's operations hand over their weight gradients: computed at once, or kept while `kept`."""

    def __init__(self) -> None:
        self._kept: list[WaitingGradient] | None = None

    def add(self, weight: Tensor, compute: Callable[[], Tensor]) -> None:
        waiting = WaitingGradient(weight, compute)
        if self._kept is None:
            waiting.accumulate()
        else:
            self._kept.append(waiting)

    @contextmanager
    def kept(self) -> Iterator[list[WaitingGradient]]:
        """The list into which a backward inside it puts its weight gradients, in their order."""
        kept: list[WaitingGradient] = []
        self._kept = kept
        try:
            yield kept
        finally:
            self._kept = None


class Linear(nn.Module):
    """x: (..., inputs) to (..., outputs), without a bias."""

    def __init__(self, inputs: int, outputs: int, gradients: WeightGradients) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self._gradients = gradients

    def forward(self, x: Tensor) -> Tensor:
        return _apply(_Linear, x, self.weight, self._gradients)


class Scale(nn.Module):
    """x: (..., size), each feature times its weight."""

    def __init__(self, size: int, gradients: WeightGradients) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self._gradients = gradients

    def forward(self, x: Tensor) -> Tensor:
        return _apply(_Scale, x, self.weight, self._gradients)


class Embedding(nn.Module):
    """Tokens (...) of int64 to (..., size)."""

    def __init__(self, tokens: int, size: int, gradients: WeightGradients) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(tokens, size))
        self._gradients = gradients

    def forward(self, tokens: Tensor) -> Tensor:
        return _apply(_Embedding, tokens, self.weight, self._gradients)


def _apply(operation: Any, x: Tensor, weight: Tensor, gradients: WeightGradients) -> Tensor:
    result: Tensor = operation.apply(x, weight, gradients)
    return result


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, gradients: WeightGradients) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.gradients = gradients
        return functional.linear(x, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        x, weight = ctx.saved_tensors
        ctx.gradients.add(weight, lambda: gradient.flatten(0, -2).T @ x.flatten(0, -2))
        return gradient @ weight, None, None


class _Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, gradients: WeightGradients) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.gradients = gradients
        return x * weight

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        x, weight = ctx.saved_tensors
        weight_gradient = (x * gradient).flatten(0, -2).sum(0)
        ctx.gradients.add(weight, lambda: weight_gradient)
        return gradient * weight, None, None


class _Embedding(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tokens: Tensor, weight: Tensor, gradients: WeightGradients) -> Tensor:
        ctx.save_for_backward(tokens, weight)
        ctx.gradients = gradients
        return functional.embedding(tokens, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, None]:
        tokens, weight = ctx.saved_tensors

        def compute() -> Tensor:
            count = weight.shape[0]
            result: Tensor = torch.ops.aten.embedding_dense_backward(gradient, tokens, count, -1, False)
            return result

        ctx.gradients.add(weight, compute)
        return None, None, None
