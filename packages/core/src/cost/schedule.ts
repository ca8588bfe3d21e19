// The schedule of a placement: 1F1B with the placement's extra warm-up, or, where a time model may choose, CrossPipe's greedy
// if that is shorter in the memory that the GPUs have. What is timed here is what a plan carries, to the last action.
// One GPU per stage: others come here in units (unit.ts). Left out: schedules of several chunks per GPU.
import { type Fleet, smallestMemoryBytes } from "../fleet/fleet.ts";
import { type Placement, placedGpus } from "../fleet/ledger.ts";
import { inFlightCapacities } from "../model/memory.ts";
import {
  crosspipeSchedule,
  crosspipeSeconds,
  oneFOneBSeconds,
  type Pipeline,
  type Schedule,
  warmupOneFOneB,
} from "../pipeline/index.ts";
import type { Job } from "./job.ts";
import { stageLinks, stageTimes } from "./stage-times.ts";
import { placementExtraForwards, stageLayers } from "./stages.ts";

/** Orders of the greedy that are tried: schedulers ask for thousands of placements, and more orders win little. */
const ORDERS = 2;

/** The placement as a chain of ranks, one stage each. Where backwards stay whole, their seconds are two equal halves. */
export function pipelineOf(
  job: Job,
  fleet: Fleet,
  placement: Placement,
  reductions: readonly number[] = [],
): Pipeline {
  const { backward, forward, inputGrad, weightGrad } = stageTimes(job, fleet, placement);
  const halves = backward.map((seconds) => seconds / 2);
  const { wholeBackwards } = effortFor(job);
  const ranks = forward.length;
  const none = { latencySeconds: 0, occupancySeconds: 0 };
  const hops = Array.from({ length: ranks - 1 }, () => none);
  const backHops = hops.slice();
  for (const { fromRank, latencySeconds, occupancySeconds, toRank } of stageLinks(job, fleet, placement))
    (fromRank < toRank ? hops : backHops)[Math.min(fromRank, toRank)] = { latencySeconds, occupancySeconds };
  return {
    ranks,
    microbatches: job.microbatches,
    chunks: 1,
    forwardSeconds: forward,
    inputGradSeconds: wholeBackwards ? halves : inputGrad,
    weightGradSeconds: wholeBackwards ? halves : weightGrad,
    overheadSeconds: job.overheadSeconds,
    hops,
    backHops,
    memoryCap: memoryCaps(job, fleet, placement),
    ...(reductions.length > 0
      ? { gradients: reductions.map((reduceSeconds) => ({ reduceSeconds, gatherSeconds: 0 })) }
      : {}),
  };
}

/** Activations that each stage can hold; without a memory model there is no limit. */
function memoryCaps(job: Job, fleet: Fleet, placement: Placement): readonly number[] {
  const stages = placedGpus(placement);
  if (!job.memory) return Array<number>(stages).fill(Number.POSITIVE_INFINITY);
  const layers = stageLayers(job, stages, fleet, placementExtraForwards(placement))!;
  return inFlightCapacities(
    job.memory.shape,
    layers.map(({ layerCount }) => layerCount),
    { ...job.memory.options, memoryBytes: smallestMemoryBytes(fleet) },
  );
}

/** Seconds of 1F1B with the placement's extra warm-up. */
export function warmupSeconds(
  job: Job,
  fleet: Fleet,
  placement: Placement,
  reductions: readonly number[] = [],
): number {
  const { backward, forward } = stageTimes(job, fleet, placement);
  const timing = {
    forwardSeconds: forward,
    inputGradSeconds: backward,
    weightGradSeconds: backward.map(() => 0),
    overheadSeconds: job.overheadSeconds,
    links: stageLinks(job, fleet, placement),
    gradientSyncs: reductions.map((reduceSeconds, stage) => ({
      ...{ rank: stage, stage },
      ...{ reduceSeconds, gatherSeconds: 0 },
    })),
  };
  return oneFOneBSeconds(job.microbatches, timing, placementExtraForwards(placement));
}

/**
 * Seconds of the best schedule.
 * @param reductions by stage, seconds of reducing its gradients; overlapped with what other stages still do.
 */
export function bestSeconds(
  job: Job,
  fleet: Fleet,
  placement: Placement,
  reductions: readonly number[] = [],
): number {
  const known = warmupSeconds(job, fleet, placement, reductions);
  if (placedGpus(placement) === 1) return known;
  const pipeline = pipelineOf(job, fleet, placement, reductions);
  return Math.min(known, crosspipeSeconds(pipeline, effortFor(job)) ?? known);
}

/** The schedule that {@link bestSeconds} has timed. */
export function bestSchedule(job: Job, fleet: Fleet, placement: Placement): Schedule {
  const known = warmupSeconds(job, fleet, placement);
  const greedy =
    placedGpus(placement) > 1 && bestSeconds(job, fleet, placement) < known
      ? crosspipeSchedule(pipelineOf(job, fleet, placement), effortFor(job))
      : undefined;
  return greedy ?? warmupSchedule(job, placement);
}

export function warmupSchedule(job: Job, placement: Placement): Schedule {
  const extraForwards = placementExtraForwards(placement);
  const schedule = warmupOneFOneB(
    { ranks: placedGpus(placement), microbatches: job.microbatches },
    extraForwards,
  );
  return extraForwards.some((extra) => extra > 0) ? schedule : { ...schedule, generator: "1f1b" };
}

/**
 * Jobs that the worker trains keep whole backwards: memory is counted in halves of an activation, and what an I leaves in
 * the worker is about 70 % of one in bytes. Jobs that are only simulated split them, by the papers' count.
 */
function effortFor(job: Job) {
  return { orders: ORDERS, wholeBackwards: job.training !== undefined };
}
