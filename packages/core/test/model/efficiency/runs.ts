// Runs for tests: GPTs of several widths, sequences and splits on one GPU type, timed by given terms.
import {
  type Gpu,
  type MeasuredRun,
  predictRun,
  type TimeTerms,
  type TrainingRun,
} from "../../../src/model/efficiency/index.ts";
import { gpt } from "../shapes.ts";

export const A100: Gpu = { name: "A100", peakFlopsPerSecond: 312e12 };
export const H100: Gpu = { name: "H100", peakFlopsPerSecond: 989e12 };

export const run: TrainingRun = {
  gpu: A100,
  shape: gpt,
  sequenceLength: 2048,
  microbatchSize: 4,
  globalBatchSequences: 128,
  pipelineParallel: 1,
  dataParallel: 8,
};

/** 48 runs in which every term of unfused bf16 training without full sharding matters somewhere. */
export const variedRuns: readonly TrainingRun[] = [1024, 4096, 12_288].flatMap((hiddenSize) =>
  [1, 8].flatMap((tensorParallel) =>
    [
      [1, 2048],
      [8, 2048],
      [1, 16_384],
      [2, 512],
    ].flatMap(([microbatchSize, sequenceLength]) =>
      ([true, false] as const).map(
        (fusedAttention): TrainingRun => ({
          ...run,
          shape: { ...gpt, hiddenSize, feedForwardSize: 4 * hiddenSize, layers: 24 },
          tensorParallel,
          microbatchSize: microbatchSize!,
          sequenceLength: sequenceLength!,
          fusedAttention,
          recomputation: microbatchSize === 8 ? "full" : "selective",
        }),
      ),
    ),
  ),
);

export function timed(runs: readonly TrainingRun[], terms: TimeTerms, source = "planted"): MeasuredRun[] {
  return runs.map((each) => ({
    source,
    run: each,
    iterationSeconds: predictRun(each, terms).iterationSeconds,
  }));
}
