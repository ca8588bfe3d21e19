// What a run amounts to. JCT (job completion time) is submit to finish; p95 is the smallest value that at least 95 % of
// jobs do not exceed. GPU use is GPU-seconds held over GPU-seconds there were until the makespan; link use likewise,
// reserved bits over capacity, summed over directed links.
import type { JobState } from "../control/state.ts";

export interface JobResult {
  readonly id: string;
  readonly tenant: string;
  readonly outcome: "finished" | "infeasible" | "unfinished";
  readonly submitSeconds: number;
  readonly startSeconds: number | null;
  readonly endSeconds: number | null;
  readonly waitSeconds: number | null;
  readonly jctSeconds: number | null;
  /** Region names in pipeline order, GPUs of each. */
  readonly placement: readonly { readonly region: string; readonly gpus: number }[];
  readonly iterationSeconds: number | null;
  readonly electricityUsd: number;
  readonly energyKwh: number;
  readonly egressUsd: number;
}

export interface PolicyResult {
  readonly averageJctSeconds: number | null;
  readonly p95JctSeconds: number | null;
  readonly averageWaitSeconds: number | null;
  readonly maxWaitSeconds: number | null;
  readonly makespanSeconds: number;
  readonly electricityUsd: number;
  readonly energyKwh: number;
  readonly egressUsd: number;
  readonly gpuUtilization: number;
  readonly linkUtilization: number;
  readonly finishedJobs: number;
  readonly infeasibleJobs: number;
  readonly jobs: readonly JobResult[];
}

export interface Usage {
  readonly gpuSecondsHeld: number;
  readonly gpuSecondsThere: number;
  readonly linkBitsReserved: number;
  readonly linkBitsThere: number;
}

export function summarise(jobs: readonly JobResult[], makespanSeconds: number, usage: Usage): PolicyResult {
  const finished = jobs.filter(({ outcome }) => outcome === "finished");
  const jcts = finished.map(({ jctSeconds }) => jctSeconds!).sort((a, b) => a - b);
  const waits = finished.map(({ waitSeconds }) => waitSeconds!);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const mean = (values: readonly number[]) => (values.length > 0 ? sum(values) / values.length : null);
  return {
    averageJctSeconds: mean(jcts),
    p95JctSeconds: jcts[Math.ceil(0.95 * jcts.length) - 1] ?? null,
    averageWaitSeconds: mean(waits),
    maxWaitSeconds: waits.length > 0 ? Math.max(...waits) : null,
    makespanSeconds,
    electricityUsd: sum(jobs.map((job) => job.electricityUsd)),
    energyKwh: sum(jobs.map((job) => job.energyKwh)),
    egressUsd: sum(jobs.map((job) => job.egressUsd)),
    gpuUtilization: usage.gpuSecondsThere > 0 ? usage.gpuSecondsHeld / usage.gpuSecondsThere : 0,
    linkUtilization: usage.linkBitsThere > 0 ? usage.linkBitsReserved / usage.linkBitsThere : 0,
    finishedJobs: finished.length,
    infeasibleJobs: jobs.filter(({ outcome }) => outcome === "infeasible").length,
    jobs,
  };
}

export function isInfeasible({ phase }: JobState): boolean {
  return phase === "infeasible";
}
