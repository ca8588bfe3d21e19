"""The tables as a page of results, with the machine in words."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

import torch

from ..table import Table
from . import jobs
from .cuts import PATH
from .trainings import MODEL, SAMPLES, STEPS

ABOUT = """# The worker from end to end

`npm run e2e:worker{quick}`, one run; {cores} cores, {system}, Python {python}, PyTorch {torch}.

A: {steps} steps of {samples} micro-batches, {layers} layers of width {width}, float32. `loss` and
`parameters` are the largest differences to ordinary autograd with PyTorch's AdamW in one process (rows of
variants and checkpoints: to the worker with one stage), of all steps and after the last one. `bits`: whether
losses and parameters are those of the worker with one stage. Replicas share the micro-batches, as do the two
copies that DualPipe has of each stage, and add their gradients up in another order than one process does;
AdamW divides by the gradient's own size, so that parameters show what the loss does not.

B: {ranks} ranks in two regions, a supervisor in each, {fault_steps} steps, a checkpoint every {every}. After
each fault the next epoch is launched, until training ends; all losses of all epochs are held against the
undisturbed ones. `until ended`: from the fault to the end of the epoch's last process, the worst. `lost`: the
most steps that were reported and had to be done again. `unreported`: of all trainings of a row, steps in
a checkpoint whose loss was never reported, since the rank died within half a second. Cuts are made in a WAN
of {rate:.0f} Mbit/s and {delay:.0f} ms. Moments are random, seed {seed}."""


def report(tables: Sequence[Table], seed: int, quick: bool) -> str:
    about = ABOUT.format(
        quick=" -- --quick" if quick else "",
        cores=os.cpu_count(),
        system=platform.system(),
        python=platform.python_version(),
        torch=torch.__version__,
        steps=STEPS,
        samples=SAMPLES,
        layers=MODEL["layers"],
        width=MODEL["hiddenSize"],
        ranks=jobs.RANKS,
        fault_steps=jobs.STEPS,
        every=jobs.EVERY_STEPS,
        rate=PATH.bits_per_second / 1e6,
        delay=1e3 * PATH.delay_seconds,
        seed=seed,
    )
    parts = [about, *(f"## {table.title}\n\n{table.markdown()}" for table in tables)]
    return "\n\n".join(parts) + "\n"
