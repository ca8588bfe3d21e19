// What a placement of `bace-plus` reserves on its hops, and how far it runs ahead to hide them.
import { neededBitsPerSecond } from "../../cost/gpu-count.ts";
import { isScheduled, stageSeconds, type TimeModel } from "../../cost/iteration-time.ts";
import { backwardSecondsOn, forwardSecondsOn, type Job } from "../../cost/job.ts";
import { placementExtraForwards, stageLayers } from "../../cost/stages.ts";
import { type Fleet, topologyOf } from "../../fleet/fleet.ts";
import type { GpuType } from "../../fleet/gpu-types.ts";
import { type Placement, placedGpus } from "../../fleet/ledger.ts";
import { hidingForwards } from "../../pipeline/index.ts";
import { BITS_PER_BYTE } from "../../units.ts";

/**
 * A message may take up to this share of a micro-batch's whole time where the schedule is timed: extra warm-up hides it.
 * The paper's formulas know no warm-up, so there it must hide behind the forward pass alone.
 */
const OCCUPANCY_SHARE = 1 / 1.15;

/** One micro-batch, forward and backward, on one of `gpus` stages. */
export function periodSeconds(job: Job, gpu: GpuType, gpus: number): number {
  return stageSeconds(job, forwardSecondsOn(job, gpu), backwardSecondsOn(job, gpu), gpus);
}

/** Whole bits per second of a hop so that its messages keep up with the pipeline. */
export function needBitsPerSecond(job: Job, gpu: GpuType, gpus: number, timeModel: TimeModel): number {
  if (!isScheduled(timeModel)) return neededBitsPerSecond(job, gpu, gpus, "forward");
  const bits = job.activationBytes * BITS_PER_BYTE;
  return Math.ceil(bits / (OCCUPANCY_SHARE * periodSeconds(job, gpu, gpus)));
}

/** The same placement with the warm-up that hides its hops, or as much of it as memory allows. */
export function withWarmup(job: Job, fleet: Fleet, placement: Placement, gpu: GpuType): Placement {
  const { latencySeconds, regionCount } = topologyOf(fleet);
  const { hopBitsPerSecond, regions } = placement;
  if (hopBitsPerSecond.length === 0) return placement;
  const period = periodSeconds(job, gpu, placedGpus(placement));
  const wanted = hopBitsPerSecond.map((bitsPerSecond, hop) => {
    const [a, b] = [regions[hop]!, regions[hop + 1]!];
    const delays = latencySeconds[a * regionCount + b]! + latencySeconds[b * regionCount + a]!;
    const roundTrip = delays + (2 * job.activationBytes * BITS_PER_BYTE) / bitsPerSecond;
    return Math.min(job.microbatches, hidingForwards(roundTrip, period));
  });
  for (let share = 1; share > 0; share -= 0.25) {
    const warm = { ...placement, hopExtraForwards: wanted.map((full) => Math.floor(share * full)) };
    const extra = placementExtraForwards(warm);
    if (!job.memory || stageLayers(job, placedGpus(warm), fleet, extra)) return warm;
  }
  return placement;
}
