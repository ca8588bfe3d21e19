"""Files of `bace schedule --torch-csv` and `--torch-csv-comms`: PyTorch's own runtime loads them and trains.

Every generator's schedule of 4 ranks and 8 micro-batches, in both formats, over gloo, against the same model
in one process: losses and parameters after two steps. PyTorch keeps each stage on one rank, so the command
refuses to write DualPipe, whose pipelines run in both directions; everything else runs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

schedules = pytest.importorskip("torch.distributed.pipelining.schedules")
if not hasattr(schedules, "OVERLAP_F_B"):
    pytest.skip("this PyTorch cannot load overlapped pairs: 2.9 or newer does", allow_module_level=True)
NODE = shutil.which("node")
if NODE is None:
    pytest.skip("the command needs Node", allow_module_level=True)

BACE = Path(__file__).resolve().parents[2] / "packages" / "cli" / "bin" / "bace.mjs"
RANKS, MICROBATCHES, LAYERS, WIDTH, STEPS = 4, 8, 8, 6, 2
BOTH_DIRECTIONS = {"dualpipe"}
FORMATS = ("compute_only", "compute_comms")
PIPELINE = ["--stages", str(RANKS), "--microbatches", str(MICROBATCHES), "--cut", "2:lat=15ms,gbps=10"]
PIPELINE += ["--memory", "none", "-o", "json"]


def bace_schedule(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [
        str(NODE),
        str(BACE),
        "schedule",
        *PIPELINE,
        "--memory",
        "none",
        "-o",
        "json",
        *map(str, arguments),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def layers() -> list[nn.Module]:
    torch.manual_seed(7)
    return [nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh()).double() for _ in range(LAYERS)]


def batches() -> list[tuple[Tensor, Tensor]]:
    torch.manual_seed(8)
    shape = (2 * MICROBATCHES, WIDTH)
    return [
        (torch.randn(shape, dtype=torch.float64), torch.randn(shape, dtype=torch.float64))
        for _ in range(STEPS)
    ]


def optimizer(modules: list[nn.Module]) -> torch.optim.Optimizer:
    return torch.optim.SGD([p for module in modules for p in module.parameters()], lr=0.5)


def trained_alone() -> tuple[list[float], list[nn.Module]]:
    modules, losses = layers(), []
    descent = optimizer(modules)
    for inputs, targets in batches():
        descent.zero_grad()
        loss = nn.functional.mse_loss(nn.Sequential(*modules)(inputs), targets)
        loss.backward()
        descent.step()
        losses.append(loss.item())
    return losses, modules


def runtime_of(file: Path, file_format: str, rank: int, modules: list[nn.Module]) -> Any:
    """PyTorch's runtime of the schedule in `file`, with this rank's stages cut from `modules`."""
    cells = [line.split(",") for line in file.read_text().splitlines()]
    parsed = [[schedules._Action.from_str(cell) for cell in row] for row in cells]
    parts = [sub for row in parsed for action in row for sub in (action.sub_actions or [action])]
    num_stages = 1 + max(part.stage_index for part in parts)
    here = {p.stage_index for a in parsed[rank] for p in (a.sub_actions or [a])}
    size = LAYERS // num_stages
    sample = torch.zeros(2, WIDTH, dtype=torch.float64)
    stages = [
        torch.distributed.pipelining.PipelineStage(
            nn.Sequential(*modules[stage * size : (stage + 1) * size]),
            stage,
            num_stages,
            torch.device("cpu"),
            input_args=sample if stage == 0 else sample.clone().requires_grad_(),
            output_args=sample.clone().requires_grad_(),
        )
        for stage in sorted(here)
    ]
    runtime = schedules._PipelineScheduleRuntime(stages, MICROBATCHES, loss_fn=nn.functional.mse_loss)
    runtime._load_csv(str(file), file_format)
    return runtime


def train_all(rank: int, folder: Path, names: list[str]) -> None:
    """One rank's part of every schedule; writes its losses and how far its parameters are off."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/rendezvous",
        rank=rank,
        world_size=RANKS,
        timeout=timedelta(seconds=30),
    )
    _, expected = trained_alone()
    results: dict[str, Any] = {}
    for name in names:
        for file_format in FORMATS:
            modules = layers()
            runtime = runtime_of(folder / f"{name}.{file_format}.csv", file_format, rank, modules)
            mine = [layer for stage in runtime._stages for layer in stage.submod]
            descent = optimizer(mine)
            losses = []
            for inputs, targets in batches():
                descent.zero_grad()
                of_microbatches: list[Tensor] = []
                given = [inputs] if any(stage.is_first for stage in runtime._stages) else []
                last = any(stage.is_last for stage in runtime._stages)
                wanted = {"target": targets, "losses": of_microbatches} if last else {}
                runtime.step(*given, **wanted)
                descent.step()
                losses += [torch.stack(of_microbatches).mean().item()] if last else []
            off = max(
                (p - q).abs().max().item()
                for layer in mine
                for p, q in zip(layer.parameters(), expected[modules.index(layer)].parameters(), strict=True)
            )
            results[f"{name} {file_format}"] = {"losses": losses, "off": off}
    (folder / f"rank-{rank}.json").write_text(json.dumps(results))
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def names() -> list[str]:
    result = bace_schedule("--generator", "auto")
    assert result.returncode == 0, result.stderr
    return [one["generator"] for one in json.loads(result.stdout)["candidates"] if "refused" not in one]


@pytest.fixture(scope="module")
def trained(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """By schedule and format, what each rank has to say."""
    folder = tmp_path_factory.mktemp("schedules")
    run = [name for name in names if name not in BOTH_DIRECTIONS]

    def write(name: str) -> None:
        files = [folder / f"{name}.{file_format}.csv" for file_format in FORMATS]
        result = bace_schedule("--generator", name, "--torch-csv", files[0], "--torch-csv-comms", files[1])
        assert result.returncode == 0, result.stderr

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, run))
    torch.multiprocessing.spawn(train_all, args=(folder, run), nprocs=RANKS)
    ranks = [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in range(RANKS)]
    return {key: [results[key] for results in ranks] for key in ranks[0]}


def test_every_schedule_trains_as_one_process_does(names: list[str], trained: dict[str, list[Any]]) -> None:
    assert {key.split()[0] for key in trained} == set(names) - BOTH_DIRECTIONS
    assert {"gpipe", "1f1b", "1f1b-warmup"} <= set(names)
    losses, _ = trained_alone()
    for key, ranks in trained.items():
        seen = [rank["losses"] for rank in ranks if rank["losses"]]
        assert seen == [pytest.approx(losses, rel=1e-12)], key
        assert max(rank["off"] for rank in ranks) < 1e-12, key


def test_schedules_in_both_directions_are_refused(names: list[str], tmp_path: Path) -> None:
    for name in BOTH_DIRECTIONS & set(names):
        result = bace_schedule("--generator", name, "--torch-csv", tmp_path / "schedule.csv")
        assert result.returncode == 2
        assert f"PyTorch cannot run {name}: PyTorch keeps each stage on one rank" in result.stderr
        assert not (tmp_path / "schedule.csv").exists()
