/**
 * Breadth-first pipeline (Lamy-Poirier, arXiv 2211.05953), PyTorch's `ScheduleLoopedBFS`: v chunks per rank, placed as a
 * loop; a chunk runs all its micro-batches before the rank turns to its next one.
 *
 * The bubble is (p−1)C/v like that of interleaved 1F1B if m ≥ p, but every rank holds all v·m chunk activations. What
 * it buys: weights of a chunk are gathered once per pass, and what m exceeds p by hides the way round. Backwards run in
 * the order 0..m−1, as in this folder's GPipe; PyTorch reverses it, which takes the same time.
 */

import type { Schedule } from "../schedule.ts";
import { loopPlacement } from "./placement.ts";
import { assertShape, type Generator, type PipelineShape, range } from "./shape.ts";

export const loopedBfs: Generator = { build };

function build(shape: PipelineShape): Schedule {
  assertShape(shape);
  const { chunks = 1, microbatches, ranks } = shape;
  const pass = (kind: "F" | "B", stage: number) =>
    range(microbatches).map((microbatch) => ({ kind, stage, microbatch }));
  return {
    generator: "looped-bfs",
    stages: ranks * chunks,
    microbatches,
    ranks: range(ranks).map((rank) => {
      const stages = range(chunks).map((chunk) => chunk * ranks + rank);
      return [
        ...stages.flatMap((stage) => pass("F", stage)),
        ...stages.toReversed().flatMap((stage) => pass("B", stage)),
      ];
    }),
    rankOfStage: loopPlacement(ranks, chunks),
  };
}
