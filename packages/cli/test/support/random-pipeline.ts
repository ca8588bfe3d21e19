// Small pipelines for proofs: every time a multiple of a quarter second, so that solvers over integers lose nothing.
import type { Pipeline } from "@bace-pipe/core/pipeline";

/** Two to `most` ranks and micro-batches, unequal, one chunk per rank, no overhead; any of its hops may be a slow one. */
export function randomPipeline(random: () => number, most = 4): Pipeline {
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const seconds = (from: number, to: number) => whole(4 * from, 4 * to) / 4;
  const ranks = whole(2, most);
  const microbatches = whole(2, most);
  const each = <T>(count: number, make: () => T): readonly T[] => Array.from({ length: count }, make);
  const hop = () =>
    random() < 0.5
      ? { latencySeconds: seconds(0, 3), occupancySeconds: random() < 0.5 ? 0 : seconds(0, 2) }
      : { latencySeconds: 0, occupancySeconds: 0 };
  const cap = whole(2, 4 * ranks) / 2;
  const alike = random() < 0.5;
  const gradients =
    random() < 0.25
      ? each(ranks, () => ({ reduceSeconds: seconds(0, 3), gatherSeconds: seconds(0, 2) }))
      : undefined;
  const overCable = gradients !== undefined && random() < 0.5;
  const block = () => {
    const base = seconds(0.25, 2);
    return each(ranks, () => (alike ? base : seconds(0.25, 2)));
  };
  return {
    ranks,
    microbatches,
    chunks: 1,
    forwardSeconds: block(),
    inputGradSeconds: block(),
    weightGradSeconds: block(),
    overheadSeconds: 0,
    hops: each(ranks - 1, hop),
    memoryCap: each(ranks, () => (alike ? cap : whole(2, 4 * ranks) / 2)),
    ...(gradients && {
      gradients: gradients.map((sync, rank) =>
        overCable ? { ...sync, overLinkToRank: rank < ranks - 1 ? rank + 1 : rank - 1 } : sync,
      ),
    }),
  };
}
