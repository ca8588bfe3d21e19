// What the service could answer.
import type { Explained, JobView, RegionView } from "@bace-pipe/server";

export function jobView(fields: Partial<JobView>): JobView {
  return {
    id: "a",
    tenant: "default",
    phase: "running",
    outcome: null,
    reason: null,
    submittedSeconds: 0,
    startedSeconds: null,
    endedSeconds: null,
    waitSeconds: 0,
    jctSeconds: null,
    epoch: 1,
    placement: null,
    iterations: 40,
    step: 0,
    firstLoss: null,
    lastLoss: null,
    predictedStepSeconds: null,
    measuredStepSeconds: null,
    ...{ blockRatio: null, committedStep: null, hops: [], replan: null },
    electricityUsd: 0,
    energyKwh: 0,
    gpuSeconds: 0,
    ...fields,
  };
}

export const WAITING: Explained = {
  jobId: "wide",
  kind: "wait",
  placement: null,
  hops: [],
  replan: null,
  predictedStepSeconds: null,
  why: {
    policy: "bace",
    position: 2,
    order: { kind: "priority", score: 0.61, alpha: 0.25, intensity: 0.4, sensitivity: 0.36 },
    targetGpus: 4,
    neededGpus: 4,
    iterationLowerBoundSeconds: 0.32,
    candidates: [
      {
        regions: ["frankfurt", "new-york"],
        gpus: 3,
        outcome: "too-few-gpus",
        rejections: [
          {
            constraint: "bandwidth",
            region: "tokyo",
            from: "new-york",
            to: "tokyo",
            neededBitsPerSecond: 77e6,
            residualBitsPerSecond: 12e6,
          },
          { constraint: "no-free-gpus", region: "osaka" },
        ],
      },
      {
        regions: ["tokyo"],
        gpus: 1,
        outcome: "too-few-gpus",
        rejections: [
          {
            constraint: "bandwidth",
            region: "frankfurt",
            from: "tokyo",
            to: "frankfurt",
            neededBitsPerSecond: 77e6,
            residualBitsPerSecond: 47.9e6,
          },
        ],
      },
    ],
  },
};

export const REGIONS: readonly RegionView[] = [
  {
    name: "frankfurt",
    gpuType: "slot",
    emulated: true,
    gpus: 3,
    freeGpus: 1,
    priceUsdPerKwh: 0.0846,
    pue: 1.2,
    latitude: 50.1,
    longitude: 8.7,
    links: [
      {
        to: "tokyo",
        bandwidthBitsPerSecond: 48e6,
        reservedBitsPerSecond: 12e6,
        latencySeconds: 0.1113,
        limit: null,
      },
    ],
  },
];
