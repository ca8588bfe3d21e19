"""One rank of PyTorch's `_PipelineScheduleRuntime` on gloo: `python -m lab.torch_rank FOLDER RANK`.

Its stage sleeps in forward and backward for the emulated seconds and passes a message of the wanted shape on.
Reads run.json and schedule.csv of FOLDER (torch_runtime.py) and writes steps-RANK.json, seconds by step.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.pipelining import PipelineStage, schedules

TIMEOUT = timedelta(seconds=60)


class Asleep(torch.autograd.Function):
    """As long as a block of real work, without its use of the machine."""

    @staticmethod
    def forward(context: Any, value: Tensor, scale: Tensor, seconds: tuple[float, float]) -> Tensor:
        time.sleep(seconds[0])
        context.backward_seconds = seconds[1]
        return value.clone()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        time.sleep(context.backward_seconds)
        return gradients[0].clone(), torch.ones(()), None


class Stage(nn.Module):
    """`seconds`: of a forward and of a backward. The parameter is there to be trained, as PyTorch expects."""

    def __init__(self, seconds: tuple[float, float]) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.seconds = seconds

    def forward(self, value: Tensor) -> Tensor:
        result: Tensor = Asleep.apply(value, self.scale, self.seconds)  # type: ignore[no-untyped-call]
        return result


def loss_of(output: Tensor, target: Tensor) -> Tensor:
    return nn.functional.mse_loss(output, target)


def main(folder: Path, rank: int) -> None:
    run: dict[str, Any] = json.loads((folder / "run.json").read_text())
    ranks, microbatches, shape = len(run["regions"]), run["microbatches"], run["messageShape"]
    os.environ["GLOO_SOCKET_IFNAME"] = run["device"]  # by the host's name gloo would take the loopback
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=run["rendezvous"], rank=rank, world_size=ranks, timeout=TIMEOUT
    )
    sample = torch.zeros(shape)
    stage = PipelineStage(
        Stage((run["forwardSeconds"][rank], run["backwardSeconds"][rank])),
        rank,
        ranks,
        torch.device("cpu"),
        input_args=sample if rank == 0 else sample.clone().requires_grad_(),
        output_args=sample.clone().requires_grad_(),
    )
    runtime_of: Any = schedules._PipelineScheduleRuntime
    runtime = runtime_of([stage], microbatches, loss_fn=loss_of)
    runtime._load_csv(str(folder / "schedule.csv"), run["format"])
    batch = torch.zeros(shape[0] * microbatches, *shape[1:])
    given = [batch] if rank == 0 else []
    wanted = {"target": batch} if rank == ranks - 1 else {}
    seconds = []
    for _ in range(run["steps"]):
        begun = time.monotonic()
        runtime.step(*given, **wanted)
        seconds.append(time.monotonic() - begun)
    (folder / f"steps-{rank}.json").write_text(json.dumps(seconds))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
