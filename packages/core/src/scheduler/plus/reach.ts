// The sets of regions that a pipeline could run over, each as its quickest path: all of them, exactly, up to a few
// regions; the beam's beyond.
import type { Ledger } from "../../fleet/ledger.ts";
import { beamPaths } from "../path/beam.ts";
import { type HopMatrices, hopMatrices, isUsable } from "../path/hops.ts";
import { quickestPaths } from "../path/quickest.ts";
import { lowestBit, subsetSums } from "../path/subsets.ts";

export interface Reachable {
  /** Of a set of the same table, by its mask: regions in pipeline order. */
  readonly pathOf: (mask: number) => readonly number[];
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
  /**
   * Sets whose every hop carries what is needed, by mask. The same value for needs that the same hops satisfy.
   * @param rounded whether the beam may look for a little more than is needed, which it then need not do so often.
   */
  sets(needBitsPerSecond: number, rounded: boolean): ReadonlyMap<number, Reachable>;
  /** Those of one region. */
  singles(): ReadonlyMap<number, Reachable>;
}

/** Beyond the exact search's regions. */
const BEAM = { width: 16, maxLength: 6 };
/** Masks hold 31 regions; the beam looks at this many of those with most free GPUs. */
const MOST_REGIONS = 20;

/** Of one state of a ledger: jobs that are tried one after the other look at the same paths. */
export interface Network {
  /** Over the regions that have free GPUs, of those that are allowed; `isAllowed` must be the same for the same key. */
  over(key: string, isAllowed: (region: number) => boolean): Reach;
}

const networks = new WeakMap<Ledger, { readonly changes: number; readonly network: Network }>();

export function networkOf(ledger: Ledger, exactRegions: number): Network {
  const known = networks.get(ledger);
  if (known?.changes === ledger.changes) return known.network;
  const hops = hopMatrices(ledger);
  const reaches = new Map<string, Reach>();
  const network: Network = {
    over(key, isAllowed) {
      const reach = reaches.get(key) ?? reachOver(ledger, hops, exactRegions, isAllowed);
      reaches.set(key, reach);
      return reach;
    },
  };
  networks.set(ledger, { changes: ledger.changes, network });
  return network;
}

function reachOver(
  { freeGpus }: Ledger,
  hops: HopMatrices,
  exactRegions: number,
  isAllowed: (region: number) => boolean,
): Reach {
  const free = [...freeGpus.keys()].filter((region) => freeGpus[region]! > 0 && isAllowed(region));
  const exact = free.length <= exactRegions;
  const regions = exact ? free : largest(free, freeGpus);
  let singles: ReadonlyMap<number, Reachable> | undefined;
  let carried: Float64Array | undefined;
  const known = new Map<number, ReadonlyMap<number, Reachable>>();
  return {
    regions,
    freeGpus,
    sets(needBitsPerSecond, rounded) {
      const need = exact || !rounded ? needBitsPerSecond : roundedUp(needBitsPerSecond);
      // Needs that as many hops fall short of have the same hops.
      carried ??= capacities(hops, regions);
      const unusable = countBelow(carried, need);
      const sets = known.get(unusable) ?? find(need);
      known.set(unusable, sets);
      return sets;
    },
    singles() {
      singles ??= singlesOf(regions, freeGpus);
      return singles;
    },
  };

  function find(need: number): ReadonlyMap<number, Reachable> {
    const sets = new Map<number, Reachable>();
    if (exact) {
      const { path, roundTripSeconds } = quickestPaths(hops, regions, need);
      const pathOf = (mask: number) => path(mask)!;
      const gpus = subsetSums(regions, freeGpus);
      for (let mask = 1; mask < roundTripSeconds.length; mask++) {
        if (roundTripSeconds[mask] === Number.POSITIVE_INFINITY) continue;
        sets.set(mask, {
          pathOf,
          mask,
          regionCount: popcount(mask),
          gpus: gpus[mask]!,
          roundTripSeconds: roundTripSeconds[mask]!,
        });
      }
      return sets;
    }
    const bit = new Map(regions.map((region, i) => [region, 1 << i]));
    const paths = new Map<number, readonly number[]>();
    const pathOf = (mask: number) => paths.get(mask)!;
    for (const { gpus, regions: path, roundTripSeconds } of beamPaths(hops, regions, freeGpus, need, BEAM)) {
      const mask = path.reduce((bits, region) => bits | bit.get(region)!, 0);
      paths.set(mask, path);
      sets.set(mask, { pathOf, mask, regionCount: path.length, gpus, roundTripSeconds });
    }
    return sets;
  }
}

function singlesOf(regions: readonly number[], freeGpus: Int32Array): ReadonlyMap<number, Reachable> {
  const pathOf = (mask: number) => [regions[lowestBit(mask)]!];
  return new Map(
    regions.map((region, i) => [
      1 << i,
      { pathOf, mask: 1 << i, regionCount: 1, gpus: freeGpus[region]!, roundTripSeconds: 0 },
    ]),
  );
}

/** By less than a tenth. */
function roundedUp(need: number): number {
  return need > 0 ? 2 ** (Math.ceil(8 * Math.log2(need)) / 8) : 0;
}

function largest(free: readonly number[], freeGpus: Int32Array): readonly number[] {
  const bySize = [...free].sort((a, b) => freeGpus[b]! - freeGpus[a]! || a - b);
  return bySize.slice(0, MOST_REGIONS).sort((a, b) => a - b);
}

/** What the hops between the regions can carry, ascending. */
function capacities(hops: HopMatrices, regions: readonly number[]): Float64Array {
  const carried: number[] = [];
  for (const a of regions) {
    for (const b of regions) {
      const hop = a * hops.regionCount + b;
      if (a < b && isUsable(hops, hop, 0)) carried.push(hops.residualBitsPerSecond[hop]!);
    }
  }
  return Float64Array.from(carried).sort();
}

/** How many of ascending values are less. */
function countBelow(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function popcount(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count++;
  return count;
}
