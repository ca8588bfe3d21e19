/**
 * 1F1B with as much extra warm-up as hides every hop, or as much as memory allows (GeoPipe, arXiv 2510.12064; the
 * warm-up rule of `one-f-one-b.ts`). Where memory is short, hops give up one forward each by turns, the slowest to hide
 * last: what a hop keeps is of use by itself.
 */

import type { Pipeline } from "../pipeline.ts";
import type { Hop } from "../timing.ts";
import type { TimedGenerator } from "./index.ts";
import { extraForwardsOf, hidingForwards, warmupOneFOneB } from "./one-f-one-b.ts";

export const hidingWarmup: TimedGenerator = {
  build: (pipeline) => warmupOneFOneB(pipeline, fittingForwards(pipeline)),
};

/** ΔN by rank. */
export function fittingForwards(pipeline: Pipeline): readonly number[] {
  const { backHops, hops, memoryCap, microbatches, ranks } = pipeline;
  const period = periodSeconds(pipeline);
  const perHop = hops.map((hop, i) =>
    Math.min(microbatches, hidingForwards(delaySeconds(hop) + delaySeconds(backHops?.[i] ?? hop), period)),
  );
  const stageBefore = hops.map((_, hop) => hop);
  for (;;) {
    const extra = extraForwardsOf(ranks, perHop, stageBefore);
    const over = extra.findIndex((more, rank) => {
      const held = Math.min(microbatches, ranks - rank + more) * pipeline.chunks;
      return more > 0 && held > memoryCap[rank]!;
    });
    if (over < 0) return extra;
    // Only hops behind that rank make it hold more.
    const candidates = perHop.map((forwards, hop) => (hop >= over ? forwards : 0));
    perHop[candidates.indexOf(Math.max(...candidates))]! -= 1;
  }
}

function delaySeconds({ latencySeconds, occupancySeconds }: Hop): number {
  return latencySeconds + occupancySeconds;
}

/** C: the slowest rank's micro-batch. */
function periodSeconds({
  chunks,
  forwardSeconds,
  inputGradSeconds,
  overheadSeconds,
  weightGradSeconds,
}: Pipeline): number {
  const seconds = forwardSeconds.map(
    (forward, rank) =>
      chunks * (forward + inputGradSeconds[rank]! + weightGradSeconds[rank]!) + 2 * overheadSeconds,
  );
  return Math.max(...seconds);
}
