// Tensor and data parallelism inside a region. Each stage of a job occupies a unit of u = t·d GPUs of one region: t GPUs
// of one node share its layers (tensor parallelism, Shoeybi et al. 2019), and d replicas of the pipeline run side by
// side over the same regions, each with its part of the micro-batches. What people see counts GPUs. The cost model and
// the policies know one GPU per stage only: they get a view in which one GPU stands for one unit, and nothing else changes.
//   fleet   ⌊gpus/u⌋ in each region; peak × t; busy and idle watts × u; memory as it is, since it is asked of one GPU
//   job     ⌈minGpus/u⌉ to ⌊maxGpus/u⌋; m/d micro-batches, each of which sends d·A bytes over a hop (each replica its own A,
//           2bsh whatever t is); memory of one of t GPUs, with the optimizer's state sharded over the d replicas; and what
//           no placement of d replicas is spared, reducing their gradients once per iteration (gradient-reduction.ts)
// Times given outright stay: they are of one micro-batch on t GPUs. What tensor parallelism loses is in `efficiency`.
// Left out: where a region's nodes end (any t free GPUs do).
import type { Fleet } from "../fleet/fleet.ts";
import type { GpuType } from "../fleet/gpu-types.ts";
import type { Placement } from "../fleet/ledger.ts";
import { wholeReductionSeconds } from "./gradient-reduction.ts";
import type { Job } from "./job.ts";

export interface UnitView {
  /** u: GPUs of one unit. With 1 job and fleet are the very same values. */
  readonly unitGpus: number;
  /** As of one unit per stage. The same value whenever it is asked for: others remember things by it. */
  readonly job: Job;
  readonly fleet: Fleet;
}

/** t·d: GPUs of one stage, over all replicas. Every count of the job's GPUs is a multiple. */
export function unitGpusOf(job: Pick<Job, "tensorParallel" | "dataParallel">): number {
  const { dataParallel = 1, tensorParallel = 1 } = job;
  return tensorParallel * dataParallel;
}

/** Job and fleet as the cost model wants them. Throws where the micro-batches cannot be dealt out evenly. */
export function unitView(job: Job, fleet: Fleet): UnitView {
  const unitGpus = unitGpusOf(job);
  if (unitGpus === 1) return { unitGpus, job, fleet };
  return {
    unitGpus,
    job: jobInUnits(job, fleet),
    fleet: fleetInUnits(fleet, job.tensorParallel ?? 1, unitGpus),
  };
}

/** A placement of a job in GPUs, in units. Throws if some region's GPUs are no multiple of a unit. */
export function placementInUnits(placement: Placement, unitGpus: number): Placement {
  if (unitGpus === 1) return placement;
  const gpus = placement.gpus.map((count) => count / unitGpus);
  if (!gpus.every(Number.isInteger)) throw new Error(`${placement.gpus} GPUs are not units of ${unitGpus}`);
  return { ...placement, gpus };
}

/** A placement in units, in GPUs: its hops are as they were. */
export function placementInGpus(placement: Placement, unitGpus: number): Placement {
  return unitGpus === 1 ? placement : { ...placement, gpus: placement.gpus.map((count) => count * unitGpus) };
}

const jobs = new WeakMap<Fleet, WeakMap<Job, Job>>();

function jobInUnits(job: Job, fleet: Fleet): Job {
  const ofFleet = jobs.get(fleet) ?? new WeakMap<Job, Job>();
  jobs.set(fleet, ofFleet);
  const known = ofFleet.get(job);
  if (known) return known;
  const { tensorParallel = 1, dataParallel = 1, gradientBytes: _reduced, memory, ...rest } = job;
  const unitGpus = tensorParallel * dataParallel;
  const microbatches = job.microbatches / dataParallel;
  if (!Number.isInteger(microbatches))
    throw new Error(`${job.id}: ${job.microbatches} micro-batches for ${dataParallel} replicas`);
  const inUnits: Job = {
    ...rest,
    microbatches,
    activationBytes: job.activationBytes * dataParallel,
    minGpus: Math.ceil(job.minGpus / unitGpus),
    maxGpus: Math.floor(job.maxGpus / unitGpus),
    reductionSeconds: wholeReductionSeconds(job, fleet),
    ...(memory
      ? {
          memory: {
            ...memory,
            options: { ...memory.options, tensorParallel, optimizerShards: dataParallel },
          },
        }
      : {}),
  };
  ofFleet.set(job, inUnits);
  return inUnits;
}

/** By t and u. */
const fleets = new WeakMap<Fleet, Map<string, Fleet>>();

function fleetInUnits(fleet: Fleet, tensorParallel: number, unitGpus: number): Fleet {
  const ofFleet = fleets.get(fleet) ?? new Map<string, Fleet>();
  fleets.set(fleet, ofFleet);
  const key = `${tensorParallel}/${unitGpus}`;
  const known = ofFleet.get(key);
  if (known) return known;
  const types = new Map<GpuType, GpuType>();
  for (const { gpuType } of fleet.regions) {
    types.set(gpuType, {
      ...gpuType,
      peakFlopsPerSecond: gpuType.peakFlopsPerSecond * tensorParallel,
      busyWatts: gpuType.busyWatts * unitGpus,
      idleWatts: gpuType.idleWatts * unitGpus,
    });
  }
  const inUnits: Fleet = {
    ...fleet,
    regions: fleet.regions.map((region) => ({
      ...region,
      gpuType: types.get(region.gpuType)!,
      gpus: Math.floor(region.gpus / unitGpus),
      ...(region.measuredBusyWatts === undefined
        ? {}
        : { measuredBusyWatts: region.measuredBusyWatts * unitGpus }),
    })),
  };
  ofFleet.set(key, inUnits);
  return inUnits;
}
