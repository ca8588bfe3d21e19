// A job as the service shows it.
import type { JobView } from "../../src/api.ts";

export function job(id: string, phase: JobView["phase"], fields: Partial<JobView> = {}): JobView {
  return {
    id,
    tenant: "library",
    phase,
    outcome: null,
    reason: null,
    submittedSeconds: 0,
    startedSeconds: null,
    endedSeconds: null,
    waitSeconds: 0,
    jctSeconds: null,
    epoch: 0,
    placement: null,
    iterations: 40,
    step: 0,
    firstLoss: null,
    lastLoss: null,
    predictedStepSeconds: null,
    measuredStepSeconds: null,
    blockRatio: null,
    committedStep: null,
    hops: [],
    replan: null,
    electricityUsd: 0,
    energyKwh: 0,
    gpuSeconds: 0,
    ...fields,
  };
}
