// Time of the exact path search: all subsets of a network's regions in one table.
import { openLedger } from "../packages/core/src/fleet/ledger.ts";
import { hopMatrices } from "../packages/core/src/scheduler/path/hops.ts";
import { quickestPaths } from "../packages/core/src/scheduler/path/quickest.ts";
import { widestPaths } from "../packages/core/src/scheduler/path/widest.ts";
import type { RandomStream } from "../packages/core/src/simulator/random.ts";
import { indices, randomFleet } from "./networks.ts";
import { medianMicroseconds } from "./timing.ts";

/** Bits per second that any hop has. */
export const NEXT_TO_NOTHING = 1;

export interface ExactPathTimes {
  readonly regionCount: number;
  readonly widestMicroseconds: number;
  readonly quickestMicroseconds: number;
}

export function exactPathTimes(random: RandomStream, regionCounts: readonly number[]): ExactPathTimes[] {
  return regionCounts.map((regionCount) => {
    const hops = hopMatrices(openLedger(randomFleet(random, regionCount, "every pair its own")));
    const regions = indices(regionCount);
    return {
      regionCount,
      widestMicroseconds: medianMicroseconds(() => widestPaths(hops, regions)),
      quickestMicroseconds: medianMicroseconds(() => quickestPaths(hops, regions, NEXT_TO_NOTHING)),
    };
  });
}
