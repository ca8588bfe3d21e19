/**
 * DualPipe (DeepSeek-V3, arXiv 2412.19437, section 3.2.1): micro-batches enter at both ends. The first ⌈m/2⌉ go through
 * the ranks upwards, the others downwards, so rank r holds the parameters of stages r and p−1−r.
 *
 * A rank holds p+1 activations at most. Bubble (p/2−1)(F&B + B − 3W), where F&B is the time of a fused pair, if pairs run
 * as one block and F = I; the timing pass here runs them one after the other and gives (p/2−1)(F+I−W) if I ≤ F ≤ I+W.
 * Needs an even p. Made for even m ≥ 2p; otherwise the order for the next such m without the micro-batches that are not
 * there. Leaves out: exchanging gradients between the two holders of a stage.
 */

import type { Schedule } from "../schedule.ts";
import { tally, withoutMicrobatches } from "./counted.ts";
import { dualSteps } from "./dual-steps.ts";
import { assertShape, type Generator, type PipelineShape, range } from "./shape.ts";

export const dualPipe: Generator = { build, refuses };

function refuses({ ranks }: PipelineShape): string | undefined {
  if (ranks % 2 === 0) return undefined;
  return `DualPipe pairs each rank with the one opposite, and ${ranks} is odd: give an even number of ranks.`;
}

function build(shape: PipelineShape): Schedule {
  assertShape(shape);
  const refused = refuses(shape);
  if (refused !== undefined) throw new RangeError(refused);
  const { microbatches, ranks } = shape;
  const firstMicrobatch = Math.ceil(microbatches / 2);
  const planned = Math.max(ranks, firstMicrobatch);
  return {
    generator: "dualpipe",
    stages: ranks,
    microbatches,
    ranks: range(ranks).map((rank) => {
      // Numbered as if there were `planned` in both directions, those of the second from `planned` on.
      const upwards = rank;
      const downwards = ranks - 1 - rank;
      const [near, far] = rank < ranks / 2 ? [upwards, downwards] : [downwards, upwards];
      const streams = {
        depth: ranks / 2,
        place: Math.min(upwards, downwards),
        microbatches: planned,
        near,
        far,
      };
      const all = dualSteps(
        streams,
        tally((stage) => (stage === upwards ? 0 : planned)),
      );
      const present = withoutMicrobatches(all, (microbatch) =>
        microbatch < planned
          ? microbatch < firstMicrobatch
          : microbatch - planned < microbatches - firstMicrobatch,
      );
      return present.map((action) =>
        action.microbatch < planned
          ? action
          : { ...action, microbatch: action.microbatch - planned + firstMicrobatch },
      );
    }),
    rankOfStage: range(ranks),
    mirrored: { firstMicrobatch, rankOfStage: range(ranks).toReversed() },
  };
}
