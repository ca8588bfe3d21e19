/**
 * V-Half (Qi et al., arXiv 2405.15362, section 3.3): about half of 1F1B's memory, V-placed.
 *
 * On the way down a chunk's forwards are two units apart, on the way up one, and backwards likewise: a rank's two chunks
 * then live 6p units together, evenly over the ranks. Peak 2⌊(p+2)/2⌋ chunk activations on every rank; about p/2
 * micro-batches of bubble where F = I = W. The three units between forwards and backwards for even p keep a rank's four
 * actions apart modulo 6.
 */

import { type BlockTimes, repeatBlock } from "./building-block.ts";
import type { Generator } from "./shape.ts";

export const vHalf: Generator = { build: (shape) => repeatBlock("v-half", shape, blockTimes) };

function blockTimes(rank: number, ranks: number): BlockTimes {
  const turn = ranks % 2 === 0 ? 3 : 0;
  return {
    forwardDown: 2 * rank,
    forwardUp: 3 * ranks - 2 - rank,
    backwardUp: 3 * ranks - 1 + turn + 2 * rank,
    backwardDown: 6 * ranks - 2 + turn - rank,
  };
}
