"""`python -m lab.closed_loop`: a link is cut to a tenth while a job trains over it, and the job moves.

The whole program over a WAN between namespaces: service, supervisors and ranks are processes in the regions'
namespaces, links are real (shaped, not emulated), GPU speed is emulated. Printed: a line per epoch with
predicted and measured step, and what `bace explain` says. Exit code 0 only if the job moved once, went on
from its checkpoint, finished, and learnt what the same job learns undisturbed.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from .service import ROOT, Document, Service, eventually
from .wan.namespace import unavailable
from .wan.network import Wan, WanPath

REGIONS = ("frankfurt", "virginia", "oregon")
PATH = WanPath(110e6, 0.010)  # a tenth more than the fleet file says: what TCP's own headers take
SLOW = WanPath(10e6, 0.010)
STEPS = 56
CUT_AT_STEP = 8
DEADLINE_SECONDS = 420.0

JOB = f"""name: moved
model:
  {{hiddenSize: 64, layers: 4, attentionHeads: 4, keyValueHeads: 4,
   feedForwardSize: 128, vocabularySize: 256}}
sequenceLength: 128
microbatchSize: 16
microbatches: 8
iterations: {STEPS}
minGpus: 4
maxGpus: 4
training: {{learningRate: 3e-3, data: {{paths: [text], suffixes: [.md]}}, checkpoint: {{everySteps: 4}}}}
"""


def fleet(wan: Wan) -> str:
    """Oregon is dear, so Virginia is chosen as long as its link is good."""
    prices = {"frankfurt": 0.05, "virginia": 0.06, "oregon": 0.2}
    regions = [
        f"  - {{name: {region}, gpuType: slot, gpus: 2, priceUsdPerKwh: {prices[region]},"
        f" commandPrefix: [ip, netns, exec, {wan.namespace(region)}]}}"
        for region in REGIONS
    ]
    pairs = [(a, b) for index, a in enumerate(REGIONS) for b in REGIONS[index + 1 :]]
    links = [
        f"  - {{from: {a}, to: {b}, both: true, bandwidthBitsPerSecond: 100 Mbit/s, latencySeconds: 10 ms}}"
        for a, b in pairs
    ]
    slot = "{peakFlopsPerSecond: 5e9, memoryBytes: 1 GB, busyWatts: 300, idleWatts: 30, emulated: true}"
    head = ["version: 1", "name: closed-loop", "network: real", "efficiency: 1"]
    head.append(f"gpuTypes: {{slot: {slot}}}")
    return "\n".join([*head, "regions:", *regions, "links:", *links, ""])


def train(cut: bool) -> tuple[list[Document], str]:
    """The job as it was at the end of each epoch, and its explanation."""
    with (
        Wan(REGIONS, PATH) as wan,
        tempfile.TemporaryDirectory(prefix="bace-loop-") as name,
    ):
        folder = Path(name)
        text = folder / "text"
        text.mkdir()
        (text / "text.md").write_bytes((ROOT / "README.md").read_bytes())
        (folder / "job.yaml").write_text(JOB)
        with Service(wan, REGIONS[0], folder, fleet(wan)) as service:
            service.bace("submit", folder / "job.yaml")
            return follow(wan, service, cut)


def follow(wan: Wan, service: Service, cut: bool) -> tuple[list[Document], str]:
    epochs: dict[int, Document] = {}
    explanation = ""
    is_cut = False

    def ended() -> bool:
        nonlocal is_cut, explanation
        job = service.job("moved")
        if job["measuredStepSeconds"] is not None:
            epochs[job["epoch"]] = job
        if cut and not is_cut and job["step"] >= CUT_AT_STEP:
            is_cut = True
            for ends in ((REGIONS[0], REGIONS[1]), (REGIONS[1], REGIONS[0])):
                wan.shape(*ends, SLOW)
            print(f"step {job['step']}: frankfurt - virginia is cut to 10 Mbit/s", file=sys.stderr)
        if job["epoch"] > 1 and not explanation and job["phase"] == "running":
            explanation = service.bace("explain", "moved")
        return bool(job["phase"] == "ended")

    eventually(ended, "the job has ended", DEADLINE_SECONDS)
    last = service.job("moved")
    epochs[last["epoch"]] = last
    return list(epochs.values()), explanation or service.bace("explain", "moved")


def line(job: Document) -> str:
    placement = job["placement"]
    parts = placement["regions"] if placement else []
    where = " → ".join(f"{part['region']} {part['gpus']}" for part in parts)
    measured = job["measuredStepSeconds"]
    shown = "-" if measured is None else f"{measured:.2f} s"
    return (
        f"{job['epoch']:>5}  {where:<26}  {job['step']:>4}  {job['predictedStepSeconds']:>8.2f} s  {shown:>8}"
        f"  {job['lastLoss']:.4f}"
    )


def main() -> int:
    if (reason := unavailable()) is not None:
        print(f"lab.closed_loop: no WAN on this machine: {reason}", file=sys.stderr)
        return 1
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    undisturbed, _ = train(cut=False)
    moved, explanation = train(cut=True)
    print("EPOCH  PLACEMENT                   STEP   PREDICTED  MEASURED  LOSS")
    for job in (*undisturbed, *moved):
        print(line(job))
    print(explanation)
    final, expected = moved[-1], undisturbed[-1]
    difference = abs(final["lastLoss"] - expected["lastLoss"])
    print(f"loss after step {STEPS}: {final['lastLoss']:.6f}, undisturbed {expected['lastLoss']:.6f}")
    good = (
        final["outcome"] == expected["outcome"] == "finished"
        and expected["epoch"] == 1
        and final["epoch"] == 2
        and difference <= 1e-5
    )
    print("moved once, and learnt the same" if good else "this is not what should have happened")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
