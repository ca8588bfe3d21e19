"""The steps of one rank: each run, saved where it is time to, reported; until the last or until SIGTERM."""

from __future__ import annotations

import logging
import resource
import sys
import time
from collections.abc import Mapping

import torch

from .checkpoint.saving import Saving
from .collectives.groups import Groups
from .executor import Executor
from .lifetime import StopRequest
from .plan import Plan
from .stage import Stage
from .stopping import StepAbandoned, StopAgreement
from .telemetry import Telemetry
from .transport.transport import Transport

log = logging.getLogger(__name__)


class Training:
    """On SIGTERM a gang that keeps checkpoints stops after a step that its ranks agree on; others at once."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        stages: Mapping[int, Stage],
        transport: Transport,
        groups: Groups,
        telemetry: Telemetry,
        saving: Saving,
        stop: StopRequest,
    ) -> None:
        self._steps = plan.training.steps
        self._stages = stages.values()
        self._transport = transport
        self._telemetry = telemetry
        self._saving = saving
        self._stop = stop
        self._on_gpu = plan.training.device == "cuda"
        self._agreement: StopAgreement | None = None
        self._executor = Executor(plan, number, stages, transport, self._check, groups)

    def run(self, first: int) -> int:
        """Trains from step `first` on. Returns the step after which it ended."""
        if self._saving.enabled:
            transport = self._transport
            self._agreement = StopAgreement(self._stop, transport.peers, transport.note, first)
            transport.on_stop = self._agreement.hear
        started = time.monotonic()
        done = first - 1
        try:
            while done < self._steps and self._begins(done + 1):
                report = self._executor.run_step(done + 1)
                done += 1
                self._saving.after_step(done, self._stages)
                self._tell_state()
                self._telemetry.add(report, self._transport.take_transfers(), self._transport.round_trips())
        except StepAbandoned:
            log.info("abandons step %d: the gang stops after %d", done + 1, done)
        log.info(
            "trained in %.2f s, held at most %g activations",
            time.monotonic() - started,
            self._executor.peak_activations,
        )
        return done

    def finish(self, last: int) -> None:
        """Saves what the last step has left, and takes leave of the peers."""
        self._saving.finish(last, self._stages)
        self._tell_state()
        self._transport.close(self._telemetry.check)

    def _tell_state(self) -> None:
        self._telemetry.state(
            memory_peak_bytes(self._on_gpu),
            self._executor.peak_activations,
            self._saving.committed_step,
        )

    def _begins(self, step: int) -> bool:
        return self._agreement is None or self._agreement.begin(step)

    def _check(self) -> None:
        self._telemetry.check()
        if self._agreement is None:
            self._stop.check()
        else:
            self._agreement.check()


def memory_peak_bytes(on_gpu: bool) -> int:
    """The most that this process has held: on the GPU, or of the machine's memory."""
    if on_gpu:
        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
