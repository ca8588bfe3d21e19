// How many GPUs a job should have, and the bandwidth that a hop then needs (BACE-Pipe, stage 2 and 3).
//   K* = argmin over k of (m+k−1)·t(k), t(k) = C/k + d     (without overhead d this is the largest k there is)
//   hop test A/b ≤ F/k: the bandwidth needed grows with k, so earlier hops are tested again when a path grows.
// One GPU per stage throughout: for a job whose stages are units of several GPUs, give job and fleet in units (unit.ts).
import type { Fleet } from "../fleet/fleet.ts";
import type { GpuType } from "../fleet/gpu-types.ts";
import { BITS_PER_BYTE } from "../units.ts";
import { stageSeconds } from "./iteration-time.ts";
import { backwardSecondsOn, forwardSecondsOn, type Job } from "./job.ts";
import { stageLayers } from "./stages.ts";

/**
 * Seconds of one iteration on k GPUs of a type with nothing lost to communication between stages: a lower bound on any
 * placement's whose backwards are whole. Replicas reduce their gradients wherever they are.
 */
export function idealIterationSeconds(job: Job, gpu: GpuType, gpus: number): number {
  const t = stageSeconds(job, forwardSecondsOn(job, gpu), backwardSecondsOn(job, gpu), gpus);
  return (job.microbatches + gpus - 1) * t + (job.reductionSeconds ?? 0) / gpus;
}

/** Seconds of its share of the work on each of k GPUs of a type: a lower bound whatever the schedule, bubbles left out. */
export function idealWorkSeconds(job: Job, gpu: GpuType, gpus: number): number {
  return job.microbatches * stageSeconds(job, forwardSecondsOn(job, gpu), backwardSecondsOn(job, gpu), gpus);
}

/** Counts in [minGpus, maxGpus], ascending, at which every stage fits in memory. More need not fit where fewer do. */
export function countsThatFit(job: Job, fleet: Fleet): number[] {
  const most = Math.min(job.maxGpus, job.layers);
  return Array.from({ length: Math.max(0, most - job.minGpus + 1) }, (_, i) => job.minGpus + i).filter(
    (gpus) => stageLayers(job, gpus, fleet) !== undefined,
  );
}

/** K*: the first of the counts with the least ideal iteration time. Throws without counts. */
export function bestGpuCount(job: Job, gpu: GpuType, counts: readonly number[]): number {
  return counts.reduce((best, gpus) =>
    idealIterationSeconds(job, gpu, gpus) < idealIterationSeconds(job, gpu, best) ? gpus : best,
  );
}

/**
 * Whole bits per second that a hop needs so that a message takes no longer than the computation it hides behind:
 * `forward` the paper's F/k; `full` a micro-batch's whole time t(k), with a margin of 15 %.
 */
export type BandwidthNeed = "forward" | "full";

export function neededBitsPerSecond(job: Job, gpu: GpuType, gpus: number, need: BandwidthNeed): number {
  const bits = job.activationBytes * BITS_PER_BYTE;
  if (need === "forward") return Math.ceil((bits * gpus) / forwardSecondsOn(job, gpu));
  return Math.ceil(
    (1.15 * bits) / stageSeconds(job, forwardSecondsOn(job, gpu), backwardSecondsOn(job, gpu), gpus),
  );
}
