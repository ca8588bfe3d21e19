"""One rank from start to exit code: read the plan, check in, connect, train, report, leave."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable

import torch

from .checkpoint.saving import Saving
from .collectives.groups import Groups
from .collectives.links import open_links
from .control import Control
from .data.batches import Batches, load_text, text_hash
from .data.token_files import load_tokens, tokens_hash
from .exit_codes import DEFECT, FINISHED, Stopped, WorkerError
from .lifetime import StopRequest
from .plan import Plan, load
from .stage import Stage
from .telemetry import Telemetry
from .training import Training
from .transport.sockets import GIL_SWITCH_SECONDS
from .transport.transport import Transport
from .transport.wire import local_host_towards

log = logging.getLogger(__name__)


def main(plan_path: str, number: int, stop: StopRequest) -> int:
    """Runs rank `number` and returns its exit code."""
    logging.basicConfig(format=f"%(asctime)s %(levelname)s rank {number}: %(message)s", level=logging.INFO)
    torch.set_num_threads(1)
    sys.setswitchinterval(GIL_SWITCH_SECONDS)
    try:
        run(load(plan_path), number, stop)
    except WorkerError as error:
        log.error("%s (exit %d)", error, error.exit_code)
        return error.exit_code
    except Exception:
        log.exception("a defect of the worker (exit %d)", DEFECT)
        return DEFECT
    log.info("finished and acknowledged")
    return FINISHED


def run(plan: Plan, number: int, stop: StopRequest) -> None:
    """Trains as one rank. Returns when the control plane has acknowledged the end, else raises."""
    rank = plan.rank(number)
    batches, data_hash = read_batches(plan, rank.stages)
    stages = {index: Stage(plan, index, batches, rank) for index in rank.stages}
    saving = Saving(plan, number)
    host = local_host_towards(plan.control.url)
    transport = Transport(plan, number, host)
    groups = Groups(plan, number, host)
    control = Control(plan, number)
    named = ", ".join(map(str, rank.stages))
    log.info("checks in for stage %s of job %s, epoch %d", named, plan.job_id, plan.epoch)
    gang = control.rendezvous(transport.address, data_hash, stop.check, groups.store_port)
    grace_seconds = 0.0 if plan.checkpoint is None else plan.checkpoint.grace_seconds
    telemetry = Telemetry(control, grace_seconds, stop.request)

    def check_in_vain() -> None:
        stop.check()
        telemetry.check()

    transport.connect(gang.addresses, check_in_vain)
    groups.connect(gang.store, check_in_vain)
    first = saving.restore(stages.values())
    open_links(plan, number, groups, transport, first)
    log.info("connected, trains steps %d to %d", first, plan.training.steps)
    training = Training(plan, number, stages, transport, groups, telemetry, saving, stop)
    last = training.run(first)
    training.finish(last)
    if last < plan.training.steps:
        telemetry.leave(transport.take_transfers())
        raise Stopped(f"told to stop: stopped after step {last}, which is saved")
    telemetry.finish(transport.take_transfers(), check_in_vain)


def read_batches(plan: Plan, stages: Iterable[int]) -> tuple[Batches | None, str | None]:
    """The samples and a hash of what they are taken from, where one of the stages needs them."""
    if not any(plan.stages[index].needs_text for index in stages):
        return None, None
    data, window = plan.training.data, plan.model.sequence_length + 1
    if data.kind == "tokens":
        parts = load_tokens(data.paths, window)
        return Batches(plan, *parts), tokens_hash(parts)
    text = load_text(data, window)
    return Batches(plan, text), text_hash(text)
