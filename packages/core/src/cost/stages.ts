// How a model's layers are cut into stages: contiguous, as even as memory allows. Without a memory model as even as
// whole layers allow, the longer stages first. One GPU per stage: others come here in units (unit.ts).
// Left out: splits weighted by unequal GPUs or by the head's work.
import { type Fleet, smallestMemoryBytes } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import { fittingSplit } from "../model/memory.ts";
import type { ModelSlice } from "../model/shape.ts";
import { extraForwardsOf } from "../pipeline/index.ts";
import type { Job } from "./job.ts";

export interface StageLayers {
  readonly firstLayer: number;
  readonly layerCount: number;
}

/**
 * Layer ranges of `stages` stages; undefined where no split fits every stage into the fleet's smallest GPU.
 * @param extraForwards per stage: micro-batches that it holds besides 1F1B's.
 */
export function stageLayers(
  job: Job,
  stages: number,
  fleet: Fleet,
  extraForwards: readonly number[] = [],
): StageLayers[] | undefined {
  const counts = job.memory
    ? fittingSplit(job.memory.shape, stages, {
        ...job.memory.options,
        microbatches: job.microbatches,
        memoryBytes: smallestMemoryBytes(fleet),
        extraForwards,
      })
    : evenSplit(job.layers, stages);
  let firstLayer = 0;
  return counts?.map((layerCount) => {
    const range = { firstLayer, layerCount };
    firstLayer += layerCount;
    return range;
  });
}

/** What one of all stages holds of the model. */
export function sliceOf(stages: readonly StageLayers[], stage: number): ModelSlice {
  return {
    layers: stages[stage]!.layerCount,
    embedding: stage === 0,
    head: stage === stages.length - 1,
  };
}

/** Region (index into the placement's path) of each stage: the path's order, one stage per GPU. */
export function stageRegions(gpus: readonly number[]): number[] {
  return gpus.flatMap((count, position) => Array<number>(count).fill(position));
}

/** Extra forwards per stage of a placement. */
export function placementExtraForwards({ gpus, hopExtraForwards = [] }: Placement): number[] {
  let stages = 0;
  const stageBefore = gpus.slice(0, -1).map((count) => {
    stages += count;
    return stages - 1;
  });
  return extraForwardsOf(stages + gpus[gpus.length - 1]!, hopExtraForwards, stageBefore);
}

function evenSplit(layers: number, stages: number): number[] | undefined {
  if (stages < 1 || stages > layers) return undefined;
  const longer = layers % stages;
  return Array.from({ length: stages }, (_, stage) => Math.floor(layers / stages) + (stage < longer ? 1 : 0));
}
