"""AdamW of the worker against PyTorch's."""

from __future__ import annotations

import torch

from bace_worker.model.optimizer import AdamW


def test_updates_are_those_of_pytorch() -> None:
    generator = torch.Generator().manual_seed(3)
    start = torch.randn(50, generator=generator)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    optimizer = AdamW([ours], learning_rate=0.01, weight_decay=0.1)
    reference = torch.optim.AdamW([theirs], lr=0.01, weight_decay=0.1, foreach=False)
    for _ in range(100):
        gradient = torch.randn(50, generator=generator) * 10 ** torch.randn(50, generator=generator)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        optimizer.update()
        reference.step()
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-7)
    assert ours.grad is None
