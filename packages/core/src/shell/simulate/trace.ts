// What happened in a simulated run, as far as pictures need it: who ran where and when, how many waited, how many GPUs
// were held. Results of jobs do not say it: a job that was interrupted ran in several places, at several times.
import type { State } from "../../control/state.ts";
import { placementFootprint } from "../../cost/money.ts";
import { totalGpus } from "../../fleet/fleet.ts";

/** One attempt of a job: from the instant when it took its GPUs to the one when it gave them back. */
export interface Run {
  readonly jobId: string;
  readonly tenant: string;
  /** 1 unless it was interrupted before. */
  readonly epoch: number;
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly iterationSeconds: number;
  /** In pipeline order. */
  readonly parts: readonly {
    readonly region: string;
    readonly gpus: number;
    readonly electricityUsd: number;
  }[];
}

/** Holds from `atSeconds` on. */
export interface Instant {
  readonly atSeconds: number;
  readonly waitingJobs: number;
  readonly heldGpus: number;
  /** That the fleet has. */
  readonly gpus: number;
}

export interface Trace {
  readonly runs: readonly Run[];
  readonly instants: readonly Instant[];
  /** With the most GPUs that each had at any time. */
  readonly regions: readonly { readonly name: string; readonly gpus: number }[];
}

export interface Recorder {
  /** For `onInstant` of a simulation. The state is only read within the call. */
  observe(state: State): void;
  trace(): Trace;
}

type OpenRun = Omit<Run, "toSeconds" | "parts"> & {
  readonly placement: Parameters<typeof placementFootprint>[1];
};

export function createRecorder(): Recorder {
  const open = new Map<string, OpenRun>();
  const runs: Run[] = [];
  const instants: Instant[] = [];
  const regions = new Map<string, number>();

  const close = ({ placement, ...run }: OpenRun, { fleet, nowSeconds }: State): void => {
    const parts = placement.regions.map((region, i) => {
      const gpus = placement.gpus[i]!;
      const alone = { regions: [region], gpus: [gpus], hopBitsPerSecond: [] };
      const { electricityUsd } = placementFootprint(fleet!, alone, run.fromSeconds, nowSeconds);
      return { region: fleet!.regions[region]!.name, gpus, electricityUsd };
    });
    open.delete(run.jobId);
    runs.push({ ...run, toSeconds: nowSeconds, parts });
  };

  return {
    observe(state) {
      const { active, fleet, ledger, nowSeconds, queued } = state;
      for (const { name, gpus } of fleet!.regions) regions.set(name, Math.max(gpus, regions.get(name) ?? 0));
      for (const run of open.values())
        if (!active.has(run.jobId) || state.jobs.get(run.jobId)!.epoch!.number !== run.epoch)
          close(run, state);
      for (const jobId of active) {
        if (open.has(jobId)) continue;
        const { job, epoch } = state.jobs.get(jobId)!;
        const { number, placedSeconds, placement, predictedIterationSeconds } = epoch!;
        open.set(jobId, {
          jobId,
          tenant: job.tenant,
          epoch: number,
          fromSeconds: placedSeconds,
          iterationSeconds: predictedIterationSeconds,
          placement,
        });
      }
      const gpus = totalGpus(fleet!);
      const free = ledger!.freeGpus.reduce((sum, count) => sum + count, 0);
      instants.push({ atSeconds: nowSeconds, waitingJobs: queued.size, heldGpus: gpus - free, gpus });
    },
    trace: () => ({ runs, instants, regions: [...regions].map(([name, gpus]) => ({ name, gpus })) }),
  };
}
