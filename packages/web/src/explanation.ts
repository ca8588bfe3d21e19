// The scheduler's own explanation in words. Nothing is decided or computed a second time here; differences between what
// it lists are all that is added.
import type { Explained } from "./api.ts";
import { bitRate, gpus, placementText } from "./format.ts";

export type Why = NonNullable<Explained["why"]>;
export type Candidate = Why["candidates"][number];
export type Rejection = Candidate["rejections"][number];

export function headline({ jobId, kind, placement }: Explained): string {
  const where = placementText(placement);
  switch (kind) {
    case "start":
      return `${jobId} would start now: ${where}`;
    case "wait":
      return `${jobId} waits`;
    case "infeasible":
      return `${jobId} is infeasible: this policy would not place it even if the fleet were empty`;
    case "placed":
      return `${jobId} is placed: ${where}`;
    case "ended":
      return placement ? `${jobId} has ended; it ran on ${where}` : `${jobId} has ended`;
  }
}

export function candidateText({ gpus: count, outcome }: Candidate, neededGpus: number): string {
  switch (outcome) {
    case "chosen":
      return `${gpus(count)}, chosen`;
    case "not-best":
      return `${gpus(count)}, would do; another path is better`;
    case "too-few-gpus":
      return `${count} of ${gpus(neededGpus)}, ${neededGpus - count} short`;
  }
}

export function rejectionText(rejection: Rejection): string {
  switch (rejection.constraint) {
    case "no-free-gpus":
      return `not ${rejection.region}: no GPU is free there`;
    case "single-region":
      return `not beyond ${rejection.region}: this policy keeps a job in one region`;
    case "bandwidth": {
      const { from, neededBitsPerSecond, region, residualBitsPerSecond, to } = rejection;
      return (
        `not ${region}: the hop ${from} → ${to} needs ${bitRate(neededBitsPerSecond)} and has ` +
        `${bitRate(residualBitsPerSecond)} left, ${bitRate(neededBitsPerSecond - residualBitsPerSecond)} short`
      );
    }
  }
}
