// Pipelines that no exact search is worth starting for.
import type { Pipeline } from "@bace-pipe/core/pipeline";

export interface Refusal {
  readonly problem: string;
  readonly hint: string;
}

/**
 * Forwards, input gradients and weight gradients together. What solvers are given grows with the square of a rank's: the largest
 * programme of 2000 (one rank, 660,000 pairs whose order is open) takes 2 s and 0.5 GB to write down, one of 3000 takes
 * 5 s and 1.1 GB.
 */
const MOST_BLOCKS = 2000;

/** Why there is no exact search of this pipeline; undefined if there is one. */
export function exactRefusal({ chunks, memoryCap, microbatches, ranks }: Pipeline): Refusal | undefined {
  const short = memoryCap.findIndex((cap) => cap + 1e-9 < chunks);
  if (short >= 0)
    return {
      problem: `rank ${short} can hold ${memoryCap[short]} activations, and one micro-batch needs ${chunks}`,
      hint: "give it more memory, or smaller micro-batches",
    };
  const blocks = 3 * ranks * microbatches;
  if (blocks > MOST_BLOCKS)
    return {
      problem: `${ranks} stages × ${microbatches} micro-batches × 3 are more blocks than the ${MOST_BLOCKS} that a solver is given`,
      hint: "give fewer micro-batches or stages, or use crosspipe, which needs no solver",
    };
  return undefined;
}
