// Counts of GPUs that tell, before any search, which jobs it is vain to try.
import type { Fleet } from "../fleet/fleet.ts";
import type { Ledger } from "../fleet/ledger.ts";

/** All that are free. A region that has shrunk under its jobs has none. */
export function freeGpusOf({ freeGpus }: Pick<Ledger, "freeGpus">): number {
  let sum = 0;
  for (const free of freeGpus) sum += Math.max(0, free);
  return sum;
}

/** The most that are free in one region. */
export function mostFreeGpus({ freeGpus }: Pick<Ledger, "freeGpus">): number {
  let most = 0;
  for (const free of freeGpus) most = Math.max(most, free);
  return most;
}

/** GPUs of the largest region. */
export function largestRegionGpus({ regions }: Fleet): number {
  return regions.reduce((largest, { gpus }) => Math.max(largest, gpus), 0);
}
