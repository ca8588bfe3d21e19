/**
 * DualPipeV: DualPipe's order folded into a V (DeepSeek's published code; the "cut in half" of Qi et al.,
 * hackmd.io/@ufotalent/r1lVXsa9Jg; PyTorch's `ScheduleDualPipeV`): two chunks per rank, parameters once.
 *
 * A rank holds 2p+1 chunk activations at most. Bubble (p−1)(F&B + B − 3W), where F&B is the time of a fused pair, if pairs
 * run as one block and F = I; the timing pass here runs them one after the other and gives (p−1)(F+I−W) if I ≤ F ≤ I+W.
 * Each micro-batch crosses a cut four times. Made for m ≥ 2p; with fewer, the order for 2p without those that are not there.
 */

import type { Schedule } from "../schedule.ts";
import { tally, withoutMicrobatches } from "./counted.ts";
import { dualSteps } from "./dual-steps.ts";
import { wavePlacement } from "./placement.ts";
import { assertShape, type Generator, type PipelineShape, range } from "./shape.ts";

export const dualPipeV: Generator = { build };

function build(shape: PipelineShape): Schedule {
  assertShape(shape);
  const { microbatches, ranks } = shape;
  const planned = Math.max(2 * ranks, microbatches);
  return {
    generator: "dualpipe-v",
    stages: 2 * ranks,
    microbatches,
    ranks: range(ranks).map((rank) => {
      const far = 2 * ranks - 1 - rank;
      const streams = { depth: ranks, place: rank, microbatches: planned, near: rank, far };
      return withoutMicrobatches(dualSteps(streams, tally()), (microbatch) => microbatch < microbatches);
    }),
    rankOfStage: wavePlacement(ranks),
  };
}
