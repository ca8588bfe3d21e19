// Memory of a pipeline stage, and the fewest stages that a model needs.
//   weights, gradients, Adam:   2 (bf16 weights) + 4 (fp32 gradients) + 12 (fp32 weights and two moments) = 18 bytes
//                               per parameter; 16 with bf16 gradients; the 12 sharded over d replicas: 6 + 12/d
//   activations in flight:      layers × bytes per layer and micro-batch × micro-batches held (1F1B: min(p − i, m))
//   last stage:                 the head's input, its norm's input and fp32 logits, 4sbh + 4sbV (Korthikanti, eq. 6)
//   full recomputation:         one layer's activations while its backward pass runs
// Left out: fragmentation and communication buffers (a reserve, a share of memory, stands for them).
import { type ActivationOptions, layerActivationBytes } from "./activations.ts";
import { type ModelShape, type ModelSlice, sliceParameters } from "./shape.ts";

export interface StateOptions {
  readonly gradients?: "fp32" | "bf16";
  /** Replicas over which the optimizer's state is sharded; 1 by default. */
  readonly optimizerShards?: number;
}

/** Bytes per parameter of weights, gradients and Adam state. */
export function stateBytesPerParameter(options: StateOptions = {}): number {
  const { gradients = "fp32", optimizerShards = 1 } = options;
  return 2 + (gradients === "fp32" ? 4 : 2) + 12 / optimizerShards;
}

export interface MemoryOptions extends ActivationOptions, StateOptions {}

/** Bytes on one GPU of a stage that holds `slice` and the activations of `inFlight` micro-batches. */
export function stageMemoryBytes(
  shape: ModelShape,
  slice: ModelSlice,
  inFlight: number,
  options: MemoryOptions,
): number {
  const { sequenceLength, microbatchSize, recomputation, tensorParallel = 1 } = options;
  const state = (sliceParameters(shape, slice) * stateBytesPerParameter(options)) / tensorParallel;
  const kept = inFlight * slice.layers * layerActivationBytes(shape, options);
  const working =
    recomputation === "full" && slice.layers > 0
      ? layerActivationBytes(shape, { ...options, recomputation: "selective" })
      : 0;
  const tokens = sequenceLength * microbatchSize;
  const head = slice.head ? tokens * 4 * (shape.hiddenSize + shape.vocabularySize / tensorParallel) : 0;
  return state + kept + working + head;
}

/** Micro-batches that stage `stage` of `stages` holds at most under 1F1B. */
export function inFlight1F1B(stage: number, stages: number, microbatches: number, extraForwards = 0): number {
  return Math.min(stages - stage + extraForwards, microbatches);
}

const RESERVE_SHARE = 0.1;

export interface FitOptions extends MemoryOptions {
  /** Of one GPU. */
  readonly memoryBytes: number;
  /** Micro-batches per iteration. */
  readonly microbatches: number;
  /** Per stage, micro-batches that it holds besides 1F1B's. */
  readonly extraForwards?: readonly number[];
  /** Share of memory kept free for fragmentation and communication buffers; 0.1 by default. */
  readonly reserveShare?: number;
}

/** Micro-batches whose activations each stage of a split can hold at once; may be 0. @param layerCounts by stage. */
export function inFlightCapacities(
  shape: ModelShape,
  layerCounts: readonly number[],
  options: MemoryOptions & Pick<FitOptions, "memoryBytes" | "reserveShare">,
): number[] {
  const usable = options.memoryBytes * (1 - (options.reserveShare ?? RESERVE_SHARE));
  return layerCounts.map((layers, stage) => {
    const slice = { layers, embedding: stage === 0, head: stage === layerCounts.length - 1 };
    const bytesWith = (inFlight: number) => stageMemoryBytes(shape, slice, inFlight, options);
    return Math.max(0, Math.floor((usable - bytesWith(0)) / (bytesWith(1) - bytesWith(0))));
  });
}

/** The most layers that each of `stages` stages can hold under 1F1B; 0 where not even one fits. */
function layerCapacities(shape: ModelShape, stages: number, options: FitOptions): number[] {
  const { extraForwards = [], memoryBytes, microbatches, reserveShare = RESERVE_SHARE } = options;
  const usable = memoryBytes * (1 - reserveShare);
  return Array.from({ length: stages }, (_, stage) => {
    const ends = { embedding: stage === 0, head: stage === stages - 1 };
    const inFlight = inFlight1F1B(stage, stages, microbatches, extraForwards[stage]);
    const bytesWith = (layers: number) => stageMemoryBytes(shape, { ...ends, layers }, inFlight, options);
    const perLayer = bytesWith(2) - bytesWith(1);
    const capacity = 1 + Math.floor((usable - bytesWith(1)) / perLayer);
    return Math.min(Math.max(capacity, 0), shape.layers);
  });
}

/**
 * Layers per stage, as even as memory allows, or undefined where no contiguous split into `stages` stages of at least
 * one layer fits. The stages with embedding and head, and the early ones that hold most activations, get fewer.
 */
export function fittingSplit(shape: ModelShape, stages: number, options: FitOptions): number[] | undefined {
  const capacities = layerCapacities(shape, stages, options);
  const heldAt = (cap: number) => capacities.reduce((sum, capacity) => sum + Math.min(capacity, cap), 0);
  if (stages > shape.layers || Math.min(...capacities) < 1 || heldAt(shape.layers) < shape.layers)
    return undefined;
  let level = 1;
  while (heldAt(level) < shape.layers) level++;
  let missing = shape.layers - heldAt(level - 1);
  return capacities.map((capacity) => {
    if (capacity < level || missing === 0) return Math.min(capacity, level - 1);
    missing--;
    return level;
  });
}

/**
 * The fewest stages for which some contiguous split fits every stage, or undefined where none does up to one layer
 * per stage. More stages need not fit where fewer do: stage 0 holds more micro-batches the longer the pipeline is.
 */
export function leastStages(shape: ModelShape, options: FitOptions): number | undefined {
  for (let stages = 1; stages <= shape.layers; stages++) {
    if (fittingSplit(shape, stages, options)) return stages;
  }
  return undefined;
}
