// What a policy sees, by hand: a fleet, a queue, and what runs.
import { runSeconds, type TimeModel } from "../../src/cost/iteration-time.ts";
import type { Job } from "../../src/cost/job.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import { openLedger, reserve } from "../../src/fleet/ledger.ts";
import type { RunningJob, View } from "../../src/scheduler/policy.ts";

export interface ViewSketch {
  readonly nowSeconds?: number;
  readonly running?: readonly RunningJob[];
  readonly timeModel?: TimeModel;
}

export function viewOf(
  fleet: Fleet,
  queue: readonly Job[],
  { nowSeconds = 0, running = [], timeModel = "1f1b" }: ViewSketch = {},
): View {
  const ledger = openLedger(fleet);
  for (const { placement } of running) reserve(ledger, placement);
  return {
    nowSeconds,
    ledger,
    queue,
    activeJobs: running.length,
    running: () => [...running],
    timeModel,
    runSeconds: (job, placement) => runSeconds(job, fleet, placement, timeModel),
  };
}

/** A job that holds GPUs of one region until it ends. */
export function runningIn(region: number, gpus: number, endSeconds: number): RunningJob {
  const placement = { regions: [region], gpus: [gpus], hopBitsPerSecond: [] };
  return { jobId: `running-in-${region}`, placement, endSeconds };
}
