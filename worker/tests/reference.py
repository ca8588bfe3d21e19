"""The same training without the worker: the whole model as functions of its parameters, ordinary autograd.

Written from the model's definition and not from its modules: attention with an explicit softmax, rotary
positions as complex rotations, one backward for the mean loss of all micro-batches. Shares only the initial
weights (by name) and the samples with the worker.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bace_worker import plan as plans
from bace_worker.data.batches import Batches, load_text
from bace_worker.model.model import StageModel
from bace_worker.plan import Model

Weights = dict[str, Tensor]


def norm(x: Tensor, weight: Tensor) -> Tensor:
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) * weight


def rotate(x: Tensor) -> Tensor:
    """x: (batch, head, position, size). Turns pair i of position t by the angle t * 10000^(-2i/size)."""
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[-2])[:, None] * 10000.0 ** (-torch.arange(half) / half)
    turned = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angle), angle)
    return torch.cat((turned.real, turned.imag), -1)


def attention(model: Model, weights: Weights, name: str, x: Tensor) -> Tensor:
    size = model.hidden_size // model.attention_heads

    def heads(part: str) -> Tensor:
        return (x @ weights[f"{name}.{part}.weight"].T).unflatten(-1, (-1, size)).transpose(1, 2)

    query, key, value = rotate(heads("query")), rotate(heads("key")), heads("value")
    served_by = torch.arange(model.attention_heads) // (model.attention_heads // model.key_value_heads)
    scores = query @ key[:, served_by].transpose(-1, -2) / size**0.5
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    mixed = scores.masked_fill(future, -torch.inf).softmax(-1) @ value[:, served_by]
    return mixed.transpose(1, 2).flatten(2) @ weights[f"{name}.output.weight"].T


def loss_of(model: Model, weights: Weights, tokens: Tensor, targets: Tensor) -> Tensor:
    x = weights["embedding.weight"][tokens]
    for number in range(model.layers):
        layer = f"layers.{number}"
        attended = norm(x, weights[f"{layer}.attention_norm.weight"])
        x = x + attention(model, weights, f"{layer}.attention", attended)
        y = norm(x, weights[f"{layer}.feed_forward_norm.weight"])
        gate, up = (y @ weights[f"{layer}.feed_forward.{part}.weight"].T for part in ("gate", "up"))
        x = x + (gate * gate.sigmoid() * up) @ weights[f"{layer}.feed_forward.down.weight"].T
    logits = norm(x, weights["head.norm.weight"]) @ weights["head.projection.weight"].T
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def initial_weights(plan: plans.Plan) -> Weights:
    """The whole model's, under the names that stages give them."""
    whole = plans.Stage(0, "here", 0, plan.model.layers, True, True, False)
    state = StageModel(plan.model, whole, plan.training.seed).state_dict()
    return {name: tensor.clone() for name, tensor in state.items()}


def train_reference(document: dict[str, Any]) -> tuple[list[float], Weights]:
    """Losses per step and final weights."""
    plan = plans.read(document)
    training = plan.training
    batches = Batches(plan, load_text(training.data, 1))
    weights = {name: tensor.requires_grad_() for name, tensor in initial_weights(plan).items()}
    optimizer = torch.optim.AdamW(
        weights.values(), lr=training.learning_rate.peak, weight_decay=training.weight_decay
    )
    losses = []
    for step in range(1, training.steps + 1):
        samples = [batches.sample(step, microbatch) for microbatch in range(training.microbatches)]
        loss = torch.stack([loss_of(plan.model, weights, *sample) for sample in samples]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, {name: tensor.detach() for name, tensor in weights.items()}
