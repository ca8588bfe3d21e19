/** One schedule of a pipeline, measured: what a table of candidates shows, in the pipeline's own units. */

import { compileSchedule } from "./compile.ts";
import { type ScheduleName, timedGenerators } from "./generate/index.ts";
import { chunksOfStage, type Pipeline, timingOf } from "./pipeline.ts";
import type { Schedule } from "./schedule.ts";
import { type ScheduleStats, scheduleStats } from "./stats.ts";
import { type TimedSchedule, timeSchedule } from "./time.ts";

export type Evaluation = {
  readonly schedule: Schedule;
  readonly timed: TimedSchedule;
  readonly stats: ScheduleStats;
  /** By rank, in activations of one of the pipeline's chunks, whatever the schedule's stages are. */
  readonly peakActivations: readonly number[];
  /** By hop of the chain: seconds for which a rank stood idle for a message of either direction that was on its way. */
  readonly exposedSeconds: readonly number[];
  /** Whether every rank's peak is within its cap. */
  readonly fits: boolean;
};

/** Throws on a schedule that `validateSchedule` refuses. */
export function evaluateSchedule(pipeline: Pipeline, schedule: Schedule): Evaluation {
  const timed = timeSchedule(compileSchedule(schedule), timingOf(pipeline, schedule));
  const stats = scheduleStats(timed);
  const peakActivations = stats.peakActivationsOfRank.map((peak) => peak * chunksOfStage(pipeline, schedule));
  return {
    schedule,
    timed,
    stats,
    peakActivations,
    exposedSeconds: exposedByHop(pipeline, stats),
    fits: peakActivations.every((peak, rank) => peak <= pipeline.memoryCap[rank]! + 1e-9),
  };
}

/** The named schedule, or why there is none. */
export function generateSchedule(
  name: ScheduleName,
  pipeline: Pipeline,
):
  | { readonly kind: "schedule"; readonly schedule: Schedule }
  | { readonly kind: "refused"; readonly reason: string } {
  const { build, refuses } = timedGenerators[name];
  const reason = refuses?.(pipeline);
  return reason === undefined ? { kind: "schedule", schedule: build(pipeline) } : { kind: "refused", reason };
}

/** What goes round from the last rank to the first counts for the slowest hop, over which it goes. */
function exposedByHop({ hops, ranks }: Pipeline, { exposed }: ScheduleStats): readonly number[] {
  const seconds = hops.map(() => 0);
  const slowest = hops.reduce(
    (best, { latencySeconds, occupancySeconds }, hop) =>
      latencySeconds + occupancySeconds > hops[best]!.latencySeconds + hops[best]!.occupancySeconds
        ? hop
        : best,
    0,
  );
  for (const { fromRank, seconds: idle, toRank } of exposed) {
    const round = ranks > 2 && Math.abs(fromRank - toRank) > 1;
    seconds[round ? slowest : Math.min(fromRank, toRank)]! += idle;
  }
  return seconds;
}
