/** What a generator is told: the size of the pipeline, never its times. */

import type { Schedule } from "../schedule.ts";

export type PipelineShape = {
  readonly ranks: number;
  readonly microbatches: number;
  /** Parts of the model on each rank, for generators that cut it (loop and wave); others take no notice. 1 if absent. */
  readonly chunks?: number;
};

export type Generator = {
  /** Why there is no such schedule of this shape, as a sentence for people; undefined if there is. */
  readonly refuses?: (shape: PipelineShape) => string | undefined;
  /** Throws a RangeError on a shape that no pipeline has or that it refuses. */
  readonly build: (shape: PipelineShape) => Schedule;
};

/** Throws on a shape that no pipeline has: the caller's sizes are a broken invariant, not a user's error. */
export function assertShape({ chunks = 1, microbatches, ranks }: PipelineShape): void {
  for (const [name, count] of Object.entries({ ranks, microbatches, chunks })) {
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`${name} must be 1 or more: ${count}`);
  }
}

/** `[0, 1, ..., count - 1]` */
export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
