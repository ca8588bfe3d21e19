/**
 * ZB-V (Qi et al., arXiv 2401.10241, section 6; its hand-made order, as in PyTorch's `ScheduleZBVZeroBubble`): two chunks
 * per rank, placed as a V, so that a rank's first forward and its last backward are of the same stage.
 *
 * Every rank holds 2p chunk activations, as much as 1F1B's stage 0. Span 2mC, no bubble, if F = I = W and m ≥ 2p−1. A
 * micro-batch crosses every cut four times. The hand-made order needs 2p−1 micro-batches to fill its warm-up; with fewer,
 * the same building block is repeated and packed like V-Half. Leaves out: the paper's greedy, which knows times.
 */

import type { Action, Schedule } from "../schedule.ts";
import { type BlockTimes, repeatBlock } from "./building-block.ts";
import { tally } from "./counted.ts";
import { wavePlacement } from "./placement.ts";
import { assertShape, type Generator, type PipelineShape, range } from "./shape.ts";

export const zbV: Generator = { build };

function build(shape: PipelineShape): Schedule {
  assertShape(shape);
  const { microbatches, ranks } = shape;
  if (microbatches < 2 * ranks - 1) return repeatBlock("zb-v", shape, blockTimes);
  return {
    generator: "zb-v",
    stages: 2 * ranks,
    microbatches,
    ranks: range(ranks).map((rank) => actionsOfRank(rank, shape)),
    rankOfStage: wavePlacement(ranks),
  };
}

/** When the hand-made order has its steady phase, counted back to micro-batch 0. */
function blockTimes(rank: number, ranks: number): BlockTimes {
  return {
    forwardDown: 4 * rank,
    forwardUp: 6 * ranks - 3 - 2 * rank,
    backwardUp: 6 * ranks - 2 + 4 * rank,
    backwardDown: 12 * ranks - 5 - 2 * rank,
  };
}

function actionsOfRank(rank: number, { microbatches, ranks }: PipelineShape): readonly Action[] {
  const [down, up] = [rank, 2 * ranks - 1 - rank];
  const { actions, put, putOldestW } = tally();
  const times = (count: number, step: (turn: number) => void) => range(count).forEach(step);
  const backward = (stage: number) => {
    put("I", stage);
    putOldestW();
  };
  // Warm-up: 2p-1-r forwards of the first chunk, r of the second between them, then p-r whole turns of the second.
  times(2 * (ranks - rank) - 1, () => put("F", down));
  times(rank, () => {
    put("F", up);
    put("F", down);
  });
  times(ranks - rank, () => {
    put("F", up);
    backward(up);
  });
  // Steady: one forward and one backward of each chunk by turns, until the second has had all its forwards.
  times(microbatches - ranks, (turn) => {
    if (turn < microbatches - (2 * ranks - 1 - rank)) put("F", down);
    backward(down);
    put("F", up);
    backward(up);
  });
  // Drain: input gradients first, weight gradients where they would wait.
  times(rank, () => {
    put("I", down);
    put("I", up);
  });
  times(ranks - rank, () => backward(down));
  times(2 * rank, putOldestW);
  return actions;
}
