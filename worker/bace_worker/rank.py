"""One rank from start to exit code: read the plan, check in, connect, train, report, leave."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

import torch

from .control import Control
from .data import Batches, load_text, text_hash
from .executor import Executor, StepReport
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
    index = plan.rank(number).stage
    batches, data_hash = read_batches(plan, index)
    stage = Stage(plan, index, batches)
    transport = Transport(plan, number, local_host_towards(plan.control.url))
    control = Control(plan, number)
    log.info("checks in for stage %d of job %s, epoch %d", index, plan.job_id, plan.epoch)
    addresses = control.rendezvous(transport.address, data_hash, check_stop)
    telemetry = Telemetry(control)

    def check() -> None:
        check_stop()
        telemetry.check()

    transport.connect(addresses, check)
    log.info("connected, trains %d steps", plan.training.steps)
    started = time.monotonic()
    train(
        plan,
        number,
        stage,
        transport,
        check,
        lambda report: telemetry.add(report, transport.take_transfers()),
    )
    transport.close(check)
    log.info(
        "trained in %.2f s, at most %d activations in flight",
        time.monotonic() - started,
        stage.peak_in_flight,
    )
    telemetry.finish(transport.take_transfers(), check)


def read_batches(plan: Plan, index: int) -> tuple[Batches | None, str | None]:
    """The text and its hash, where the stage needs it: for tokens on the first, for targets on the last."""
    if not plan.stages[index].embedding and not plan.stages[index].head:
        return None, None
    text = load_text(plan.training.data, plan.model.sequence_length + 1)
    return Batches(plan, text), text_hash(text)


def train(
    plan: Plan,
    number: int,
    stage: Stage,
    transport: Transport,
    check: Callable[[], None],
    report: Callable[[StepReport], None],
) -> None:
    """All steps of the plan on one rank."""
    rank = plan.ranks[number]
    emulated = None if plan.emulated_compute is None else plan.emulated_compute[rank.stage]
    executor = Executor(stage, rank.stage, rank.actions, transport, emulated, check)
    for step in range(1, plan.training.steps + 1):
        report(executor.run_step(step))
