/** A pipeline in the integers of the greedy: durations by kind and stage, links by stage, memory in half activations. */
import type { Pipeline } from "../../pipeline.ts";

export interface GreedyInput {
  readonly ranks: number;
  readonly stages: number;
  readonly microbatches: number;
  readonly rankOfStage: Int32Array;
  /** Stages of rank r: the `stages / ranks` entries from `r * stages / ranks` on, ascending. */
  readonly stagesOfRank: Int32Array;
  /** By kind (0 F, 1 I, 2 W) x stages + stage, overhead included. */
  readonly durationSeconds: Float64Array;
  /** By rank. */
  readonly capHalves: Int32Array;
  /** By stage: the link to the stage after it, and to the one before it; -1 on the same rank or at the end. */
  readonly forthLink: Int32Array;
  readonly backLink: Int32Array;
  /** By link, which is 2 x hop + (0 forth, 1 back). */
  readonly latencySeconds: Float64Array;
  readonly occupancySeconds: Float64Array;
  /** By stage: when its weights are there, and what reducing its gradients takes after its last W. */
  readonly gatheredSeconds: Float64Array;
  readonly reduceSeconds: Float64Array;
  /** Kind of the block after which a gradient is there: W, or I where that is the whole backward. */
  readonly gradientKind: 1 | 2;
  /** By stage: what carries that, a link or `links + rank` for a network apart. */
  readonly reduceMedium: Int32Array;
  /** By link, then by rank: until when weights are gathered over it. */
  readonly mediumFreeSeconds: Float64Array;
  /** Times closer than this are the same: sums of seconds in another order differ in their last bits. */
  readonly toleranceSeconds: number;
}

/** Stages on neighbouring ranks only. Memory without a limit is as much as all activations. */
export function greedyInput(pipeline: Pipeline, placedOn: readonly number[]): GreedyInput {
  const { backHops, chunks, hops, memoryCap, microbatches, overheadSeconds, ranks } = pipeline;
  const stages = placedOn.length;
  const scale = (chunks * ranks) / stages;
  const rankOfStage = Int32Array.from(placedOn);
  const stagesOfRank = Int32Array.from(
    Array.from({ length: ranks }, (_, rank) =>
      placedOn.flatMap((owner, stage) => (owner === rank ? [stage] : [])),
    ).flat(),
  );
  const durationSeconds = new Float64Array(3 * stages);
  const forthLink = new Int32Array(stages).fill(-1);
  const backLink = new Int32Array(stages).fill(-1);
  for (let stage = 0; stage < stages; stage++) {
    const rank = placedOn[stage]!;
    durationSeconds[stage] = pipeline.forwardSeconds[rank]! * scale + overheadSeconds;
    durationSeconds[stages + stage] = pipeline.inputGradSeconds[rank]! * scale + overheadSeconds;
    durationSeconds[2 * stages + stage] = pipeline.weightGradSeconds[rank]! * scale + overheadSeconds;
    if (stage + 1 < stages) forthLink[stage] = linkBetween(rank, placedOn[stage + 1]!);
    if (stage > 0) backLink[stage] = linkBetween(rank, placedOn[stage - 1]!);
  }
  const links = hops.flatMap((hop, i) => [hop, backHops?.[i] ?? hop]);
  const most = microbatches * (stages / ranks);
  return {
    ...{ ranks, stages, microbatches, rankOfStage, stagesOfRank, durationSeconds, forthLink, backLink },
    capHalves: Int32Array.from(memoryCap, (cap) => Math.floor(2 * Math.min(most, cap / scale + 1e-9))),
    latencySeconds: Float64Array.from(links.map(({ latencySeconds }) => latencySeconds)),
    occupancySeconds: Float64Array.from(links.map(({ occupancySeconds }) => occupancySeconds)),
    gradientKind: 2,
    ...gradientsOf(pipeline, placedOn, scale),
    toleranceSeconds: 1e-9 * Math.max(...durationSeconds),
  };
}

function linkBetween(from: number, to: number): number {
  if (from === to) return -1;
  if (Math.abs(from - to) !== 1) throw new RangeError(`ranks ${from} and ${to} are no neighbours`);
  return 2 * Math.min(from, to) + (to > from ? 0 : 1);
}

/** As the timing pass has it: gathers first, in the order of a rank's stages. */
function gradientsOf({ gradients, hops, ranks }: Pipeline, placedOn: readonly number[], scale: number) {
  const stages = placedOn.length;
  const gatheredSeconds = new Float64Array(stages);
  const reduceSeconds = new Float64Array(stages);
  const reduceMedium = new Int32Array(stages);
  const mediumFreeSeconds = new Float64Array(2 * hops.length + ranks);
  if (gradients) {
    for (const [stage, rank] of placedOn.entries()) {
      const { gatherSeconds, overLinkToRank, reduceSeconds: reduce } = gradients[rank]!;
      const medium =
        overLinkToRank === undefined ? 2 * hops.length + rank : linkBetween(rank, overLinkToRank);
      mediumFreeSeconds[medium]! += gatherSeconds * scale;
      gatheredSeconds[stage] = mediumFreeSeconds[medium]!;
      reduceSeconds[stage] = reduce * scale;
      reduceMedium[stage] = medium;
    }
  }
  return { gatheredSeconds, reduceSeconds, reduceMedium, mediumFreeSeconds };
}
