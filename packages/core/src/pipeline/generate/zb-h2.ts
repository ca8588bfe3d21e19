/**
 * ZB-H2 (Qi et al., arXiv 2401.10241, section 2.3): a warm-up twice as long fills what ZB-H1 leaves idle in front, and
 * weight gradients that lag twice as much what it leaves behind; stages end one after the other as they begin.
 *
 * Stage s holds 2(p−s)−1 whole activations and 2s halves, 2p−1 on stage 0. Span m·C + (p−1)(F+I−2W) if m ≥ 2p−1 and
 * W ≤ F, W ≤ I: no bubble where F = I = W. With fewer micro-batches weight gradients lag as in ZB-H1: there is not
 * enough other work for more. Leaves out: the paper's greedy, which knows times and a memory cap.
 */

import type { Generator } from "./shape.ts";
import { splitOneFOneB } from "./split-1f1b.ts";

export const zbH2: Generator = {
  build: (shape) =>
    splitOneFOneB("zb-h2", shape, (stage) => ({
      forwardsAhead: 2 * (shape.ranks - 1 - stage),
      weightLag: shape.microbatches < 2 * shape.ranks - 1 ? stage : 2 * stage,
    })),
};
