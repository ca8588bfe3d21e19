"""Between a step's last block and its update: what ranks must know of each other's gradients and losses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping

import torch

from ..exit_codes import UserError
from ..plan import Plan
from ..stage import Stage
from ..transport.transport import Transport
from .gradient_norm import GradientNorm, clip_scale
from .groups import Groups
from .reduction import Reduction, wait_for


class Exchange:
    """Of one rank. `groups` is needed where other ranks have its stages too."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        stages: Mapping[int, Stage],
        transport: Transport,
        groups: Groups | None,
    ) -> None:
        training = plan.training
        models = [stage.model for stage in stages.values()]
        run = Counter(action.stage for action in plan.ranks[number].actions if action.kind == "F")
        self._replicas = plan.replicas
        self._device = training.device
        self._longest = training.gradient_clip_norm
        self._norm = None if self._longest is None else GradientNorm(plan, number, models, transport)
        self._siblings = None if groups is None else groups.siblings()
        self._reduction = None
        if self._siblings is not None:
            order = plan.siblings(plan.ranks[number])[0].finishes
            parts = [(stages[index].model, run[index]) for index in order]
            self._reduction = Reduction(parts, self._siblings, plan.gradient_bucket_bytes)

    def gradient_scale(self, step: int, check: Callable[[], None]) -> float:
        """Adds the siblings' gradients up. By what to multiply them before the update.

        Raises PeerLost, UserError for a gradient that is not finite, or what `check` raises.
        """
        if self._reduction is not None:
            self._reduction.finish(check)
        if self._norm is None or self._longest is None:
            return 1.0
        norm = self._norm.measure(step, check)
        if not math.isfinite(norm):
            raise UserError(
                f"the gradient of step {step} has length {norm}: training diverged. Lower"
                " training.learningRate"
            )
        return clip_scale(norm, self._longest)

    def mean_loss(self, loss: float, check: Callable[[], None]) -> float:
        """The mean over all micro-batches, from the siblings' shares. To be called after `gradient_scale`.

        Raises PeerLost, or what `check` raises.
        """
        if self._siblings is None:
            return loss
        total = torch.tensor([loss], dtype=torch.float64, device=self._device)
        wait_for(self._siblings.allreduce([total]), check)
        return total.item() / self._replicas
