// What each stage does once per iteration when its last gradient is there: reducing the gradients of d replicas, and the
// optimizer's update, where it was measured. The replicas of a stage are in one region, so this stays on the
// region's interconnect: a ring all-reduce in which every GPU sends 2(d−1)/d of its gradients, fp32.
// In the formulas and under `1f1b` nothing of it overlaps with the backward pass: an upper estimate. Under `auto` each stage
// begins when its own last gradient is there, while others still compute. A sharded optimizer (reduce-scatter, then
// all-gather) sends as much or less. Left out: latency; updates of work that was not measured (they are part of efficiency).
import { type Fleet, interconnectBitsPerSecondOf } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import { type ModelSlice, sliceParameters, wholeModel } from "../model/shape.ts";
import { BITS_PER_BYTE } from "../units.ts";
import type { Job } from "./job.ts";
import { measuredSecondsOn } from "./measured-work.ts";
import { placementExtraForwards, sliceOf, stageLayers, stageRegions } from "./stages.ts";
import type { UnitView } from "./unit.ts";

const BYTES_PER_GRADIENT = 4;

/**
 * Seconds per iteration until the slowest stage's gradients are reduced and its weights updated; 0 with one replica, or
 * where no size is known, and no measured update.
 * @param job with its t and d, as it was asked for.
 * @param view the same in units, and the placement too.
 */
export function gradientReductionSeconds(job: Job, view: UnitView, placement: Placement): number {
  return Math.max(0, ...stageReductionSeconds(job, view, placement));
}

/** By stage; empty where nothing is reduced, and no update was measured. */
export function stageReductionSeconds(job: Job, view: UnitView, placement: Placement): readonly number[] {
  const { work } = job;
  const isReduced = reduces(job);
  if (!isReduced && work.kind !== "measured") return [];
  const positions = stageRegions(placement.gpus);
  const stages = stageLayers(view.job, positions.length, view.fleet, placementExtraForwards(placement));
  if (!stages) throw new Error(`${job.id} does not fit in memory on ${positions.length} stages`);
  return stages.map((_, stage) => {
    const slice = sliceOf(stages, stage);
    const region = view.fleet.regions[placement.regions[positions[stage]!]!]!;
    const reduced = isReduced ? sentBits(job, slice) / interconnectBitsPerSecondOf(region) : 0;
    if (work.kind !== "measured") return reduced;
    return reduced + measuredSecondsOn(work, slice, region.gpuType).updateSeconds;
  });
}

/** Of the whole model on one stage, at the fastest interconnect: on k stages the largest takes at least 1/k of it. */
export function wholeReductionSeconds(job: Job, fleet: Fleet): number {
  if (!reduces(job)) return 0;
  const slice = job.memory
    ? wholeModel(job.memory.shape)
    : { layers: job.layers, embedding: true, head: true };
  return sentBits(job, slice) / Math.max(...fleet.regions.map(interconnectBitsPerSecondOf));
}

function reduces({ dataParallel = 1, gradientBytes, memory }: Job): boolean {
  return dataParallel > 1 && (memory !== undefined || gradientBytes !== undefined);
}

/** By each GPU of a stage. */
function sentBits(job: Job, slice: ModelSlice): number {
  const { dataParallel = 1, gradientBytes = 0, memory, tensorParallel = 1 } = job;
  const bytes = memory
    ? BYTES_PER_GRADIENT * sliceParameters(memory.shape, slice)
    : (gradientBytes * slice.layers) / job.layers;
  return ((2 * (dataParallel - 1)) / dataParallel) * (bytes / tensorParallel) * BITS_PER_BYTE;
}
