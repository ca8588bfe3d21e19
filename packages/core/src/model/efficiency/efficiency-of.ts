// Share of a GPU's peak that a stage's matrix work reaches: what a job that names no efficiency is given.
// Pipeline bubble, links between stages, optimizer and reduction of gradients are not in it: the schedule's timing adds
// those. Embedding and layers are spread over stages, so the whole model's share stands for every stage's.
import { type AttentionCount, modelFlops } from "../flops.ts";
import { type StageWork, stageLoads, stageSeconds } from "./loads.ts";
import { DEFAULT_TERMS, type TimeTerms } from "./terms.ts";

export interface EfficiencyOptions extends StageWork {
  /** How the FLOPs that will be divided by it are counted; full by default, like modelFlops. */
  readonly attention?: AttentionCount;
  /** Fitted by calibrate; the shipped ones by default. */
  readonly terms?: TimeTerms;
}

/**
 * FLOPs of a micro-batch (those of full recomputation included, as a job counts them) ÷ (peak × its seconds), in (0, 1].
 * Peak is that of bf16 also in fp8.
 */
export function efficiencyOf(options: EfficiencyOptions): number {
  const { gpu, shape, sequenceLength, microbatchSize, attention = "full", recomputation } = options;
  const { tensorParallel = 1, contextParallel = 1, terms = DEFAULT_TERMS } = options;
  const seconds = stageSeconds(stageLoads(options), terms);
  const fullRecomputation = recomputation === "full";
  const flops = modelFlops(shape, { sequenceLength, microbatchSize, attention, fullRecomputation }).total;
  const perGpu = flops / tensorParallel / contextParallel;
  return Math.min(1, perGpu / (gpu.peakFlopsPerSecond * (shape.layers * seconds.layer + seconds.head)));
}
