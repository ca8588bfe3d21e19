"""A decoder-only transformer, of which only the layers of one stage are built.

Llama's shape: token embedding, RMSNorm before each half, rotary positions, attention with grouped key and
value heads, SwiGLU, a head that may share the embedding's weights. Modules carry their layer's number in the
whole model (`layers.5.attention.query.weight`), so that the parameters of any two layouts can be compared and
exchanged by name. Initial weights depend on (seed, layer) alone, never on the layout. Left out: dropout,
biases, key/value caching.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from ..plan import Model, Stage
from .weight_gradients import Embedding, Linear, RmsNorm, Weighted, WeightGradients

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
INITIAL_DEVIATION = 0.02
ROTARY_BASE = 10000.0


class Attention(nn.Module):
    """Causal self-attention; `key_value_heads` heads of keys and values serve equal groups of query heads."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, model: Model, gradients: WeightGradients, dtype: torch.dtype) -> None:
        super().__init__()
        self.heads = model.attention_heads
        self.key_value_heads = model.key_value_heads
        self.head_size = model.hidden_size // model.attention_heads
        self.query = Linear(model.hidden_size, model.hidden_size, gradients, dtype)
        self.key = Linear(model.hidden_size, self.key_value_heads * self.head_size, gradients, dtype)
        self.value = Linear(model.hidden_size, self.key_value_heads * self.head_size, gradients, dtype)
        self.output = Linear(model.hidden_size, model.hidden_size, gradients, dtype)
        frequency = ROTARY_BASE ** (-torch.arange(0, self.head_size, 2, dtype=torch.float32) / self.head_size)
        angle = torch.outer(torch.arange(model.sequence_length, dtype=torch.float32), frequency).repeat(1, 2)
        self.register_buffer("cosine", angle.cos(), persistent=False)
        self.register_buffer("sine", angle.sin(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        query = self._rotate(self.query(x).view(batch, length, self.heads, self.head_size).transpose(1, 2))
        key = self._rotate(
            self.key(x).view(batch, length, self.key_value_heads, self.head_size).transpose(1, 2)
        )
        value = self.value(x).view(batch, length, self.key_value_heads, self.head_size).transpose(1, 2)
        group = self.heads // self.key_value_heads
        if group > 1:
            key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        result: Tensor = self.output(mixed.transpose(1, 2).reshape(batch, length, hidden))
        return result

    def _rotate(self, x: Tensor) -> Tensor:
        length = x.shape[-2]
        left, right = x.chunk(2, -1)
        rotated = x * self.cosine[:length] + torch.cat((-right, left), -1) * self.sine[:length]
        return rotated.to(x.dtype)


class Swiglu(torch.autograd.Function):
    """silu(gate) times up. Keeps both, and computes what lies between them again in the backward."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return functional.silu(gate) * up

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        through = torch.ops.aten.silu_backward(gradient * up, gate)
        return through, gradient * functional.silu(gate)


class FeedForward(nn.Module):
    def __init__(self, model: Model, gradients: WeightGradients, dtype: torch.dtype) -> None:
        super().__init__()
        self.gate = Linear(model.hidden_size, model.feed_forward_size, gradients, dtype)
        self.up = Linear(model.hidden_size, model.feed_forward_size, gradients, dtype)
        self.down = Linear(model.feed_forward_size, model.hidden_size, gradients, dtype)

    def forward(self, x: Tensor) -> Tensor:
        product = Swiglu.apply(self.gate(x), self.up(x))  # type: ignore[no-untyped-call]
        result: Tensor = self.down(product)
        return result


class Layer(nn.Module):
    def __init__(self, model: Model, gradients: WeightGradients, dtype: torch.dtype) -> None:
        super().__init__()
        self.attention_norm = RmsNorm(model.hidden_size, gradients, dtype)
        self.attention = Attention(model, gradients, dtype)
        self.feed_forward_norm = RmsNorm(model.hidden_size, gradients, dtype)
        self.feed_forward = FeedForward(model, gradients, dtype)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        result: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return result


class Head(nn.Module):
    def __init__(self, model: Model, gradients: WeightGradients, dtype: torch.dtype) -> None:
        super().__init__()
        self.norm = RmsNorm(model.hidden_size, gradients, dtype)
        self.projection = Linear(model.hidden_size, model.vocabulary_size, gradients, dtype)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.projection(self.norm(x))
        return logits


class StageModel(nn.Module):
    """The part of the model on one stage.

    Input: tokens (microbatch, sequence) of int64 where the stage has the embedding, else hidden states
    (microbatch, sequence, hidden). Output: logits (microbatch, sequence, vocabulary) where it has the head,
    else hidden states. Gradients of weights go to `gradients`. `dtype`: of hidden states and logits.
    """

    def __init__(self, model: Model, stage: Stage, seed: int, dtype: str = "float32") -> None:
        super().__init__()
        self.gradients = WeightGradients()
        self.recompute = False
        """Keeps every layer's input alone, and runs the layer again in its backward (arXiv 1604.06174)."""
        element = DTYPES[dtype]
        numbers = range(stage.first_layer, stage.first_layer + stage.layer_count)
        self.embedding = (
            Embedding(model.vocabulary_size, model.hidden_size, self.gradients, element)
            if stage.embedding
            else None
        )
        self.layers = nn.ModuleDict(
            {str(number): Layer(model, self.gradients, element) for number in numbers}
        )
        self.head = Head(model, self.gradients, element) if stage.head else None
        for number in numbers:
            _initialise(self.layers[str(number)], model, seed, f"layer {number}")
        if self.head is not None:
            _initialise(self.head, model, seed, "head")
        if self.embedding is not None:
            _initialise(self.embedding, model, seed, "embedding")
            if model.tied_embeddings and self.head is not None:
                self.head.projection.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        if self.embedding is not None:
            x = self.embedding(x)
        for layer in self.layers.values():
            if self.recompute:
                x = checkpoint(layer, x, use_reentrant=False, preserve_rng_state=False)
            else:
                x = layer(x)
        return x if self.head is None else self.head(x)

    def copies(self) -> list[Tensor]:
        """Of the weights, in the type of the activations, as far as they are made."""
        modules = (module for module in self.modules() if isinstance(module, Weighted))
        return [module.copy for module in modules if module.copy is not None]

    def refresh(self) -> None:
        """To be called when weights have changed."""
        for module in self.modules():
            if isinstance(module, Weighted):
                module.refresh()


def _initialise(module: nn.Module, model: Model, seed: int, part: str) -> None:
    """Normal weights, at the ends of residual branches scaled by 1/sqrt(2 layers) as in GPT-2."""
    digest = hashlib.sha256(f"bace-pipe weights, seed {seed}, {part}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    for name, parameter in module.named_parameters():
        if parameter.dim() == 1:
            continue
        residual = name in ("attention.output.weight", "feed_forward.down.weight")
        deviation = INITIAL_DEVIATION / math.sqrt(2 * model.layers) if residual else INITIAL_DEVIATION
        with torch.no_grad():
            parameter.normal_(0.0, deviation, generator=generator)
