// The sets of regions that a pipeline could run over, each as its quickest path: all of them, exactly, up to a few
// regions; the beam's beyond.
import type { Ledger } from "../../fleet/ledger.ts";
import { beamPaths } from "../path/beam.ts";
import { type HopMatrices, isUsable } from "../path/hops.ts";
import { quickestPaths } from "../path/quickest.ts";
import { subsetSums } from "../path/subsets.ts";

export interface Reachable {
  /** In pipeline order. */
  path(): readonly number[];
  /** Bit mask over `Reach.regions`. */
  readonly mask: number;
  readonly regionCount: number;
  /** Free on it. */
  readonly gpus: number;
  readonly roundTripSeconds: number;
}

export interface Reach {
  /** Regions with free GPUs, ascending. */
  readonly regions: readonly number[];
  /** By region of the fleet. */
  readonly freeGpus: Int32Array;
  /** Sets whose every hop carries what is needed, by mask. The same value for needs that the same hops satisfy. */
  sets(needBitsPerSecond: number): ReadonlyMap<number, Reachable>;
}

const BEAM = { width: 24, maxLength: 8 };
/** Masks hold 31 regions; the beam looks at this many of those with most free GPUs. */
const MOST_REGIONS = 30;

/** Over the regions that have free GPUs, of those that are allowed. */
export function reachOver(
  { freeGpus }: Ledger,
  hops: HopMatrices,
  exactRegions: number,
  isAllowed: (region: number) => boolean,
): Reach {
  const free = [...freeGpus.keys()].filter((region) => freeGpus[region]! > 0 && isAllowed(region));
  const exact = free.length <= exactRegions;
  const regions = exact ? free : largest(free, freeGpus);
  const known = new Map<number, ReadonlyMap<number, Reachable>>();
  return {
    regions,
    freeGpus,
    sets(needBitsPerSecond) {
      const usable = usableHops(hops, regions, needBitsPerSecond);
      const sets = known.get(usable) ?? find(needBitsPerSecond);
      known.set(usable, sets);
      return sets;
    },
  };

  function find(need: number): ReadonlyMap<number, Reachable> {
    const sets = new Map<number, Reachable>();
    if (exact) {
      const { path, roundTripSeconds } = quickestPaths(hops, regions, need);
      const gpus = subsetSums(regions, freeGpus);
      for (let mask = 1; mask < roundTripSeconds.length; mask++) {
        if (roundTripSeconds[mask] === Number.POSITIVE_INFINITY) continue;
        sets.set(mask, {
          path: () => path(mask)!,
          mask,
          regionCount: popcount(mask),
          gpus: gpus[mask]!,
          roundTripSeconds: roundTripSeconds[mask]!,
        });
      }
      return sets;
    }
    const bit = new Map(regions.map((region, i) => [region, 1 << i]));
    for (const found of beamPaths(hops, regions, freeGpus, need, BEAM)) {
      const mask = found.regions.reduce((bits, region) => bits | bit.get(region)!, 0);
      const { gpus, regions: path, roundTripSeconds } = found;
      sets.set(mask, { path: () => path, mask, regionCount: path.length, gpus, roundTripSeconds });
    }
    return sets;
  }
}

function largest(free: readonly number[], freeGpus: Int32Array): readonly number[] {
  const bySize = [...free].sort((a, b) => freeGpus[b]! - freeGpus[a]! || a - b);
  return bySize.slice(0, MOST_REGIONS).sort((a, b) => a - b);
}

/** How many hops carry it: needs with the same number have the same hops. */
function usableHops(hops: HopMatrices, regions: readonly number[], need: number): number {
  let count = 0;
  for (const a of regions) {
    for (const b of regions) if (a < b && isUsable(hops, a * hops.regionCount + b, need)) count++;
  }
  return count;
}

function popcount(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count++;
  return count;
}
