"""One stage of the pipeline: forward, backward and the optimizer, for its own layers.

Micro-batches in flight keep their input and output between F and B. Gradients accumulate over the
micro-batches of a step; the loss of each is divided by their number, so the step equals one large batch.
Left out: B split into I and W, activation recomputation, gradient clipping, learning-rate schedules.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .data import Batches
from .model import StageModel
from .optimizer import AdamW
from .plan import Plan


class Stage:
    """`batches` may be None on stages that have neither embedding nor head."""

    def __init__(self, plan: Plan, index: int, batches: Batches | None) -> None:
        training = plan.training
        self.model = StageModel(plan.model, plan.stages[index], training.seed)
        self.peak_in_flight = 0
        self._batches = batches
        self._microbatches = training.microbatches
        self._in_flight: dict[int, tuple[Tensor, Tensor]] = {}
        self._loss_sum = 0.0
        self._optimizer = AdamW(self.model.parameters(), training.learning_rate, training.weight_decay)

    def forward(self, step: int, microbatch: int, received: Tensor | None) -> Tensor:
        """Runs F. `received`: hidden states (microbatch, sequence, hidden), None on the first stage.

        Returns what the next stage needs, without its history; on the last stage, the scaled loss.
        """
        tokens, targets = (None, None) if self._batches is None else self._batches.sample(step, microbatch)
        source = tokens if received is None else received.requires_grad_()
        assert source is not None, "a stage without an embedding needs a received tensor"
        output: Tensor = self.model(source)
        if self.model.head is not None:
            assert targets is not None, "the last stage needs the text"
            loss = functional.cross_entropy(output.flatten(0, 1), targets.flatten())
            self._loss_sum += loss.item()
            output = loss / self._microbatches
        self._in_flight[microbatch] = (source, output)
        self.peak_in_flight = max(self.peak_in_flight, len(self._in_flight))
        return output.detach()

    def backward(self, microbatch: int, gradient: Tensor | None) -> Tensor | None:
        """Runs B. `gradient`: of this stage's output, None on the last stage.

        Returns the gradient of the received hidden states, None on the first stage.
        """
        source, output = self._in_flight.pop(microbatch)
        torch.autograd.backward(output, gradient)
        return source.grad

    def finish_step(self) -> float | None:
        """Updates the weights. Returns the mean loss of the micro-batches on the last stage, else None."""
        assert not self._in_flight, f"micro-batches {sorted(self._in_flight)} never ran their B"
        self._optimizer.update()
        loss, self._loss_sum = self._loss_sum / self._microbatches, 0.0
        return loss if self.model.head is not None else None
