// What a run amounts to. JCT (job completion time) is submit to finish; p95 is the smallest value that at least 95 % of
// jobs do not exceed. GPU use is GPU-seconds held over GPU-seconds there were until the makespan; link use likewise,
// reserved bits over capacity, summed over directed links.
import type { JobState } from "../control/state.ts";
import { egressUsd } from "../cost/money.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { GRAMS_PER_KG } from "../units.ts";
import type { Usage } from "./usage.ts";

export interface JobResult {
  readonly id: string;
  readonly tenant: string;
  readonly outcome: "finished" | "infeasible" | "failed" | "unfinished";
  readonly submitSeconds: number;
  readonly startSeconds: number | null;
  readonly endSeconds: number | null;
  readonly waitSeconds: number | null;
  readonly jctSeconds: number | null;
  /** Region names in pipeline order, GPUs of each. */
  readonly placement: readonly { readonly region: string; readonly gpus: number }[];
  /** Predicted when it was placed. */
  readonly iterationSeconds: number | null;
  /** Times it was placed: more than one if it was interrupted. */
  readonly epochs: number;
  readonly electricityUsd: number;
  readonly energyKwh: number;
  readonly carbonKg: number;
  readonly egressUsd: number;
}

export interface PolicyResult {
  readonly averageJctSeconds: number | null;
  readonly p95JctSeconds: number | null;
  readonly averageWaitSeconds: number | null;
  readonly maxWaitSeconds: number | null;
  readonly makespanSeconds: number;
  /** Of the jobs, and of idle GPUs where the scenario pays for them. So are energy and carbon. */
  readonly electricityUsd: number;
  readonly energyKwh: number;
  readonly carbonKg: number;
  /** Of GPUs that nobody used until the makespan, whether it is paid or not. */
  readonly idleElectricityUsd: number;
  readonly egressUsd: number;
  readonly gpuUtilization: number;
  readonly linkUtilization: number;
  readonly finishedJobs: number;
  readonly infeasibleJobs: number;
  readonly jobs: readonly JobResult[];
}

/** What became of a job. `end` is known to the engine before the job is forgotten. */
export function resultOf(jobState: JobState, fleet: Fleet): JobResult {
  const { job, epoch, phase, outcome } = jobState;
  const start = jobState.firstStartSeconds ?? null;
  const finished = outcome?.kind === "finished";
  const end = finished ? jobState.endedSeconds! : null;
  const placement = epoch?.placement;
  return {
    id: job.id,
    tenant: job.tenant,
    outcome: finished
      ? "finished"
      : phase === "infeasible"
        ? "infeasible"
        : phase === "ended"
          ? "failed"
          : "unfinished",
    submitSeconds: job.submitSeconds,
    startSeconds: start,
    endSeconds: end,
    waitSeconds: start === null ? null : start - job.submitSeconds,
    jctSeconds: end === null ? null : end - job.submitSeconds,
    placement:
      placement?.regions.map((r, i) => ({ region: fleet.regions[r]!.name, gpus: placement.gpus[i]! })) ?? [],
    iterationSeconds: epoch?.predictedIterationSeconds ?? null,
    epochs: jobState.epochs,
    electricityUsd: jobState.electricityUsd,
    energyKwh: jobState.energyKwh,
    carbonKg: jobState.carbonGrams / GRAMS_PER_KG,
    egressUsd: placement && finished ? egressUsd(job, fleet, placement.regions) : 0,
  };
}

export interface Summary {
  add(result: JobResult): void;
  /** @param jobs listed in the result; the sums are over all that were added. */
  result(usage: Usage, payIdleGpus: boolean, jobs: readonly JobResult[]): PolicyResult;
}

/** Sums over jobs as they come; of each that finished only its JCT is kept. */
export function createSummary(): Summary {
  const jcts: number[] = [];
  const sums = { wait: 0, maxWait: 0, makespan: 0, usd: 0, kwh: 0, carbonKg: 0, egressUsd: 0, infeasible: 0 };
  return {
    add(result) {
      sums.usd += result.electricityUsd;
      sums.kwh += result.energyKwh;
      sums.carbonKg += result.carbonKg;
      sums.egressUsd += result.egressUsd;
      if (result.outcome === "infeasible") sums.infeasible++;
      if (result.outcome !== "finished") return;
      jcts.push(result.jctSeconds!);
      sums.wait += result.waitSeconds!;
      sums.maxWait = Math.max(sums.maxWait, result.waitSeconds!);
      sums.makespan = Math.max(sums.makespan, result.endSeconds!);
    },
    result(usage, payIdleGpus, jobs) {
      const count = jcts.length;
      const sorted = Float64Array.from(jcts).sort();
      const mean = (total: number) => (count > 0 ? total / count : null);
      const idle = payIdleGpus ? 1 : 0;
      return {
        averageJctSeconds: mean(sorted.reduce((total, jct) => total + jct, 0)),
        p95JctSeconds: sorted[Math.ceil(0.95 * count) - 1] ?? null,
        averageWaitSeconds: mean(sums.wait),
        maxWaitSeconds: count > 0 ? sums.maxWait : null,
        makespanSeconds: sums.makespan,
        electricityUsd: sums.usd + idle * usage.idleElectricityUsd,
        energyKwh: sums.kwh + idle * usage.idleEnergyKwh,
        carbonKg: sums.carbonKg + (idle * usage.idleCarbonGrams) / GRAMS_PER_KG,
        idleElectricityUsd: usage.idleElectricityUsd,
        egressUsd: sums.egressUsd,
        gpuUtilization: usage.gpuSecondsThere > 0 ? usage.gpuSecondsHeld / usage.gpuSecondsThere : 0,
        linkUtilization: usage.linkBitsThere > 0 ? usage.linkBitsReserved / usage.linkBitsThere : 0,
        finishedJobs: count,
        infeasibleJobs: sums.infeasible,
        jobs,
      };
    },
  };
}
