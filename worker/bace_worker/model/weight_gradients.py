"""Operations whose weight gradients can wait: what splits a backward into I and W.

Idea: zero-bubble pipelines (arXiv 2401.10241), their weight-gradient store and DualPipe's. Each operation
with a weight is an autograd function whose backward returns the gradient of its input, and hands over how to
compute the one of its weight. PyTorch's own split (torch.distributed.pipelining) serves any module, but keeps
a micro-batch's whole graph alive until W and walks it twice, for 1.4 to 1.7 times the time of an ordinary
backward. The worker has one model with three such operations: I frees the graph, W is the products alone.
What is kept between the two is whatever is smaller: of matrices and of the embedding the operation's input
and output gradient, of a norm's vector the finished gradient, which W only adds.
B does the same arithmetic in the same order without keeping anything: both give the same bits.
Weights and their gradients are float32. With bfloat16, activations are, and operations multiply them by
copies of the weights that are made again after every update (mixed precision: Micikevicius et al., arXiv
1710.03740, without its loss scaling, which bfloat16's range spares). Left out: weight gradients that leave
the matrix product in float32; they are rounded to bfloat16 before they are added.
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

RMS_EPSILON = 1e-6


@dataclass(frozen=True)
class WaitingGradient:
    """Of one weight for one micro-batch."""

    weight: Tensor
    compute: Callable[[], Tensor]
    on_accumulated: Callable[[Tensor], None] | None

    def accumulate(self) -> None:
        with torch.no_grad():
            gradient = self.compute()
            if self.weight.grad is None:
                self.weight.grad = gradient.to(self.weight.dtype)
            else:
                self.weight.grad += gradient
        if self.on_accumulated is not None:
            self.on_accumulated(self.weight)


class WeightGradients:
    """Where a stage's operations hand over their weight gradients: computed at once, or kept while `kept`.

    `on_accumulated` is called with a weight after each gradient that was added to its own.
    """

    def __init__(self) -> None:
        self.on_accumulated: Callable[[Tensor], None] | None = None
        self._kept: list[WaitingGradient] | None = None

    def add(self, weight: Tensor, compute: Callable[[], Tensor]) -> None:
        waiting = WaitingGradient(weight, compute, self.on_accumulated)
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


class Weighted(nn.Module):
    """An operation with one weight. `dtype`: of the activations."""

    def __init__(self, weight: Tensor, gradients: WeightGradients, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self._gradients = gradients
        self._dtype = dtype
        self.copy: Tensor | None = None

    def refresh(self) -> None:
        """To be called when the weight has changed."""
        self.copy = None

    def _apply_to(self, operation: Any, x: Tensor) -> Tensor:
        if self.copy is None:
            self.copy = self.weight.detach().to(self._dtype)  # the weight itself where it has that type
        result: Tensor = operation.apply(x, self.weight, self.copy, self._gradients)
        return result


class Linear(Weighted):
    """x: (..., inputs) to (..., outputs), without a bias."""

    def __init__(self, inputs: int, outputs: int, gradients: WeightGradients, dtype: torch.dtype) -> None:
        super().__init__(torch.empty(outputs, inputs), gradients, dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self._apply_to(_Linear, x)


class RmsNorm(Weighted):
    """x: (..., size), divided by the root of its mean square, in float32; each feature times its weight."""

    def __init__(self, size: int, gradients: WeightGradients, dtype: torch.dtype) -> None:
        super().__init__(torch.ones(size), gradients, dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self._apply_to(_RmsNorm, x)


class Embedding(Weighted):
    """Tokens (...) of int64 to (..., size)."""

    def __init__(self, tokens: int, size: int, gradients: WeightGradients, dtype: torch.dtype) -> None:
        super().__init__(torch.empty(tokens, size), gradients, dtype)

    def forward(self, tokens: Tensor) -> Tensor:
        return self._apply_to(_Embedding, tokens)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, copy: Tensor, gradients: WeightGradients) -> Tensor:
        ctx.save_for_backward(x, copy)
        ctx.weight, ctx.gradients = weight, gradients  # recomputation hands out copies of saved tensors
        return functional.linear(x, copy)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        x, copy = ctx.saved_tensors
        ctx.gradients.add(ctx.weight, lambda: gradient.flatten(0, -2).T @ x.flatten(0, -2))
        return gradient @ copy, None, None, None


class _RmsNorm(torch.autograd.Function):
    """Keeps what came in and one number per row, and no float32 copy of it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, copy: Tensor, gradients: WeightGradients) -> Tensor:
        precise = x.float()
        scale = torch.rsqrt(precise.square().mean(-1, keepdim=True) + RMS_EPSILON)
        ctx.save_for_backward(x, scale, copy)
        ctx.weight, ctx.gradients = weight, gradients
        return (precise * scale).to(x.dtype) * copy

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        x, scale, copy = ctx.saved_tensors
        normal = x.float() * scale
        weight_gradient = (normal.to(x.dtype) * gradient).flatten(0, -2).sum(0)
        ctx.gradients.add(ctx.weight, lambda: weight_gradient)
        inner = (gradient * copy).float()
        along = (inner * normal).mean(-1, keepdim=True)
        return ((inner - normal * along) * scale).to(x.dtype), None, None, None


class _Embedding(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tokens: Tensor, weight: Tensor, copy: Tensor, gradients: WeightGradients) -> Tensor:
        ctx.save_for_backward(tokens)
        ctx.weight, ctx.gradients = weight, gradients  # recomputation hands out copies of saved tensors
        return functional.embedding(tokens, copy)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, None, None]:
        (tokens,) = ctx.saved_tensors
        count = ctx.weight.shape[0]

        def compute() -> Tensor:
            result: Tensor = torch.ops.aten.embedding_dense_backward(gradient, tokens, count, -1, False)
            return result

        ctx.gradients.add(ctx.weight, compute)
        return None, None, None, None
