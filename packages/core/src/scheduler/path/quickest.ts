// The quickest path through every subset of a few regions, exactly: the order of the regions with the least total round
// trip among those whose every hop has the bandwidth needed. The need is one figure for the whole table: a pipeline's
// need grows with its GPUs, so ask again with the need of another count. Leaves out that one bad hop may count more
// than the sum; candidates are for the cost model to judge.
import { type HopMatrices, isUsable } from "./hops.ts";
import { exactRegions, lowestBit, lowestPath } from "./subsets.ts";

export interface QuickestPaths {
  /** Ascending. Bit i of a mask stands for `regions[i]`, whatever the order in which they were given. */
  readonly regions: readonly number[];
  /** By mask: least total round trip; 0 for one region, Infinity where there is no path. */
  readonly roundTripSeconds: Float64Array;
  /** A path with that total, the lexicographically smallest of equals; undefined where there is none. */
  readonly path: (mask: number) => readonly number[] | undefined;
}

/**
 * A hop without residual is none, even where nothing is needed. Delays are added from a path's end to its start.
 * Throws on more than EXACT_REGIONS regions, or the same one twice.
 */
export function quickestPaths(
  hops: HopMatrices,
  regions: readonly number[],
  needBitsPerSecond: number,
): QuickestPaths {
  const ascending = exactRegions(hops, regions);
  const count = ascending.length;
  const delay = new Float64Array(count * count);
  ascending.forEach((a, i) => {
    ascending.forEach((b, j) => {
      const hop = a * hops.regionCount + b;
      delay[i * count + j] = isUsable(hops, hop, needBitsPerSecond)
        ? hops.roundTripSeconds[hop]!
        : Number.POSITIVE_INFINITY;
    });
  });

  // table[mask · count + first]: the quickest path through the subset that starts there.
  const table = new Float64Array(count << count);
  const roundTripSeconds = new Float64Array(1 << count);
  roundTripSeconds[0] = Number.POSITIVE_INFINITY;
  for (let mask = 1; mask < 1 << count; mask++) {
    let quickest = Number.POSITIVE_INFINITY;
    for (let firsts = mask; firsts !== 0; firsts &= firsts - 1) {
      const first = lowestBit(firsts);
      const rest = mask ^ (1 << first);
      let best = rest === 0 ? 0 : Number.POSITIVE_INFINITY;
      for (let nexts = rest; nexts !== 0; nexts &= nexts - 1) {
        const next = lowestBit(nexts);
        const total = delay[first * count + next]! + table[rest * count + next]!;
        if (total < best) best = total;
      }
      table[mask * count + first] = best;
      if (best < quickest) quickest = best;
    }
    roundTripSeconds[mask] = quickest;
  }

  const path = (mask: number) => {
    const total = roundTripSeconds[mask] ?? Number.POSITIVE_INFINITY;
    if (total === Number.POSITIVE_INFINITY) return undefined;
    return lowestPath(ascending, mask, (last, next, left) => {
      const onward = table[left * count + next]!;
      if (last < 0) return onward === total;
      return delay[last * count + next]! + onward === table[(left | (1 << last)) * count + last]!;
    });
  };
  return { regions: ascending, roundTripSeconds, path };
}
