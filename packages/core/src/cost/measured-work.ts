// Work as it was measured on one GPU: seconds of one micro-batch by part of the model (`bace profile`). The embedding is
// the first stage's, the head with its loss the last one's. On another GPU type seconds are scaled by the ratio of peaks.
// Left out: that other types reach other shares of their peak; a GPU of its own kind is better measured itself.
import type { GpuType } from "../fleet/gpu-types.ts";
import type { ModelSlice } from "../model/shape.ts";

export interface PartSeconds {
  readonly forwardSeconds: number;
  /** Whole: input and weight gradients in one go, which is faster than one after the other. */
  readonly backwardSeconds: number;
  readonly inputGradSeconds: number;
  readonly weightGradSeconds: number;
  /** Of the optimizer, once per iteration. */
  readonly updateSeconds: number;
}

export interface MeasuredWork {
  readonly kind: "measured";
  /** Of the GPU type that was measured. */
  readonly peakFlopsPerSecond: number;
  readonly embedding: PartSeconds;
  /** One of them. */
  readonly layer: PartSeconds;
  readonly head: PartSeconds;
}

/** Of a part of the model on one GPU of a type. */
export function measuredSecondsOn(
  { embedding, head, layer, peakFlopsPerSecond }: MeasuredWork,
  slice: ModelSlice,
  gpu: GpuType,
): PartSeconds {
  const scale = peakFlopsPerSecond / gpu.peakFlopsPerSecond;
  const sum = (field: keyof PartSeconds) =>
    scale *
    (slice.layers * layer[field] + (slice.embedding ? embedding[field] : 0) + (slice.head ? head[field] : 0));
  return {
    forwardSeconds: sum("forwardSeconds"),
    backwardSeconds: sum("backwardSeconds"),
    inputGradSeconds: sum("inputGradSeconds"),
    weightGradSeconds: sum("weightGradSeconds"),
    updateSeconds: sum("updateSeconds"),
  };
}
