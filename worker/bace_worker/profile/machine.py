"""The machine that is measured: its name, and what a plain matrix product reaches on it."""

from __future__ import annotations

import platform
import time
from pathlib import Path

import torch

from ..model.model import DTYPES

MATMUL_SIZE = {"cpu": 1024, "cuda": 8192}
MATMUL_SECONDS = 1.0
LEAST_PRODUCTS = 3


def matmul_flops_per_second(device: str, dtype: str) -> float:
    """The best of several products of square matrices, for about a second."""
    size = MATMUL_SIZE[device]
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.randn(size, size, generator=generator).to(device, DTYPES[dtype]) for _ in range(2))
    seconds: list[float] = []
    deadline = time.monotonic() + MATMUL_SECONDS
    while len(seconds) < LEAST_PRODUCTS or time.monotonic() < deadline:
        begun = time.perf_counter()
        a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begun)
    return 2.0 * size**3 / min(seconds)


def machine_name(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
