// The shape of a decoder-only transformer and its parameter counts.
// Per layer: attention h·(2q + 2v) with q = heads × head size and v = key/value heads × head size (the familiar
// 2h² + 2h²·k/a where q = h), feed-forward g·h·f with g = 3 for gated and 2 for plain ones, two norm vectors.
// With experts the feed-forward term is held once per expert, and a router adds h per expert.
// Left out: biases and the second vector of LayerNorm (below 0.03 % in every preset), vision towers, shared experts.

export interface ModelShape {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  /** Width of one head where it is not hiddenSize / attentionHeads. */
  readonly headSize?: number;
  readonly feedForwardSize: number;
  readonly vocabularySize: number;
  /** `swiglu` is any gated form with three matrices (GeGLU too), `gelu` any plain form with two (squared ReLU too). */
  readonly feedForward: "swiglu" | "gelu";
  /** Whether embedding and output head are one matrix. */
  readonly tiedEmbeddings: boolean;
  /** Rows of a learned position table (GPT-2 and GPT-3, MPT without ALiBi); absent with rotary positions. */
  readonly learnedPositions?: number;
  readonly experts?: { readonly count: number; readonly active: number };
}

/** A contiguous part of a model, as one pipeline stage holds it. */
export interface ModelSlice {
  readonly layers: number;
  readonly embedding: boolean;
  readonly head: boolean;
}

export function wholeModel(shape: ModelShape): ModelSlice {
  return { layers: shape.layers, embedding: true, head: true };
}

/** Width of all query heads together. */
export function queryWidth(shape: ModelShape): number {
  return shape.headSize === undefined ? shape.hiddenSize : shape.attentionHeads * shape.headSize;
}

/** Width of all key heads together, and of all value heads together. */
export function keyValueWidth(shape: ModelShape): number {
  return (queryWidth(shape) / shape.attentionHeads) * shape.keyValueHeads;
}

export function attentionParameters(shape: ModelShape): number {
  return shape.hiddenSize * 2 * (queryWidth(shape) + keyValueWidth(shape));
}

/** One feed-forward block: one expert where there are experts. */
export function feedForwardParameters(shape: ModelShape): number {
  return (shape.feedForward === "swiglu" ? 3 : 2) * shape.hiddenSize * shape.feedForwardSize;
}

/** One vector of router weights per expert; nothing without experts. */
export function routerParameters(shape: ModelShape): number {
  return shape.experts ? shape.hiddenSize * shape.experts.count : 0;
}

/** All parameters of one layer: every expert, router and norms included. */
export function parametersPerLayer(shape: ModelShape): number {
  const blocks = shape.experts?.count ?? 1;
  const norms = 2 * shape.hiddenSize;
  return attentionParameters(shape) + blocks * feedForwardParameters(shape) + routerParameters(shape) + norms;
}

/** Token table and, where there is one, position table. The output head is not in here. */
export function embeddingParameters(shape: ModelShape): number {
  return (shape.vocabularySize + (shape.learnedPositions ?? 0)) * shape.hiddenSize;
}

/**
 * Parameters that a stage holds. With tied embeddings the last stage needs its own copy of the token table,
 * unless it is the first stage too: a pipeline of several stages holds it twice.
 */
export function sliceParameters(shape: ModelShape, slice: ModelSlice): number {
  const head = shape.hiddenSize * (shape.tiedEmbeddings && slice.embedding ? 1 : 1 + shape.vocabularySize);
  return (
    slice.layers * parametersPerLayer(shape) +
    (slice.embedding ? embeddingParameters(shape) : 0) +
    (slice.head ? head : 0)
  );
}

/** All parameters of the model, as publications count them: tied embeddings once. */
export function parameterCount(shape: ModelShape): number {
  return sliceParameters(shape, wholeModel(shape));
}
