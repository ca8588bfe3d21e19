// Bytes of activations: what crosses a stage boundary, and what a layer keeps from its forward to its backward pass.
// Korthikanti et al. 2022 (Reducing activation recomputation in large transformer models, §4) count, for GELU and full
// heads, sbh(34 + 5as/h) per layer; here each tensor is counted by itself, so that gated feed-forwards, grouped
// key/value heads and heads wider than h/a come out right. Two bytes per element, masks one byte, per token:
//
//   kept                                                       bytes            GELU, full heads, f = 4h
//   inputs of the two norms                                    4h               4h    ┐
//   input of the query, key and value matrices                 2h               2h    │ not divided by tensor
//   input of the feed-forward (per active expert)              2h               2h    │ parallelism alone: 10h
//   dropout masks after attention and feed-forward             2h               2h    ┘
//   queries, keys, values                                      2q + 4v          6h    ┐
//   input of the output projection                             2q               2h    │ divided: 24h
//   GELU: its input and output                                 4f               16h   │
//   gated: both halves and their product, by a fused kernel    6f               –     ┘
//   scores, unless recomputed or never stored: softmax,        5as              5as   divided
//     dropout mask, dropout output
//
// q and v: widths of all query and all key (or value) heads. Flash attention keeps 4 bytes per head and token instead
// of scores: left out, 1/32 of h at head size 128. An unfused gate keeps 2f more. Not counted: the logits of the head
// (memory.ts) and the embedding's dropout mask.
import { keyValueWidth, type ModelShape, queryWidth } from "./shape.ts";

/**
 * What the backward pass computes again: `none` (attention scores are stored), `selective` (scores are recomputed, or
 * never stored as in flash attention), `full` (only each layer's input is stored).
 */
export type Recomputation = "none" | "selective" | "full";

export interface ActivationOptions {
  readonly sequenceLength: number;
  /** Sequences per micro-batch. */
  readonly microbatchSize: number;
  readonly recomputation?: Recomputation;
  /** Keep dropout masks. True by default, which overstates models trained without by 2 bytes of h per token. */
  readonly dropout?: boolean;
  readonly tensorParallel?: number;
  /** With tensor parallelism: also divide what that leaves whole. */
  readonly sequenceParallel?: boolean;
}

/** Bytes across a stage boundary per micro-batch, the same forward (activations) and backward (their gradients). */
export function boundaryBytes(
  shape: ModelShape,
  options: {
    readonly sequenceLength: number;
    readonly microbatchSize: number;
    readonly bytesPerElement?: number;
  },
): number {
  return (options.bytesPerElement ?? 2) * options.microbatchSize * options.sequenceLength * shape.hiddenSize;
}

/** Bytes that one layer keeps for one micro-batch on one GPU. */
export function layerActivationBytes(shape: ModelShape, options: ActivationOptions): number {
  const { sequenceLength, microbatchSize, recomputation = "selective", dropout = true } = options;
  const { tensorParallel = 1, sequenceParallel = false } = options;
  const { hiddenSize, attentionHeads, feedForwardSize } = shape;
  const tokens = sequenceLength * microbatchSize;
  if (recomputation === "full") return 2 * tokens * hiddenSize;

  const active = shape.experts?.active ?? 1;
  const whole = hiddenSize * (4 + 2 + 2 * active + (dropout ? 2 : 0));
  const attention = 4 * (queryWidth(shape) + keyValueWidth(shape));
  const feedForward = active * feedForwardSize * (shape.feedForward === "swiglu" ? 6 : 4);
  const scores = recomputation === "none" ? attentionHeads * sequenceLength * (dropout ? 5 : 2) : 0;
  const divided = attention + feedForward + scores;
  return tokens * (whole / (sequenceParallel ? tensorParallel : 1) + divided / tensorParallel);
}
