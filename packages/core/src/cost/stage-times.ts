// What a schedule of a placement is timed with: seconds of each stage, and the directed links between neighbours.
import { type Fleet, topologyOf } from "../fleet/fleet.ts";
import { forEachHop, type Placement } from "../fleet/ledger.ts";
import type { Link } from "../pipeline/index.ts";
import { BITS_PER_BYTE } from "../units.ts";
import { backwardSecondsOn, forwardSecondsOn, type Job } from "./job.ts";
import { measuredSecondsOn, type PartSeconds } from "./measured-work.ts";
import { placementExtraForwards, sliceOf, stageLayers, stageRegions } from "./stages.ts";
import { placementInUnits, unitView } from "./unit.ts";

/** Seconds for one message of the job over a hop, without latency. */
export function occupancySeconds(job: Job, bitsPerSecond: number): number {
  return (job.activationBytes * BITS_PER_BYTE) / bitsPerSecond;
}

/** Seconds by stage. */
export interface StageTimes {
  readonly forward: readonly number[];
  readonly backward: readonly number[];
  /** Of a backward in two parts: as measured, or else half a whole one each. */
  readonly inputGrad: readonly number[];
  readonly weightGrad: readonly number[];
}

/** Forward and backward seconds of every stage of a placement, overhead left out. The head is the last stage's. */
export function stageTimes(asked: Job, askedFleet: Fleet, inGpus: Placement): StageTimes {
  const { fleet, job, unitGpus } = unitView(asked, askedFleet);
  const placement = placementInUnits(inGpus, unitGpus);
  const positions = stageRegions(placement.gpus);
  const layers = stageLayers(job, positions.length, fleet, placementExtraForwards(placement));
  if (!layers) throw new Error(`${job.id} does not fit in memory on ${positions.length} stages`);
  const gpuOf = (stage: number) => fleet.regions[placement.regions[positions[stage]!]!]!.gpuType;
  const { work } = job;
  if (work.kind === "measured") {
    const seconds = positions.map((_, stage) =>
      measuredSecondsOn(work, sliceOf(layers, stage), gpuOf(stage)),
    );
    const by = (field: keyof PartSeconds) => seconds.map((of) => of[field]);
    return {
      forward: by("forwardSeconds"),
      backward: by("backwardSeconds"),
      inputGrad: by("inputGradSeconds"),
      weightGrad: by("weightGradSeconds"),
    };
  }
  const share = (stage: number) => {
    const units = layers[stage]!.layerCount + (stage === positions.length - 1 ? job.headLayers : 0);
    return units / (job.layers + job.headLayers);
  };
  const backward = positions.map((_, stage) => backwardSecondsOn(job, gpuOf(stage)) * share(stage));
  const halves = backward.map((seconds) => seconds / 2);
  return {
    forward: positions.map((_, stage) => forwardSecondsOn(job, gpuOf(stage)) * share(stage)),
    ...{ backward, inputGrad: halves, weightGrad: halves },
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
