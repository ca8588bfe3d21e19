// Subsets of a few regions as bit masks: what the two exact searches (widest.ts, quickest.ts) share.
// Both are the subset dynamic programme of Held and Karp (1962, "A dynamic programming approach to sequencing
// problems") for paths instead of tours: best(subset, first) over best(subset without first, next), 2^R · R states,
// O(2^R · R²) steps. One table answers for every subset at once.
import { ascendingRegions, type HopMatrices } from "./hops.ts";

/** Most regions of an exact search: about 10 ms and 2 MB. Choose the best of more, or use `beamPaths`. */
export const EXACT_REGIONS = 14;

/** Sum over each subset, by mask; bit i is `regions[i]`, `amounts` is indexed by region (free GPUs, for example). */
export function subsetSums(regions: readonly number[], amounts: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(1 << regions.length);
  for (let mask = 1; mask < sums.length; mask++) {
    sums[mask] = sums[mask & (mask - 1)]! + amounts[regions[lowestBit(mask)]!]!;
  }
  return sums;
}

/** Index of the lowest bit of a mask that is not 0. */
export function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** `ascendingRegions` of no more than EXACT_REGIONS regions; throws on more. */
export function exactRegions(hops: HopMatrices, regions: readonly number[]): readonly number[] {
  if (regions.length > EXACT_REGIONS) {
    throw new RangeError(`exact search over ${regions.length} regions: ${EXACT_REGIONS} at most`);
  }
  return ascendingRegions(hops, regions);
}

/**
 * Walks a finished table: at each step the lowest region that `continues` an optimal path, which makes the path the
 * lexicographically smallest of the optimal ones. `last` is −1 at the start; `left` still contains `next`.
 */
export function lowestPath(
  regions: readonly number[],
  mask: number,
  continues: (last: number, next: number, left: number) => boolean,
): readonly number[] {
  const path: number[] = [];
  let last = -1;
  for (let left = mask; left !== 0; left ^= 1 << last) {
    let untried = left;
    while (untried !== 0 && !continues(last, lowestBit(untried), left)) untried &= untried - 1;
    if (untried === 0) throw new Error(`no path through subset ${mask}: the table is broken`);
    last = lowestBit(untried);
    path.push(regions[last]!);
  }
  return path;
}
