// Could a job run on a fleet at all, by any policy? The least GPUs it accepts must lie on some path of regions whose
// every hop passes the bandwidth test at that count, on an empty fleet. Exact by search up to 14 regions; beyond that
// the connected component's GPUs are compared, which never refuses a job that fits.
import { neededBitsPerSecond } from "../cost/gpu-count.ts";
import type { Job } from "../cost/job.ts";
import { unitView } from "../cost/unit.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { hopCapacityBitsPerSecond } from "../fleet/ledger.ts";
import { commonestGpu, leastCount } from "./target.ts";

const EXACT_REGIONS = 14;

export interface Reach {
  readonly fits: boolean;
  /** Most GPUs on any usable path that was found. */
  readonly gpus: number;
  /** Region indices of that path. */
  readonly regions: readonly number[];
  /** The least count that fits in memory, and what each hop must carry at that count. */
  readonly neededGpus: number;
  readonly neededBitsPerSecond: number;
}

export function reachOf(job: Job, fleet: Fleet): Reach {
  const view = unitView(job, fleet);
  const reach = reachOfStages(view.job, view.fleet);
  const { gpus, neededGpus } = reach;
  return { ...reach, gpus: gpus * view.unitGpus, neededGpus: neededGpus * view.unitGpus };
}

/** One GPU per stage. */
function reachOfStages(job: Job, fleet: Fleet): Reach {
  const neededGpus = leastCount(job, fleet) ?? job.minGpus;
  const needed = neededBitsPerSecond(job, commonestGpu(fleet), neededGpus, "forward");
  const regions = fleet.regions
    .map((_, region) => region)
    .filter((region) => fleet.regions[region]!.gpus > 0);
  const neighbours = fleet.regions.map((_, a) =>
    regions.filter((b) => b !== a && hopCapacityBitsPerSecond(fleet, a, b) >= needed),
  );
  const gpusOf = (region: number) => fleet.regions[region]!.gpus;
  let best: { gpus: number; regions: number[] } = { gpus: 0, regions: [] };
  const found = () => best.gpus >= neededGpus;

  const walk = (path: number[], gpus: number): void => {
    if (gpus > best.gpus) best = { gpus, regions: [...path] };
    for (const next of neighbours[path.at(-1)!]!) {
      if (found()) return;
      if (!path.includes(next)) walk([...path, next], gpus + gpusOf(next));
    }
  };
  for (const component of components(regions, neighbours)) {
    if (found()) break;
    const pooled = component.reduce((sum, region) => sum + gpusOf(region), 0);
    const exact = component.length <= EXACT_REGIONS;
    if (!exact && pooled > best.gpus) best = { gpus: pooled, regions: component };
    if (exact && pooled >= Math.min(neededGpus, best.gpus + 1)) {
      for (const start of component) if (!found()) walk([start], gpusOf(start));
    }
  }
  return { fits: found(), gpus: best.gpus, regions: best.regions, neededGpus, neededBitsPerSecond: needed };
}

function components(regions: readonly number[], neighbours: readonly (readonly number[])[]): number[][] {
  const seen = new Set<number>();
  return regions.flatMap((start) => {
    if (seen.has(start)) return [];
    const component = [start];
    seen.add(start);
    for (const region of component) {
      for (const next of neighbours[region]!) {
        if (seen.has(next)) continue;
        seen.add(next);
        component.push(next);
      }
    }
    return [component];
  });
}
