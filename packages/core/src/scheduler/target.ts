// What a job aims for on a fleet: K*, capped by what the fleet has, and the least count that is accepted. Only counts
// at which every stage fits in memory are ever used. K* is computed on the GPU type that most of the fleet's GPUs are of.
import {
  bestGpuCount,
  countsThatFit,
  idealIterationSeconds,
  idealWorkSeconds,
  neededBitsPerSecond,
} from "../cost/gpu-count.ts";
import { demandKey, type Job } from "../cost/job.ts";
import { unitView } from "../cost/unit.ts";
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

/** The least count with which a job starts by a rule; see `targetOf`. */
export function neededGpusOf(job: Job, fleet: Fleet, reachableGpus: number, start: StartRule): number {
  return start === "minimum"
    ? (idealOf(job, fleet).counts[0] ?? job.minGpus)
    : targetOf(job, fleet, reachableGpus, start).neededGpus;
}

export interface Ideal {
  /** At which the job fits in memory, ascending. */
  readonly counts: readonly number[];
  /** K* without a cap, on the commonest GPU type. */
  readonly bestGpus: number;
  /** Of one iteration at K*, and what a hop then needs. */
  readonly bestSeconds: number;
  readonly bestNeedBitsPerSecond: number;
  /** No placement's iteration is faster by the formulas and by 1F1B. */
  readonly lowerBoundSeconds: number;
  /** And none by any schedule. */
  readonly workSeconds: number;
}

/** Asked for in every round: remembered per job with the fleet it was last asked for, and per fleet and kind of job. */
const ideals = new WeakMap<Job, { readonly fleet: Fleet; readonly ideal: Ideal }>();
const idealsOfKinds = new WeakMap<Fleet, Map<string, Ideal>>();

/** The very same value for all jobs that ask the same of a fleet in every iteration: where one fits, the other does. */
export function idealOf(job: Job, fleet: Fleet): Ideal {
  const known = ideals.get(job);
  if (known?.fleet === fleet) return known.ideal;
  const ofFleet = idealsOfKinds.get(fleet) ?? new Map<string, Ideal>();
  idealsOfKinds.set(fleet, ofFleet);
  const key = demandKey(job);
  const ideal = ofFleet.get(key) ?? findIdeal(job, fleet);
  ofFleet.set(key, ideal);
  ideals.set(job, { fleet, ideal });
  return ideal;
}

function findIdeal(job: Job, fleet: Fleet): Ideal {
  const view = unitView(job, fleet);
  return view.unitGpus > 1 ? inGpus(idealOf(view.job, view.fleet), view.unitGpus) : idealOfStages(job, fleet);
}

/** The counts that are found in units of several GPUs, in GPUs. */
function inGpus(ideal: Ideal, unitGpus: number): Ideal {
  const counts = ideal.counts.map((units) => units * unitGpus);
  return { ...ideal, counts, bestGpus: ideal.bestGpus * unitGpus };
}

/** One GPU per stage. */
function idealOfStages(job: Job, fleet: Fleet): Ideal {
  const counts = countsThatFit(job, fleet);
  const best = (type: GpuType) => (counts.length > 0 ? bestGpuCount(job, type, counts) : job.minGpus);
  // The bound takes the best count on each type there is: no placement, mixed or not, beats the fastest type alone.
  const types = new Set(fleet.regions.map(({ gpuType }) => gpuType));
  const bounds = Array.from(types, (type) => idealIterationSeconds(job, type, best(type)));
  const gpu = commonestGpu(fleet);
  const bestGpus = best(gpu);
  return {
    counts,
    bestGpus,
    bestSeconds: idealIterationSeconds(job, gpu, bestGpus),
    bestNeedBitsPerSecond: neededBitsPerSecond(job, gpu, bestGpus, "forward"),
    lowerBoundSeconds: Math.min(...bounds),
    workSeconds: Math.min(
      ...Array.from(types, (type) => idealWorkSeconds(job, type, counts.at(-1) ?? job.minGpus)),
    ),
  };
}

const commonest = new WeakMap<Fleet, GpuType>();

export function commonestGpu(fleet: Fleet): GpuType {
  const known = commonest.get(fleet) ?? countGpus(fleet);
  commonest.set(fleet, known);
  return known;
}

function countGpus(fleet: Fleet): GpuType {
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
