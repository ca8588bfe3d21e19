"""The jobs: small language models that differ in their learning rate, so that no loss is another job's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..service import ROOT

CHECKPOINT_STEPS = 4


@dataclass(frozen=True)
class Job:
    name: str
    gpus: int
    steps: int
    learning_rate: float = 3e-3

    def text(self) -> str:
        """In YAML, for a job file beside a folder `text`."""
        return f"""name: {self.name}
model:
  {{hiddenSize: 64, layers: 4, attentionHeads: 4, keyValueHeads: 4,
   feedForwardSize: 128, vocabularySize: 256}}
sequenceLength: 128
microbatchSize: 4
microbatches: 8
iterations: {self.steps}
minGpus: {self.gpus}
maxGpus: {self.gpus}
training:
  learningRate: {self.learning_rate}
  data: {{paths: [text], suffixes: [.md]}}
  checkpoint: {{everySteps: {CHECKPOINT_STEPS}, location: checkpoints/{self.name}}}
"""


def write(jobs: Sequence[Job], folder: Path) -> list[Path]:
    """A job file for each, and what they learn from beside them. Checkpoints go there as well."""
    (folder / "text").mkdir(parents=True)
    (folder / "text" / "text.md").write_bytes((ROOT / "README.md").read_bytes())
    files = [folder / f"{job.name}.yaml" for job in jobs]
    for file, job in zip(files, jobs, strict=True):
        file.write_text(job.text())
    return files
