// How many deadlines a schedule keeps.
import type { Job } from "../cost/job.ts";
import type { JobResult } from "../simulator/metrics.ts";

/**
 * Of the jobs that have a deadline, the share that finished by it; null where none has one.
 * A job that never finished missed its own. `deadlineSeconds` counts from submission, as JCT does.
 */
export function deadlinesKeptShare(
  jobs: readonly Job[],
  results: readonly Pick<JobResult, "id" | "jctSeconds">[],
): number | null {
  const jctSeconds = new Map(results.map((result) => [result.id, result.jctSeconds]));
  const bound = jobs.filter(({ deadlineSeconds }) => deadlineSeconds !== undefined);
  if (bound.length === 0) return null;
  const kept = bound.filter(
    ({ deadlineSeconds, id }) => (jctSeconds.get(id) ?? Number.POSITIVE_INFINITY) <= deadlineSeconds!,
  );
  return kept.length / bound.length;
}
