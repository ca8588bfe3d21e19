/**
 * What is to be scheduled: ranks in a chain, micro-batches, seconds of computation and of messages, and memory. Generators
 * that know times take it whole; the timing of any schedule of it, whatever its chunks and their places, follows from it.
 *
 * One cut between ranks 1 and 2 of four, where a message takes half a second to arrive:
 *
 *     { ranks: 4, microbatches: 8, chunks: 1, forwardSeconds: [1, 1, 1, 1], …, overheadSeconds: 0,
 *       hops: [here, { latencySeconds: 0.5, occupancySeconds: 0 }, here], memoryCap: [4, 4, 4, 4] }
 *
 * A schedule that goes round (interleaved) sends from the last rank to the first too: over the slowest hop of the chain,
 * which is the cut, and which it shares with the messages that cross there anyway if no other hop is as slow.
 * Where stages sit on two ranks (DualPipe) both take the time of the rank that `rankOfStage` names.
 */

import type { Schedule } from "./schedule.ts";
import type { GradientSync, Hop, Link, Timing } from "./timing.ts";

export type Pipeline = {
  readonly ranks: number;
  readonly microbatches: number;
  /** Chunks into which each rank's part of the model is cut in what follows: seconds and activations are of one. */
  readonly chunks: number;
  /** By rank, of one micro-batch through one chunk. */
  readonly forwardSeconds: readonly number[];
  readonly inputGradSeconds: readonly number[];
  readonly weightGradSeconds: readonly number[];
  /** Of each block, whatever its size. */
  readonly overheadSeconds: number;
  /** Hop h leads from rank h to h+1, and back; ranks - 1 of them. A message is of the same size wherever the model is cut. */
  readonly hops: readonly Hop[];
  /** The ways back, from rank h+1 to h, where they differ. */
  readonly backHops?: readonly Hop[];
  /** By rank: activations of one chunk that it can hold; Infinity for no limit. */
  readonly memoryCap: readonly number[];
  /** By rank: what its replicas exchange for one chunk; nothing where absent. */
  readonly gradients?: readonly Omit<GradientSync, "rank" | "stage">[];
};

/** How many of the pipeline's chunks one stage of the schedule is: 2 for 1F1B where the pipeline counts two per rank. */
export function chunksOfStage({ chunks, ranks }: Pipeline, schedule: Schedule): number {
  return (chunks * ranks) / schedule.stages;
}

/** Seconds of the schedule's stages and of every link that it uses. */
export function timingOf(pipeline: Pipeline, schedule: Schedule): Timing {
  const scale = chunksOfStage(pipeline, schedule);
  const byStage = (seconds: readonly number[]) => schedule.rankOfStage.map((rank) => seconds[rank]! * scale);
  const { gradients } = pipeline;
  return {
    forwardSeconds: byStage(pipeline.forwardSeconds),
    inputGradSeconds: byStage(pipeline.inputGradSeconds),
    weightGradSeconds: byStage(pipeline.weightGradSeconds),
    overheadSeconds: pipeline.overheadSeconds,
    links: linksOf(pipeline),
    ...(gradients ? { gradientSyncs: syncsOf(gradients, schedule, scale) } : {}),
  };
}

/** By stage, and in the same order again those of the second direction. */
function syncsOf(
  gradients: NonNullable<Pipeline["gradients"]>,
  { mirrored, rankOfStage, stages }: Schedule,
  scale: number,
): readonly GradientSync[] {
  return [...rankOfStage, ...(mirrored?.rankOfStage ?? [])].map((rank, place) => {
    const { gatherSeconds, reduceSeconds } = gradients[rank]!;
    const seconds = { reduceSeconds: reduceSeconds * scale, gatherSeconds: gatherSeconds * scale };
    return { ...gradients[rank]!, rank, stage: place % stages, ...seconds };
  });
}

/** Both directions of the chain, and of the way round from its last rank to its first. */
function linksOf({ backHops, hops, ranks }: Pipeline): readonly Link[] {
  const chain = hops.flatMap((hop, rank): Link[] => [
    { ...hop, fromRank: rank, toRank: rank + 1, medium: 2 * rank },
    { ...(backHops?.[rank] ?? hop), fromRank: rank + 1, toRank: rank, medium: 2 * rank + 1 },
  ]);
  if (ranks < 3) return chain;
  const slowest = slowestHop(hops);
  const shared = hops.filter((hop) => sameHop(hop, hops[slowest]!)).length === 1;
  const round = (fromRank: number, toRank: number, direction: 0 | 1): Link => ({
    ...hops[slowest]!,
    fromRank,
    toRank,
    // The way round from the last rank goes back over the cut, beside gradients; that from the first one beside activations.
    ...(shared ? { medium: 2 * slowest + direction } : {}),
  });
  return [...chain, round(ranks - 1, 0, 1), round(0, ranks - 1, 0)];
}

/** By occupancy and latency together: what one message takes. */
function slowestHop(hops: readonly Hop[]): number {
  const seconds = hops.map(({ latencySeconds, occupancySeconds }) => latencySeconds + occupancySeconds);
  return seconds.indexOf(Math.max(...seconds));
}

function sameHop(a: Hop, b: Hop): boolean {
  return a.latencySeconds === b.latencySeconds && a.occupancySeconds === b.occupancySeconds;
}
