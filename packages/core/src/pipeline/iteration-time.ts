/**
 * Seconds of one iteration under a named schedule, for schedulers that compare placements.
 *
 * Generates, compiles and times, and keeps nothing; `oneFOneBSeconds` is a faster way for 1F1B. A caller that times one schedule under many timings
 * compiles it once and calls `timeSchedule`. Leaves out the optimizer step and the gradient reduction (see
 * `cost`).
 */

import { compileSchedule } from "./compile.ts";
import { type GeneratorName, generators } from "./generate/static.ts";
import { timeSchedule } from "./time.ts";
import type { Timing } from "./timing.ts";

/** Makespan in seconds; the number of stages is that of `timing.forwardSeconds`. */
export function iterationSeconds(generator: GeneratorName, microbatches: number, timing: Timing): number {
  const schedule = generators[generator].build({ ranks: timing.forwardSeconds.length, microbatches });
  return timeSchedule(compileSchedule(schedule), timing).makespanSeconds;
}
