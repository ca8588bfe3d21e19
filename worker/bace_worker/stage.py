"""One stage of the pipeline: forward, backward (whole or in two parts) and the optimizer, for its own layers.

Micro-batches keep their input and output between F and B or I, and what their weight gradients are made of
between I and W. Gradients accumulate over the micro-batches of a step; the loss of each is divided by their
number, so the step equals one large batch.
Left out: activation recomputation, gradient clipping, learning-rate schedules.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .data import Batches
from .model import StageModel
from .optimizer import AdamW
from .plan import Plan
from .weight_gradients import WaitingGradient


class Stage:
    """`batches` are used where the stage has the embedding or the head, and may be None elsewhere."""

    def __init__(self, plan: Plan, index: int, batches: Batches | None) -> None:
        training = plan.training
        self.model = StageModel(plan.model, plan.stages[index], training.seed)
        self._batches = batches if plan.stages[index].needs_text else None
        self._microbatches = training.microbatches
        self._in_flight: dict[int, tuple[Tensor, Tensor]] = {}
        self._waiting: dict[int, list[WaitingGradient]] = {}
        self._losses: dict[int, float] = {}
        self._optimizer = AdamW(self.model.parameters(), training.learning_rate, training.weight_decay)

    @property
    def held_activations(self) -> float:
        """Micro-batches between F and B, those between I and W as one half each."""
        return len(self._in_flight) + 0.5 * len(self._waiting)

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
            self._losses[microbatch] = loss.item()
            output = loss / self._microbatches
        self._in_flight[microbatch] = (source, output)
        return output.detach()

    def backward(self, microbatch: int, gradient: Tensor | None) -> Tensor | None:
        """Runs B. `gradient`: of this stage's output, None on the last stage.

        Returns the gradient of the received hidden states, None on the first stage.
        """
        source, output = self._in_flight.pop(microbatch)
        torch.autograd.backward(output, gradient)
        return source.grad

    def backward_input(self, microbatch: int, gradient: Tensor | None) -> Tensor | None:
        """Runs I: as B, but the gradients of weights are left to `backward_weight`."""
        with self.model.gradients.kept() as waiting:
            result = self.backward(microbatch, gradient)
        self._waiting[microbatch] = waiting
        return result

    def backward_weight(self, microbatch: int) -> None:
        """Runs W."""
        for waiting in self._waiting.pop(microbatch):
            waiting.accumulate()

    def finish_step(self) -> float | None:
        """Updates the weights. Returns the mean loss of the micro-batches on the last stage, else None."""
        assert not self._in_flight, f"micro-batches {sorted(self._in_flight)} never ran their backward"
        assert not self._waiting, f"micro-batches {sorted(self._waiting)} never ran their W"
        self._optimizer.update()
        if self.model.head is None:
            return None
        # in the order of micro-batches, not of blocks: the sum must not depend on the schedule
        loss = sum(self._losses[microbatch] for microbatch in range(self._microbatches)) / self._microbatches
        self._losses.clear()
        return loss
