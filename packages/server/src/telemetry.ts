// Reports of ranks → progress. Only the last stage knows the loss, so its rank speaks for the gang; the others' reports
// are acknowledged and leave no trace. A report may come twice (its acknowledgement was lost): steps that are known
// already are left out, and those that the job does not have, so nothing is counted twice, also by a service that was restarted in between.
// Left out: rates of links and times of stages, which reports carry and nothing uses yet.
import type { Fact } from "@bace-pipe/core";
import { type LiveJob, rankCountOf } from "./gate.ts";

export interface StepReport {
  readonly step: number;
  readonly loss: number | null;
  readonly stepSeconds: number;
}

export function progressFacts(
  { job, epoch, progress }: LiveJob,
  rank: number,
  steps: readonly StepReport[],
): Fact[] {
  if (rank !== rankCountOf(epoch) - 1) return [];
  return steps
    .filter(({ step }) => step > (progress?.step ?? 0) && step <= job.iterations)
    .sort((a, b) => a.step - b.step)
    .map(({ step, loss, stepSeconds }) => ({
      kind: "progress",
      jobId: job.id,
      epoch: epoch.number,
      step,
      loss,
      stepSeconds,
    }));
}
