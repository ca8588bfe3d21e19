// Models: shape, work, memory. Pure arithmetic; nothing here knows of GPUs, regions or time.
export {
  type ActivationOptions,
  boundaryBytes,
  layerActivationBytes,
  type Recomputation,
} from "./activations.ts";
export {
  type AttentionCount,
  DEFAULT_ATTENTION_COUNT,
  type FlopOptions,
  headForwardFlops,
  layerForwardFlops,
  modelFlops,
  type SliceFlops,
  sliceFlops,
  trainingFlopsPerToken,
} from "./flops.ts";
export {
  type FitOptions,
  fittingSplit,
  inFlight1F1B,
  leastStages,
  type MemoryOptions,
  type StateOptions,
  stageMemoryBytes,
  stateBytesPerParameter,
} from "./memory.ts";
export { MODEL_PRESETS, type ModelPreset } from "./presets.ts";
export {
  embeddingParameters,
  type ModelShape,
  type ModelSlice,
  parameterCount,
  parametersPerLayer,
  sliceParameters,
  wholeModel,
} from "./shape.ts";
