// The widest path through every subset of a few regions, exactly: the order of the regions whose smallest residual is
// largest (bottleneck Hamiltonian path). Tells whether a set of regions can carry a pipeline's bandwidth in any order.
// Leaves out delay (see quickest.ts) and what the bandwidth is needed for.
import type { HopMatrices } from "./hops.ts";
import { exactRegions, lowestBit, lowestPath } from "./subsets.ts";

export interface WidestPaths {
  /** Ascending. Bit i of a mask stands for `regions[i]`, whatever the order in which they were given. */
  readonly regions: readonly number[];
  /** By mask: the largest possible smallest residual; Infinity for one region, 0 where there is no path. */
  readonly bottleneckBitsPerSecond: Float64Array;
  /** A path with that bottleneck, the lexicographically smallest; undefined where there is none. */
  readonly path: (mask: number) => readonly number[] | undefined;
}

/** Throws on more than EXACT_REGIONS regions, or the same one twice. */
export function widestPaths(hops: HopMatrices, regions: readonly number[]): WidestPaths {
  const ascending = exactRegions(hops, regions);
  const count = ascending.length;
  const residual = new Float64Array(count * count);
  ascending.forEach((a, i) => {
    ascending.forEach((b, j) => {
      residual[i * count + j] = hops.residualBitsPerSecond[a * hops.regionCount + b]!;
    });
  });

  // table[mask · count + first]: the widest path through the subset that starts there.
  const table = new Float64Array(count << count);
  const bottleneckBitsPerSecond = new Float64Array(1 << count);
  for (let mask = 1; mask < 1 << count; mask++) {
    let widest = 0;
    for (let firsts = mask; firsts !== 0; firsts &= firsts - 1) {
      const first = lowestBit(firsts);
      const rest = mask ^ (1 << first);
      // Nothing through `rest` is wider than its own widest path: stopping there saves a third of the time.
      const most = bottleneckBitsPerSecond[rest]!;
      let best = rest === 0 ? Number.POSITIVE_INFINITY : 0;
      for (let nexts = rest; nexts !== 0 && best < most; nexts &= nexts - 1) {
        const next = lowestBit(nexts);
        const hop = residual[first * count + next]!;
        const onward = table[rest * count + next]!;
        const width = hop < onward ? hop : onward;
        if (width > best) best = width;
      }
      table[mask * count + first] = best;
      if (best > widest) widest = best;
    }
    bottleneckBitsPerSecond[mask] = widest;
  }

  const path = (mask: number) => {
    const width = bottleneckBitsPerSecond[mask] ?? 0;
    if (width === 0) return undefined;
    return lowestPath(
      ascending,
      mask,
      (last, next, left) =>
        (last < 0 || residual[last * count + next]! >= width) && table[left * count + next]! >= width,
    );
  };
  return { regions: ascending, bottleneckBitsPerSecond, path };
}
