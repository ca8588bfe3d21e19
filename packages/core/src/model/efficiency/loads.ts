// What one micro-batch asks of a GPU, in seconds at the data sheet's rates: the terms say how far from them it runs.
// A sum as in a roofline without overlap: products, attention, traffic of activations, reductions of tensor
// parallelism. So efficiency falls where hidden size or the shard that tensor parallelism leaves are narrow (traffic
// grows as h, products as h²), where sequences are long, and where micro-batches are short (overhead per layer).
// Left out: the exchange of context parallelism, the all-to-all of experts, imbalance of experts.
import type { Recomputation } from "../activations.ts";
import { headForwardFlops, layerForwardFlops } from "../flops.ts";
import { keyValueWidth, type ModelShape, queryWidth } from "../shape.ts";
import { type Gpu, hardwareOf, NETWORK_BYTES_PER_SECOND } from "./hardware.ts";
import type { TimeTerms } from "./terms.ts";

/** Matrix work of a stage on one GPU type. */
export interface StageWork {
  readonly gpu: Gpu;
  readonly shape: ModelShape;
  readonly sequenceLength: number;
  /** Sequences per micro-batch. */
  readonly microbatchSize: number;
  readonly tensorParallel?: number;
  readonly contextParallel?: number;
  readonly recomputation?: Recomputation;
  /** Of the layers' dense products; attention, head and traffic stay as in bf16. */
  readonly precision?: "bf16" | "fp8";
  /** Whether attention scores stay on chip, as in flash attention; true by default. */
  readonly fusedAttention?: boolean;
}

/** Seconds at full rate, forward pass of one micro-batch; the head's include its backward pass. */
export interface StageLoads {
  readonly generation: "ampere" | "hopper";
  readonly fp8: boolean;
  readonly fullRecomputation: boolean;
  readonly layer: {
    readonly matrices: number;
    readonly attention: number;
    readonly activations: number;
    readonly scores: number;
    readonly reductions: number;
  };
  readonly head: { readonly matrices: number; readonly logits: number };
}

const BYTES = 2;
/** Two all-reduces per layer and direction, or a reduce-scatter and an all-gather in place of each. */
const REDUCTIONS = 2;

export function stageLoads(work: StageWork): StageLoads {
  const { gpu, shape, sequenceLength, microbatchSize, tensorParallel: t = 1, contextParallel = 1 } = work;
  const { hiddenSize: h, feedForwardSize, attentionHeads, vocabularySize } = shape;
  const hardware = hardwareOf(gpu);
  const { peakFlopsPerSecond: peak, memoryBytesPerSecond: memory } = hardware;
  const sequences = microbatchSize / contextParallel;
  const tokens = sequences * sequenceLength;
  const attentionFlops = 4 * sequenceLength ** 2 * queryWidth(shape);
  const matrixFlops = layerForwardFlops(shape, sequenceLength, "full") - attentionFlops;
  const gated = shape.feedForward === "swiglu" ? 3 : 2;
  const divided =
    2 * (queryWidth(shape) + keyValueWidth(shape)) + gated * feedForwardSize * (shape.experts?.active ?? 1);
  const fused = work.fusedAttention ?? true;
  const link = t > hardware.gpusPerNode ? NETWORK_BYTES_PER_SECOND : hardware.linkBytesPerSecond;
  return {
    generation: hardware.generation,
    fp8: work.precision === "fp8",
    fullRecomputation: work.recomputation === "full",
    layer: {
      matrices: (sequences * matrixFlops) / t / peak,
      attention: (sequences * attentionFlops) / t / peak,
      activations: (BYTES * tokens * (4 * h + divided / t)) / memory,
      scores: fused ? 0 : (BYTES * tokens * sequenceLength * attentionHeads) / t / memory,
      reductions: (REDUCTIONS * 2 * ((t - 1) / t) * BYTES * tokens * h) / link,
    },
    head: {
      matrices: (3 * sequences * headForwardFlops(shape, sequenceLength)) / t / peak,
      logits: (3 * 4 * tokens * vocabularySize) / t / memory,
    },
  };
}

/** Seconds of forward and backward of one micro-batch: of one layer, and of the head. */
export function stageSeconds(
  { generation, fp8, fullRecomputation, layer, head }: StageLoads,
  terms: TimeTerms,
): { readonly layer: number; readonly head: number } {
  const matrixShare = terms[`${generation}MatrixShare`];
  const passes = 3 + (fullRecomputation ? terms.recomputationCost : 0);
  const pass =
    layer.matrices / (matrixShare * (fp8 ? terms.fp8Speedup : 1)) +
    layer.attention / terms[`${generation}AttentionShare`] +
    layer.activations * terms.memoryPasses +
    layer.scores * terms.scorePasses;
  const reductions = (fullRecomputation ? 3 : 2) * layer.reductions * terms.tensorLinkCost;
  return {
    layer: terms.slowdown * (passes * pass + reductions + terms.layerOverheadSeconds),
    head: terms.slowdown * (head.matrices / matrixShare + head.logits * terms.memoryPasses),
  };
}
