// Seconds of one training iteration under a placement, by four models (a job's time is never guessed any other way):
//   overlapped  (m+k−1)·max(t, A/b)       BACE-Pipe, communication hidden up to the slower of the two; no latency
//   serial      (m+k−1)·(t + 2·A/b)       BACE-Pipe, communication after computation; no latency
//   1f1b        the timing pass over a 1F1B schedule, with the placement's extra warm-up: whole layers per stage, latency
//               and occupancy per directed hop
//   auto        the shortest of that and CrossPipe's greedy in the GPUs' memory (schedule.ts)
// with t = C/k + d, b the slowest hop's granted bandwidth. k is real-valued in the first two (C/k), whole layers in the
// third. Replicas then reduce their gradients (gradient-reduction.ts).
import type { Fleet } from "../fleet/fleet.ts";
import { type Placement, placedGpus } from "../fleet/ledger.ts";
import { gradientReductionSeconds, stageReductionSeconds } from "./gradient-reduction.ts";
import { backwardSecondsOn, forwardSecondsOn, type Job } from "./job.ts";
import { createMemo, type Memo } from "./memo.ts";
import { bestSeconds, warmupSeconds } from "./schedule.ts";
import { occupancySeconds } from "./stage-times.ts";
import { placementInUnits, unitView } from "./unit.ts";

export const TIME_MODELS = ["overlapped", "serial", "1f1b", "auto"] as const;
export type TimeModel = (typeof TIME_MODELS)[number];

/** Whether the model times a schedule, in which latency can be hidden, and not a formula. */
export function isScheduled(model: TimeModel): model is "1f1b" | "auto" {
  return model === "1f1b" || model === "auto";
}

/** t(k) = C/k + d: one micro-batch, forward and backward, on one of k stages, given one-GPU times. */
export function stageSeconds(
  job: Job,
  forwardSeconds: number,
  backwardSeconds: number,
  stages: number,
): number {
  return (forwardSeconds + backwardSeconds) / stages + 2 * job.overheadSeconds;
}

/** Seconds of one iteration. Throws if a hop was granted no bandwidth. */
export function iterationSeconds(job: Job, fleet: Fleet, placement: Placement, model: TimeModel): number {
  if (placement.hopBitsPerSecond.some((b) => b <= 0)) throw new Error(`${job.id}: a hop without bandwidth`);
  const view = unitView(job, fleet);
  const units = placementInUnits(placement, view.unitGpus);
  if (model === "auto") {
    const reductions = stageReductionSeconds(job, view, units);
    return remembered(best, view.job, view.fleet, units, reductions);
  }
  return pipelineSeconds(view.job, view.fleet, units, model) + gradientReductionSeconds(job, view, units);
}

/** One GPU per stage, as everything below. */
function pipelineSeconds(
  job: Job,
  fleet: Fleet,
  placement: Placement,
  model: Exclude<TimeModel, "auto">,
): number {
  if (model === "1f1b") return remembered(warmup, job, fleet, placement);
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

type Timed = (job: Job, fleet: Fleet, placement: Placement, reductions?: readonly number[]) => number;

interface Remembered {
  readonly seconds: Timed;
  readonly memo: Memo<number>;
}

const warmup: Remembered = { seconds: warmupSeconds, memo: createMemo() };
const best: Remembered = { seconds: bestSeconds, memo: createMemo() };

/**
 * By the timing pass. Schedulers and simulators ask for the same placement again and again, and jobs of one kind for the
 * same as others.
 */
function remembered(
  { memo, seconds: timed }: Remembered,
  job: Job,
  fleet: Fleet,
  placement: Placement,
  reductions: readonly number[] = [],
): number {
  const key = `${placementKey(fleet, placement)} ${reductions}`;
  const known = memo.get(fleet, job);
  const seconds = known.get(key) ?? timed(job, fleet, placement, reductions);
  known.set(key, seconds);
  return seconds;
}

/** The same for placements that are timed the same: where one region is all, only its kind of GPU matters. */
function placementKey({ regions: all }: Fleet, placement: Placement): string {
  const { gpus, hopBitsPerSecond, hopExtraForwards = [], regions } = placement;
  return regions.length === 1
    ? `${gpus[0]} ${all[regions[0]!]!.gpuType.name}`
    : `${regions} ${gpus} ${hopBitsPerSecond} ${hopExtraForwards}`;
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
