/** All generators by name: those that know sizes only, and those that look at times and memory too. */

import type { Pipeline } from "../pipeline.ts";
import type { Schedule } from "../schedule.ts";
import { crosspipe, crosspipeWave } from "./crosspipe/index.ts";
import { generators } from "./static.ts";
import { hidingWarmup } from "./warmup.ts";

export type TimedGenerator = {
  /** Why there is no such schedule of this pipeline, as a sentence for people; undefined if there is. */
  readonly refuses?: (pipeline: Pipeline) => string | undefined;
  /** Throws a RangeError if it refuses. A search ends when it meets the bound; without one it goes on for as long as it may. */
  readonly build: (pipeline: Pipeline, boundOf?: BoundOf) => Schedule;
};

/** Seconds that no schedule of such a placement of stages can be shorter than. */
export type BoundOf = (placed: Pick<Schedule, "rankOfStage" | "mirrored">) => number;

/** Chunks per rank of loops and waves where the pipeline counts whole stages. */
const CHUNKS = 2;

const fromSizes = Object.fromEntries(
  Object.entries(generators).map(([name, { build, refuses }]): [string, TimedGenerator] => {
    const shapeOf = ({ chunks, microbatches, ranks }: Pipeline) => ({
      ranks,
      microbatches,
      chunks: chunks > 1 ? chunks : CHUNKS,
    });
    return [
      name,
      {
        refuses: (pipeline) => refuses?.(shapeOf(pipeline)),
        build: (pipeline) => build(shapeOf(pipeline)),
      },
    ];
  }),
) as Record<keyof typeof generators, TimedGenerator>;

export const timedGenerators = {
  ...fromSizes,
  "1f1b-warmup": hidingWarmup,
  crosspipe,
  "crosspipe-wave": crosspipeWave,
} as const satisfies Record<string, TimedGenerator>;

export type ScheduleName = keyof typeof timedGenerators;

export const scheduleNames = Object.keys(timedGenerators) as readonly ScheduleName[];
