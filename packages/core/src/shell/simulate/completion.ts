// The share of all jobs that are done within a time: an empirical distribution function. Jobs that were never done keep
// the curve below 100 %.
import type { JobResult } from "../../simulator/metrics.ts";

/** Of a curve; between them it is drawn as if it were straight over, at most 1 / this too low. */
export const MOST_RANKS = 400;

/** Known times, ascending. */
export function completionTimes(
  jobs: readonly JobResult[],
  timeOf: (job: JobResult) => number | null,
): readonly number[] {
  return jobs
    .map(timeOf)
    .filter((time) => time !== null)
    .sort((a, b) => a - b);
}

/** (time, share of `count` jobs that needed at most that), thinned to equally spaced ranks, the last one kept. */
export function ranks(times: readonly number[], count: number): readonly (readonly [number, number])[] {
  const shown = Math.min(times.length, MOST_RANKS);
  return Array.from({ length: shown }, (_, i) => {
    const rank = Math.ceil(((i + 1) * times.length) / shown);
    return [times[rank - 1]!, rank / count] as const;
  });
}
