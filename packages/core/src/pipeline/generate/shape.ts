/** What a generator is told: the size of the pipeline, never its times. */

import type { Schedule } from "../schedule.ts";

export type PipelineShape = {
  readonly stages: number;
  readonly microbatches: number;
};

export type Generator = (shape: PipelineShape) => Schedule;

/** Throws on a shape that no pipeline has: the caller's sizes are a broken invariant, not a user's error. */
export function assertShape({ stages, microbatches }: PipelineShape): void {
  if (!Number.isInteger(stages) || stages < 1) throw new RangeError(`stages must be 1 or more: ${stages}`);
  if (!Number.isInteger(microbatches) || microbatches < 1) {
    throw new RangeError(`microbatches must be 1 or more: ${microbatches}`);
  }
}

/** `[0, 1, ..., count - 1]` */
export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
