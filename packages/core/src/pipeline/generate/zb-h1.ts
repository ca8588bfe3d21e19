/**
 * ZB-H1 (Qi et al., arXiv 2401.10241, section 2.2): 1F1B's order of forwards and input gradients; the weight gradients of
 * stage s lag s micro-batches behind and fill the drain.
 *
 * Memory as in 1F1B: stage s holds p−s whole activations and s halves, p on stage 0. Bubble (p−1)(F+I−W) if m ≥ p and
 * W ≤ F, W ≤ I. Where m ≤ p that memory allows ZB-H2's longer warm-up; it is taken, and helps against slow links.
 */

import type { Generator } from "./shape.ts";
import { splitOneFOneB } from "./split-1f1b.ts";

export const zbH1: Generator = {
  build: (shape) =>
    splitOneFOneB("zb-h1", shape, (stage) => {
      const hops = shape.ranks - 1 - stage;
      return { forwardsAhead: shape.microbatches > shape.ranks ? hops : 2 * hops, weightLag: stage };
    }),
};
