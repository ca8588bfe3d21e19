"""One rank of PyTorch's `_PipelineScheduleRuntime` on gloo: `python -m lab.torch_rank FOLDER RANK`.

It does what a rank of the worker does in a plan with emulated blocks: the same part of the same model on the
same samples, every block held until it has lasted as long as the plan says, the same update of the weights.
Reads plan.json, run.json and schedule.csv of FOLDER (torch_runtime.py), writes steps-RANK.json: the seconds
of every step.
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
from torch import Tensor
from torch.distributed.pipelining import PipelineStage, schedules
from torch.nn import functional

from bace_worker.model.model import DTYPES, StageModel
from bace_worker.model.optimizer import AdamW
from bace_worker.plan import Plan, load
from bace_worker.rank import read_batches

TIMEOUT = timedelta(seconds=60)


class EmulatedStage(PipelineStage):
    """Blocks last as long as the plan says. The last stage's forward ends with its loss, in `loss`."""

    def __init__(self, plan: Plan, rank: int) -> None:
        stage, model, training = plan.stages[rank], plan.model, plan.training
        tokens = torch.zeros(training.microbatch_size, model.sequence_length, dtype=torch.int64)
        hidden = torch.zeros(*tokens.shape, model.hidden_size, dtype=DTYPES[training.dtype])
        result = hidden.new_zeros(*tokens.shape, model.vocabulary_size) if stage.head else hidden.clone()
        super().__init__(
            StageModel(model, stage, training.seed, training.dtype),
            rank,
            len(plan.stages),
            torch.device(training.device),
            input_args=tokens if stage.embedding else hidden.requires_grad_(),
            output_args=result.requires_grad_(),
        )
        assert plan.emulated_compute is not None, "blocks are emulated"
        self._seconds = plan.emulated_compute[rank].seconds
        self._begun = 0.0

    def forward_one_chunk(self, *given: Any, **named: Any) -> Any:
        self._begun = time.monotonic()
        output = super().forward_one_chunk(*given, **named)
        if not self.is_last:
            self._wait_out("F")
        return output

    def backward_one_chunk(self, *given: Any, **named: Any) -> None:
        self._begun = time.monotonic()
        super().backward_one_chunk(*given, **named)
        self._wait_out("B")

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        loss = functional.cross_entropy(output.flatten(0, 1).float(), targets.flatten())
        self._wait_out("F")
        return loss

    def _wait_out(self, kind: str) -> None:
        if (remaining := self._begun + self._seconds[kind] - time.monotonic()) > 0:
            time.sleep(remaining)


def main(folder: Path, rank: int) -> None:
    run: dict[str, Any] = json.loads((folder / "run.json").read_text())
    plan = load(str(folder / "plan.json"))
    training = plan.training
    os.environ["GLOO_SOCKET_IFNAME"] = run["device"]  # by the host's name gloo would take the loopback
    torch.set_num_threads(1)
    ranks = len(plan.stages)
    dist.init_process_group(
        "gloo", init_method=run["rendezvous"], rank=rank, world_size=ranks, timeout=TIMEOUT
    )
    stage = EmulatedStage(plan, rank)
    optimizer = AdamW(stage.submod.parameters(), training.learning_rate.peak, training.weight_decay)
    batches, _ = read_batches(plan, [rank])
    runtime_of: Any = schedules._PipelineScheduleRuntime
    runtime = runtime_of([stage], training.microbatches, loss_fn=stage.loss)
    runtime._load_csv(str(folder / "schedule.csv"), run["format"])
    seconds = []
    for step in range(1, training.steps + 1):
        begun = time.monotonic()
        samples = (
            []
            if batches is None
            else [batches.sample(step, number) for number in range(training.microbatches)]
        )
        given = [torch.cat([tokens for tokens, _ in samples])] if rank == 0 else []
        wanted = {"target": torch.cat([targets for _, targets in samples])} if stage.is_last else {}
        runtime.step(*given, **wanted)
        optimizer.update(1.0)
        stage.submod.refresh()
        seconds.append(time.monotonic() - begun)
    (folder / f"steps-{rank}.json").write_text(json.dumps(seconds))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
