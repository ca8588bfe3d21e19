// What a job aims for on a fleet: K*, capped by what the fleet has, and the least count that is accepted. Only counts
// at which every stage fits in memory are ever used. K* is computed on the GPU type that most of the fleet's GPUs are of.
import { bestGpuCount, countsThatFit, idealIterationSeconds } from "../cost/gpu-count.ts";
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { GpuType } from "../fleet/gpu-types.ts";
import type { StartRule } from "./round.ts";

export interface Target {
  readonly targetGpus: number;
  readonly neededGpus: number;
  readonly iterationLowerBoundSeconds: number;
}

/**
 * Where not even the least count is reachable, target and need are that count, which no path will have.
 * @param reachableGpus the most GPUs that one placement could have on this fleet (one region's, or all).
 */
export function targetOf(job: Job, fleet: Fleet, reachableGpus: number, start: StartRule): Target {
  const { counts, bestGpus, lowerBoundSeconds } = idealOf(job, fleet);
  const leastGpus = counts[0] ?? job.minGpus;
  const targetGpus = Math.max(leastGpus, fittingCount(job, fleet, Math.min(bestGpus, reachableGpus)));
  const neededGpus = start === "exact" ? targetGpus : leastGpus;
  return { targetGpus, neededGpus, iterationLowerBoundSeconds: lowerBoundSeconds };
}

/** The largest count up to `gpus` at which the job fits in memory; 0 if there is none. */
export function fittingCount(job: Job, fleet: Fleet, gpus: number): number {
  return idealOf(job, fleet).counts.findLast((count) => count <= gpus) ?? 0;
}

/** The least count at which the job fits in memory; undefined if there is none. */
export function leastCount(job: Job, fleet: Fleet): number | undefined {
  return idealOf(job, fleet).counts[0];
}

/** K* without a cap. */
export function bestGpusOnFleet(job: Job, fleet: Fleet): number {
  return idealOf(job, fleet).bestGpus;
}

interface Ideal {
  readonly counts: readonly number[];
  readonly bestGpus: number;
  readonly lowerBoundSeconds: number;
}

/** Asked for in every round: remembered per fleet and job. */
const ideals = new WeakMap<Fleet, WeakMap<Job, Ideal>>();

function idealOf(job: Job, fleet: Fleet): Ideal {
  const ofFleet = ideals.get(fleet) ?? new WeakMap<Job, Ideal>();
  ideals.set(fleet, ofFleet);
  const known = ofFleet.get(job);
  if (known) return known;
  const counts = countsThatFit(job, fleet);
  const best = (gpu: GpuType) => (counts.length > 0 ? bestGpuCount(job, gpu, counts) : job.minGpus);
  // The bound takes the best count on each type there is: no placement, mixed or not, beats the fastest type alone.
  const bounds = fleet.regions.map(({ gpuType }) => idealIterationSeconds(job, gpuType, best(gpuType)));
  const ideal = { counts, bestGpus: best(commonestGpu(fleet)), lowerBoundSeconds: Math.min(...bounds) };
  ofFleet.set(job, ideal);
  return ideal;
}

export function commonestGpu(fleet: Fleet): GpuType {
  const counts = new Map<string, number>();
  for (const { gpuType, gpus } of fleet.regions) {
    counts.set(gpuType.name, (counts.get(gpuType.name) ?? 0) + gpus);
  }
  let best = fleet.regions[0]!.gpuType;
  for (const { gpuType } of fleet.regions) {
    if (counts.get(gpuType.name)! > counts.get(best.name)!) best = gpuType;
  }
  return best;
}
