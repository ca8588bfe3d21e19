"""One stage of the pipeline: forward, backward (whole or in two parts) and the optimizer, for its own layers.

Micro-batches keep their input and output between F and B or I, and what their weight gradients are made of
between I and W. Gradients accumulate over the micro-batches of a step; the loss
of each is divided by their number over all replicas, so the step equals one large batch.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from .checkpoint.format import LayerState
from .checkpoint.manifest import Reference, Run
from .checkpoint.state import layer_states, restore
from .data.batches import Batches
from .model.learning_rate import learning_rate
from .model.model import StageModel
from .model.optimizer import AdamW
from .model.weight_gradients import WaitingGradient
from .plan import Plan, Rank


class Stage:
    """Of one rank; None: of the only one that has the stage.

    `batches` are used where the stage has the embedding or the head, and may be None elsewhere.
    """

    def __init__(self, plan: Plan, index: int, batches: Batches | None, rank: Rank | None = None) -> None:
        training, stage = plan.training, plan.stages[index]
        self._device = torch.device(training.device)
        self.model = StageModel(plan.model, stage, training.seed, training.dtype).to(self._device)
        self.model.recompute = stage.recompute
        self._batches = batches if stage.needs_text else None
        self._microbatches = training.microbatches
        self._replica = 0 if rank is None else rank.replica
        self._replicas = plan.replicas
        siblings = () if rank is None else plan.siblings(rank)
        self._place, self._holders = (siblings.index(rank), len(siblings)) if rank else (0, 1)
        self._rates = training.learning_rate
        self._in_flight: dict[int, tuple[Tensor, Tensor]] = {}
        self._waiting: dict[int, list[WaitingGradient]] = {}
        self._losses: dict[int, Tensor] = {}
        self._optimizer = AdamW(self.model.parameters(), self._rates.peak, training.weight_decay)

    @property
    def held_activations(self) -> float:
        """Micro-batches between F and B, those between I and W as one half each."""
        return len(self._in_flight) + 0.5 * len(self._waiting)

    def forward(self, step: int, microbatch: int, received: Tensor | None) -> Tensor:
        """Runs F. `received`: hidden states (microbatch, sequence, hidden), None on the first stage.

        Returns what the next stage needs, without its history; on the last stage, the scaled loss.
        """
        tokens, targets = self._sample(step, microbatch)
        source = tokens if received is None else received
        assert source is not None, "a stage without an embedding needs a received tensor"
        if received is not None:
            received.requires_grad_()
        output: Tensor = self.model(source)
        if targets is not None:
            loss = functional.cross_entropy(output.flatten(0, 1).float(), targets.flatten())
            self._losses[microbatch] = loss.detach()
            output = loss / (self._microbatches * self._replicas)
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

    def take_loss(self) -> float | None:
        """The sum over this rank's micro-batches by their number in the replica, once in a step.

        So the rank's share of the replica's mean; None where the head is not.
        """
        assert not self._in_flight, f"micro-batches {sorted(self._in_flight)} never ran their backward"
        assert not self._waiting, f"micro-batches {sorted(self._waiting)} never ran their W"
        if self.model.head is None:
            return None
        # in the order of micro-batches, not of blocks: the sum must not depend on the schedule
        losses = [self._losses[microbatch].item() for microbatch in sorted(self._losses)]
        self._losses.clear()
        return sum(losses) / self._microbatches

    def update(self, step: int, gradient_scale: float = 1.0) -> None:
        """Updates the weights with `gradient_scale` times the gradients, which it drops."""
        self._optimizer.learning_rate = learning_rate(self._rates, step)
        self._optimizer.update(gradient_scale)
        self.model.refresh()

    def layer_states(self) -> dict[str, LayerState]:
        """What a checkpoint keeps, by layer: this rank's share, all that have the stage write one."""
        return layer_states(self.model, self._optimizer, self._place, self._holders)

    def restore(self, root: Path, reference: Reference, run: Run) -> int:
        """Goes on where a checkpoint was. Returns the next step. Raises TornCheckpoint, UserError."""
        step = restore(root, reference, run, self.model, self._optimizer)
        self.model.refresh()
        return step

    def _sample(self, step: int, microbatch: int) -> tuple[Tensor | None, Tensor | None]:
        if self._batches is None:
            return None, None
        number = self._replica * self._microbatches + microbatch
        tokens, targets = (part.to(self._device) for part in self._batches.sample(step, number))
        return (
            tokens if self.model.embedding is not None else None,
            targets if self.model.head is not None else None,
        )
