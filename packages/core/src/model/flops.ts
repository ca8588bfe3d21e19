// FLOPs of training, split into layers and head so that stages of unequal length can be costed.
// Forward per sequence (Narayanan et al. 2021, appendix; Chowdhery et al. 2022, appendix B): two FLOPs per token and
// matrix parameter, and 4·s²·q per layer for attention's two products (q = width of all query heads, h in most models).
// Backward is twice the forward; full recomputation runs the layers' forward once more, not the head's.
// Publications differ on attention: most count all s² scores, some only the half that a causal mask leaves. Kernels
// that skip the masked half do half the work, so compare like with like. The default is `full`, as most publish.
// Left out: look-ups, norms, rotary positions, activation functions, softmax (below 1 % together in large models).
import {
  attentionParameters,
  feedForwardParameters,
  type ModelShape,
  type ModelSlice,
  queryWidth,
  routerParameters,
  wholeModel,
} from "./shape.ts";

export type AttentionCount = "full" | "causal";

export const DEFAULT_ATTENTION_COUNT: AttentionCount = "full";

/** Forward FLOPs of one layer for one sequence of `sequenceLength` tokens. */
export function layerForwardFlops(
  shape: ModelShape,
  sequenceLength: number,
  attention: AttentionCount = DEFAULT_ATTENTION_COUNT,
): number {
  const blocks = shape.experts?.active ?? 1;
  const matrices =
    attentionParameters(shape) + blocks * feedForwardParameters(shape) + routerParameters(shape);
  const perScore = attention === "full" ? 4 : 2;
  return 2 * sequenceLength * matrices + perScore * sequenceLength ** 2 * queryWidth(shape);
}

/** Forward FLOPs of the output head for one sequence. The embedding is a look-up and counts as none. */
export function headForwardFlops(shape: ModelShape, sequenceLength: number): number {
  return 2 * sequenceLength * shape.hiddenSize * shape.vocabularySize;
}

export interface SliceFlops {
  readonly forward: number;
  readonly backward: number;
  /** Forward passes repeated before the backward one; 0 without full recomputation. */
  readonly recomputation: number;
  readonly total: number;
}

export interface FlopOptions {
  readonly sequenceLength: number;
  /** Sequences per micro-batch; 1 by default. */
  readonly microbatchSize?: number;
  readonly attention?: AttentionCount;
  /** Whether the backward pass runs each layer's forward again. */
  readonly fullRecomputation?: boolean;
}

/** FLOPs of one micro-batch through a part of the model, that is through one stage. */
export function sliceFlops(shape: ModelShape, slice: ModelSlice, options: FlopOptions): SliceFlops {
  const { sequenceLength, microbatchSize = 1, attention, fullRecomputation = false } = options;
  const layers = microbatchSize * slice.layers * layerForwardFlops(shape, sequenceLength, attention);
  const forward = layers + (slice.head ? microbatchSize * headForwardFlops(shape, sequenceLength) : 0);
  const recomputation = fullRecomputation ? layers : 0;
  return { forward, backward: 2 * forward, recomputation, total: 3 * forward + recomputation };
}

/** FLOPs of one micro-batch through the whole model. */
export function modelFlops(shape: ModelShape, options: FlopOptions): SliceFlops {
  return sliceFlops(shape, wholeModel(shape), options);
}

/** Forward and backward FLOPs per token: about 6 per parameter, 8 with full recomputation, and attention on top. */
export function trainingFlopsPerToken(shape: ModelShape, options: FlopOptions): number {
  const { sequenceLength, microbatchSize = 1 } = options;
  return modelFlops(shape, options).total / (sequenceLength * microbatchSize);
}
