/**
 * V-Min (Qi et al., arXiv 2405.15362, section 3.3): about a third of 1F1B's memory, the least that a V can have.
 *
 * One micro-batch goes down, up, down and up again without a pause, 4p units. Peak 2⌊(p+4)/3⌋ chunk activations on every
 * rank; about 2p/3 micro-batches of bubble where F = I = W; where they differ, ranks wait for each other in every micro-batch. The two
 * units between forwards and backwards where 3 divides p keep a rank's four actions apart modulo 6.
 */

import { type BlockTimes, repeatBlock } from "./building-block.ts";
import type { Generator } from "./shape.ts";

export const vMin: Generator = { build: (shape) => repeatBlock("v-min", shape, blockTimes) };

function blockTimes(rank: number, ranks: number): BlockTimes {
  const turn = ranks % 3 === 0 ? 2 : 0;
  return {
    forwardDown: rank,
    forwardUp: 2 * ranks - 1 - rank,
    backwardUp: 2 * ranks + turn + rank,
    backwardDown: 4 * ranks - 1 + turn - rank,
  };
}
