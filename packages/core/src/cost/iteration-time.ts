// Seconds of one training iteration under a placement, by three models (a job's time is never guessed any other way):
//   overlapped  (m+k−1)·max(t, A/b)       BACE-Pipe, communication hidden up to the slower of the two; no latency
//   serial      (m+k−1)·(t + 2·A/b)       BACE-Pipe, communication after computation; no latency
//   1f1b        the timing pass over a 1F1B schedule, with the placement's extra warm-up: whole layers per stage, latency
//               and occupancy per directed hop
// with t = C/k + d, b the slowest hop's granted bandwidth. k is real-valued in the first two (C/k), whole layers in the
// third. Replicas then reduce their gradients (gradient-reduction.ts).
import { type Fleet, topologyOf } from "../fleet/fleet.ts";
import { forEachHop, type Placement, placedGpus } from "../fleet/ledger.ts";
import { type Link, oneFOneBSeconds } from "../pipeline/index.ts";
import { BITS_PER_BYTE } from "../units.ts";
import { gradientReductionSeconds } from "./gradient-reduction.ts";
import { backwardSecondsOn, forwardSecondsOn, type Job } from "./job.ts";
import { createMemo } from "./memo.ts";
import { placementExtraForwards, stageLayers, stageRegions } from "./stages.ts";
import { placementInUnits, unitView } from "./unit.ts";

export const TIME_MODELS = ["overlapped", "serial", "1f1b"] as const;
export type TimeModel = (typeof TIME_MODELS)[number];

/** t(k) = C/k + d: one micro-batch, forward and backward, on one of k stages, given one-GPU times. */
export function stageSeconds(
  job: Job,
  forwardSeconds: number,
  backwardSeconds: number,
  stages: number,
): number {
  return (forwardSeconds + backwardSeconds) / stages + 2 * job.overheadSeconds;
}

/** Seconds for one message of the job over a hop, without latency. */
export function occupancySeconds(job: Job, bitsPerSecond: number): number {
  return (job.activationBytes * BITS_PER_BYTE) / bitsPerSecond;
}

/** Seconds of one iteration. Throws if a hop was granted no bandwidth. */
export function iterationSeconds(job: Job, fleet: Fleet, placement: Placement, model: TimeModel): number {
  if (placement.hopBitsPerSecond.some((b) => b <= 0)) throw new Error(`${job.id}: a hop without bandwidth`);
  const view = unitView(job, fleet);
  const units = placementInUnits(placement, view.unitGpus);
  return pipelineSeconds(view.job, view.fleet, units, model) + gradientReductionSeconds(job, view, units);
}

/** One GPU per stage, as everything below. */
function pipelineSeconds(job: Job, fleet: Fleet, placement: Placement, model: TimeModel): number {
  if (model === "1f1b") return scheduledIterationSeconds(job, fleet, placement);
  const stages = placedGpus(placement);
  const t = slowestStageSeconds(job, fleet, placement, stages);
  const transfer = placement.hopBitsPerSecond.reduce(
    (worst, b) => Math.max(worst, occupancySeconds(job, b)),
    0,
  );
  const period = model === "overlapped" ? Math.max(t, transfer) : t + 2 * transfer;
  return (job.microbatches + stages - 1) * period;
}

/** Seconds of the whole job under a placement. */
export function runSeconds(job: Job, fleet: Fleet, placement: Placement, model: TimeModel): number {
  return job.iterations * iterationSeconds(job, fleet, placement, model);
}

/** Seconds by stage. */
export interface StageTimes {
  readonly forward: readonly number[];
  readonly backward: readonly number[];
}

/** Forward and backward seconds of every stage of a placement, overhead left out. The head is the last stage's. */
export function stageTimes(
  asked: Job,
  askedFleet: Fleet,
  inGpus: Placement,
): { forward: number[]; backward: number[] } {
  const { fleet, job, unitGpus } = unitView(asked, askedFleet);
  const placement = placementInUnits(inGpus, unitGpus);
  const positions = stageRegions(placement.gpus);
  const layers = stageLayers(job, positions.length, fleet, placementExtraForwards(placement));
  if (!layers) throw new Error(`${job.id} does not fit in memory on ${positions.length} stages`);
  const gpuOf = (stage: number) => fleet.regions[placement.regions[positions[stage]!]!]!.gpuType;
  const share = (stage: number) => {
    const units = layers[stage]!.layerCount + (stage === positions.length - 1 ? job.headLayers : 0);
    return units / (job.layers + job.headLayers);
  };
  return {
    forward: positions.map((_, stage) => forwardSecondsOn(job, gpuOf(stage)) * share(stage)),
    backward: positions.map((_, stage) => backwardSecondsOn(job, gpuOf(stage)) * share(stage)),
  };
}

/** The directed links of a placement between neighbouring stages; stages in one region exchange in no time. */
export function stageLinks(asked: Job, askedFleet: Fleet, inGpus: Placement): Link[] {
  const { fleet, job, unitGpus } = unitView(asked, askedFleet);
  const placement = placementInUnits(inGpus, unitGpus);
  const { latencySeconds, regionCount } = topologyOf(fleet);
  const links: Link[] = [];
  let lastStage = -1;
  forEachHop(placement, (a, b, bitsPerSecond, hop) => {
    lastStage += placement.gpus[hop]!;
    const occupancy = occupancySeconds(job, bitsPerSecond);
    const link = (fromRank: number, toRank: number, from: number, to: number): Link => ({
      fromRank,
      toRank,
      latencySeconds: latencySeconds[from * regionCount + to]!,
      occupancySeconds: occupancy,
    });
    links.push(link(lastStage, lastStage + 1, a, b), link(lastStage + 1, lastStage, b, a));
  });
  return links;
}

/**
 * By the timing pass. Remembered: schedulers and simulators ask for the same placement again and again, and jobs of one
 * kind for the same as others.
 */
function scheduledIterationSeconds(job: Job, fleet: Fleet, placement: Placement): number {
  const key = placementKey(fleet, placement);
  const known = timed.get(fleet, job);
  const seconds = known.get(key) ?? timeSchedule(job, fleet, placement);
  known.set(key, seconds);
  return seconds;
}

const timed = createMemo<number>();

/** The same for placements that are timed the same: where one region is all, only its kind of GPU matters. */
function placementKey({ regions: all }: Fleet, placement: Placement): string {
  const { gpus, hopBitsPerSecond, hopExtraForwards = [], regions } = placement;
  return regions.length === 1
    ? `${gpus[0]} ${all[regions[0]!]!.gpuType.name}`
    : `${regions} ${gpus} ${hopBitsPerSecond} ${hopExtraForwards}`;
}

function timeSchedule(job: Job, fleet: Fleet, placement: Placement): number {
  const { forward, backward } = stageTimes(job, fleet, placement);
  const timing = {
    forwardSeconds: forward,
    inputGradSeconds: backward,
    weightGradSeconds: backward.map(() => 0),
    overheadSeconds: job.overheadSeconds,
    links: stageLinks(job, fleet, placement),
  };
  return oneFOneBSeconds(job.microbatches, timing, placementExtraForwards(placement));
}

function slowestStageSeconds(job: Job, fleet: Fleet, placement: Placement, stages: number): number {
  return placement.regions.reduce((slowest, region) => {
    const gpu = fleet.regions[region]!.gpuType;
    return Math.max(
      slowest,
      stageSeconds(job, forwardSecondsOn(job, gpu), backwardSecondsOn(job, gpu), stages),
    );
  }, 0);
}
