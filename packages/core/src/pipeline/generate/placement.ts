/** Where the stages of a cut pipeline lie when every rank holds several. */

import { range } from "./shape.ts";

/** Round and round: `[0, 1, 2, 0, 1, 2]`. */
export function loopPlacement(ranks: number, chunks: number): readonly number[] {
  return range(ranks * chunks).map((stage) => stage % ranks);
}

/** Down and up again: `[0, 1, 2, 2, 1, 0]`. Stages 2p-1-r and r are neighbours in a V, so rank p-1 turns by itself. */
export function wavePlacement(ranks: number): readonly number[] {
  return [...range(ranks), ...range(ranks).toReversed()];
}
