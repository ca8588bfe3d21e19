// Iteration time of a whole training run: the stage's time, the bubble, gradients, optimizer.
//   (m − 1)·last + (last + (p − 1)·stage / v) + optimizer + exposed gradients      Narayanan et al. 2021, §2.2
// with m micro-batches, p stages of v chunks, `last` the stage that has the head besides its L/p layers. The optimizer's
// state is taken as sharded over replicas. A closed form for runs of others, whose schedules are not known in detail; a
// scheduler that has a schedule times that instead. Left out: uneven splits, links between stages, stragglers.
import { modelFlops } from "../flops.ts";
import { parameterCount } from "../shape.ts";
import { hardwareOf, NETWORK_BYTES_PER_SECOND } from "./hardware.ts";
import { type StageLoads, type StageWork, stageLoads, stageSeconds } from "./loads.ts";
import { DEFAULT_TERMS, type TimeTerms } from "./terms.ts";

export interface TrainingRun extends StageWork {
  /** Sequences per iteration over all replicas. */
  readonly globalBatchSequences: number;
  readonly pipelineParallel: number;
  /** Chunks of layers per rank (interleaved schedules); 1 by default. */
  readonly virtualStages?: number;
  readonly dataParallel: number;
  /** Weights sharded over replicas and gathered in every micro-batch (FSDP, ZeRO-3). */
  readonly sharded?: boolean;
}

export interface RunPrediction {
  readonly iterationSeconds: number;
  /** Forward and backward with full attention, repeated passes not counted. */
  readonly flopsPerSecondPerGpu: number;
  /** Of the bf16 peak, counted so. */
  readonly modelFlopUtilization: number;
  /** Share of the iteration in which a rank waits for the pipeline to fill and drain. */
  readonly bubbleShare: number;
}

/** Everything about a run that does not depend on terms; seconds at full rate. */
export interface RunLoads {
  readonly stage: StageLoads;
  readonly layersPerStage: number;
  readonly stages: number;
  readonly chunks: number;
  readonly microbatches: number;
  readonly optimizerSeconds: number;
  readonly gradientSeconds: number;
  /** Per micro-batch. */
  readonly gatherSeconds: number;
}

/** Weights, gradient and Adam state, read or written once each. */
const OPTIMIZER_BYTES = 16;
/** A reduce-scatter and an all-gather of bf16. */
const GRADIENT_BYTES = 4;

export function runLoads(run: TrainingRun): RunLoads {
  const { shape, gpu, pipelineParallel: stages, dataParallel, tensorParallel = 1, sharded = false } = run;
  const parameters = parameterCount(shape) / (stages * tensorParallel);
  const exchanged = (GRADIENT_BYTES * parameters * (dataParallel - 1)) / dataParallel;
  const exchange = exchanged / NETWORK_BYTES_PER_SECOND;
  return {
    stage: stageLoads(run),
    layersPerStage: shape.layers / stages,
    stages,
    chunks: run.virtualStages ?? 1,
    microbatches: Math.max(1, run.globalBatchSequences / (dataParallel * run.microbatchSize)),
    optimizerSeconds: (OPTIMIZER_BYTES * parameters) / dataParallel / hardwareOf(gpu).memoryBytesPerSecond,
    gradientSeconds: sharded ? 0 : exchange,
    gatherSeconds: sharded ? exchange : 0,
  };
}

/** Seconds of an iteration, and how many of them are bubble. */
export function runSeconds(
  loads: RunLoads,
  terms: TimeTerms,
): { readonly total: number; readonly bubble: number } {
  const { layer, head } = stageSeconds(loads.stage, terms);
  const stage = loads.layersPerStage * layer;
  const bubble = ((loads.stages - 1) * stage) / loads.chunks;
  const outside =
    loads.optimizerSeconds +
    loads.gradientSeconds * terms.gradientExposedShare +
    loads.microbatches * loads.gatherSeconds * terms.gatherExposedShare;
  return { total: loads.microbatches * (stage + head) + bubble + terms.slowdown * outside, bubble };
}

export function predictRun(run: TrainingRun, terms: TimeTerms = DEFAULT_TERMS): RunPrediction {
  const { total, bubble } = runSeconds(runLoads(run), terms);
  const { shape, sequenceLength, pipelineParallel, dataParallel } = run;
  const { tensorParallel = 1, contextParallel = 1 } = run;
  const gpus = tensorParallel * contextParallel * pipelineParallel * dataParallel;
  const flops = run.globalBatchSequences * modelFlops(shape, { sequenceLength }).total;
  const flopsPerSecondPerGpu = flops / gpus / total;
  return {
    iterationSeconds: total,
    flopsPerSecondPerGpu,
    modelFlopUtilization: flopsPerSecondPerGpu / run.gpu.peakFlopsPerSecond,
    bubbleShare: bubble / total,
  };
}
