// Reports of ranks → facts. Only the last stage knows the loss, so its rank speaks for the gang's progress; what every rank
// measures of its links and stages is collected and written down a few times per minute at most (measurements.ts). A report
// may come twice (its acknowledgement was lost): steps that are known already are left out, and those that the job does
// not have, so nothing is counted twice, also by a service that was restarted in between.
import type { Fact } from "@bace-pipe/core";
import { type LiveJob, rankCountOf } from "./gate.ts";

export interface StepReport {
  readonly step: number;
  readonly loss: number | null;
  readonly stepSeconds: number;
  readonly stages: readonly StageReport[];
}

/** Medians of one micro-batch. A backward is whole, or in two parts. */
export interface StageReport {
  readonly stage: number;
  readonly forwardSeconds: number | null;
  readonly backwardSeconds: number | null;
  readonly inputGradSeconds: number | null;
  readonly weightGradSeconds: number | null;
}

/** What was sent since the last report; `seconds` are those in which the link was busy. */
export interface LinkReport {
  readonly toRank: number;
  readonly bytes: number | null;
  readonly seconds: number | null;
  readonly messages: number | null;
  /** The least seen. */
  readonly roundTripSeconds: number | null;
}

export interface Report {
  readonly rank: number;
  /** Counts from 1 in every epoch; a report that is sent again has the number that it had. */
  readonly sequence: number;
  readonly steps: readonly StepReport[];
  readonly links: readonly LinkReport[];
  /** Of the newest checkpoint that is complete. */
  readonly committedStep: number | null;
}

export function progressFacts({ job, epoch, progress }: LiveJob, { rank, steps }: Report): Fact[] {
  if (rank !== rankCountOf(epoch) - 1) return [];
  let last = progress?.step ?? 0;
  return [...steps]
    .sort((a, b) => a.step - b.step)
    .flatMap(({ step, loss, stepSeconds }): Fact[] => {
      if (step <= last || step > job.iterations) return [];
      last = step;
      return [{ kind: "progress", jobId: job.id, epoch: epoch.number, step, loss, stepSeconds }];
    });
}

/** From any rank: the worker reports a checkpoint when every rank's part of it is there. */
export function committedFacts({ committedStep: known = 0, job, epoch }: LiveJob, report: Report): Fact[] {
  const { committedStep: step } = report;
  if (step === null || step <= known || step > job.iterations) return [];
  return [{ kind: "checkpoint-committed", jobId: job.id, epoch: epoch.number, step }];
}
