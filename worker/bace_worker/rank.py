"""One rank from start to exit code: read the plan, check in, connect, train, report, leave."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable

import torch

from .control import Control
from .data import Batches, load_text, text_hash
from .executor import Executor
from .exit_codes import DEFECT, FINISHED, WorkerError
from .lifetime import StopRequest
from .plan import Plan, load
from .stage import Stage
from .telemetry import Telemetry
from .transport import Transport
from .wire import local_host_towards

# a message may lie unread this long while the main thread runs short operations; CPython's default is 5 ms
GIL_SWITCH_SECONDS = 0.0001

log = logging.getLogger(__name__)


def main(plan_path: str, number: int, stop: StopRequest) -> int:
    """Runs rank `number` and returns its exit code."""
    logging.basicConfig(format=f"%(asctime)s %(levelname)s rank {number}: %(message)s", level=logging.INFO)
    torch.set_num_threads(1)
    sys.setswitchinterval(GIL_SWITCH_SECONDS)
    try:
        run(load(plan_path), number, stop.check)
    except WorkerError as error:
        log.error("%s (exit %d)", error, error.exit_code)
        return error.exit_code
    except Exception:
        log.exception("a defect of the worker (exit %d)", DEFECT)
        return DEFECT
    log.info("finished and acknowledged")
    return FINISHED


def run(plan: Plan, number: int, check_stop: Callable[[], None]) -> None:
    """Trains as one rank. Returns when the control plane has acknowledged the end, else raises."""
    rank = plan.rank(number)
    batches, data_hash = read_batches(plan, rank.stages)
    stages = {index: Stage(plan, index, batches) for index in rank.stages}
    transport = Transport(plan, number, local_host_towards(plan.control.url))
    control = Control(plan, number)
    named = ", ".join(map(str, rank.stages))
    log.info("checks in for stage %s of job %s, epoch %d", named, plan.job_id, plan.epoch)
    addresses = control.rendezvous(transport.address, data_hash, check_stop)
    telemetry = Telemetry(control)

    def check() -> None:
        check_stop()
        telemetry.check()

    transport.connect(addresses, check)
    log.info("connected, trains %d steps", plan.training.steps)
    started = time.monotonic()
    executor = Executor(plan, number, stages, transport, check)
    for step in range(1, plan.training.steps + 1):
        telemetry.add(executor.run_step(step), transport.take_transfers())
    transport.close(check)
    log.info(
        "trained in %.2f s, held at most %g activations",
        time.monotonic() - started,
        executor.peak_activations,
    )
    telemetry.finish(transport.take_transfers(), check)


def read_batches(plan: Plan, stages: Iterable[int]) -> tuple[Batches | None, str | None]:
    """The text and its hash, where one of the stages needs it."""
    if not any(plan.stages[index].needs_text for index in stages):
        return None, None
    text = load_text(plan.training.data, plan.model.sequence_length + 1)
    return Batches(plan, text), text_hash(text)
