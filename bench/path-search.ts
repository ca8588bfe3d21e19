/**
 * Path search, by time and by what is lost: `npx tsx bench/path-search.ts`.
 *
 * Times are medians of repeated runs after a warm-up. What is lost is counted on random networks, the same at every
 * run, each asked for a random number of GPUs beyond its largest region:
 * - the greedy growth of `scheduler/bace/pathfinder.ts` itself (with a job that needs next to no bandwidth, so that
 *   nothing but its order decides; its choice of seeds is restated here, and no end is trimmed) against the widest
 *   path there is, the best of its seeds where it tries all;
 * - the beam against the quickest path there is.
 */

import type { Job } from "../packages/core/src/cost/job.ts";
import type { Fleet } from "../packages/core/src/fleet/fleet.ts";
import { openLedger } from "../packages/core/src/fleet/ledger.ts";
import { valueAt } from "../packages/core/src/fleet/series.ts";
import { BACE_DEFAULTS } from "../packages/core/src/scheduler/bace/options.ts";
import { growPath } from "../packages/core/src/scheduler/bace/pathfinder.ts";
import { beamPaths } from "../packages/core/src/scheduler/path/beam.ts";
import { type HopMatrices, hopMatrices } from "../packages/core/src/scheduler/path/hops.ts";
import { quickestPaths } from "../packages/core/src/scheduler/path/quickest.ts";
import { subsetSums } from "../packages/core/src/scheduler/path/subsets.ts";
import { widestPaths } from "../packages/core/src/scheduler/path/widest.ts";
import { randomStream } from "../packages/core/src/simulator/random.ts";
import { exactPathTimes, NEXT_TO_NOTHING as NEED } from "./exact-paths.ts";
import { indices, type Network, randomFleet } from "./networks.ts";
import { medianMicroseconds, quantile } from "./timing.ts";

const random = randomStream(1, "path-search");
const fleetOf = (regionCount: number, network: Network) => randomFleet(random, regionCount, network);
const print = (cells: readonly (string | number)[], widths: readonly number[]) => {
  process.stdout.write(`${cells.map((cell, i) => String(cell).padStart(widths[i]!)).join("  ")}\n`);
};

process.stdout.write("Exact: all subsets in one table, time in us\nregions  subsets     widest   quickest\n");
for (const times of exactPathTimes(random, [6, 8, 10, 12, 14])) {
  const { quickestMicroseconds, regionCount, widestMicroseconds } = times;
  const cells = [widestMicroseconds, quickestMicroseconds].map((microseconds) => microseconds.toFixed(1));
  print([regionCount, 2 ** regionCount, ...cells], [7, 7, 9, 9]);
}

process.stdout.write("\nBeam: paths of up to 8 regions, time in ms\n");
print(["regions", "network", "width 16", "width 32", "width 64"], [7, 22, 8, 8, 8]);
for (const regionCount of [20, 50, 100]) {
  for (const network of ["every pair its own", "a quarter of the pairs"] as const) {
    const ledger = openLedger(fleetOf(regionCount, network));
    const hops = hopMatrices(ledger);
    const times = [16, 32, 64].map((width) => {
      const options = { width, maxLength: 8 };
      const search = () => beamPaths(hops, indices(regionCount), ledger.freeGpus, NEED, options);
      return (medianMicroseconds(search) / 1000).toFixed(2);
    });
    print([regionCount, network, ...times], [7, 22, 8, 8, 8]);
  }
}

const growths = (["most-free", "cheapest", "all"] as const).flatMap((seed) =>
  (["tail", "both"] as const).map((ends) => ({ seed, ends })),
);
process.stdout.write("\nGreedy growth against the widest path for the GPUs (1000 instances each)\n");
print(
  ["network", "regions", "seed", "ends", "widest found", "p5 of it", "worst", "no path"],
  [20, 7, 9, 4, 12, 8, 6, 7],
);
for (const network of ["mean of ends", "every pair its own", "half of the pairs"] as const) {
  for (const regionCount of [6, 12]) {
    const shares = growths.map((): number[] => []);
    while (shares[0]!.length < 1000) {
      const fleet = fleetOf(regionCount, network);
      const ledger = openLedger(fleet);
      const { regions, bottleneckBitsPerSecond } = widestPaths(hopMatrices(ledger), indices(regionCount));
      const wanted = wantedGpus(
        subsetSums(regions, ledger.freeGpus),
        (mask) => bottleneckBitsPerSecond[mask]! > 0,
        ledger.freeGpus,
      );
      if (wanted === undefined) continue;
      const best = Math.max(...wanted.masks.map((mask) => bottleneckBitsPerSecond[mask]!));
      growths.forEach((growth, i) => {
        shares[i]!.push(greedyBottleneck(fleet, wanted.gpus, growth.seed, growth.ends) / best);
      });
    }
    growths.forEach(({ seed, ends }, i) => {
      const reached = shares[i]!.filter((share) => share > 0);
      const found = percent(reached.filter((share) => share === 1).length / shares[i]!.length);
      const noPath = percent(1 - reached.length / shares[i]!.length);
      print(
        [
          network,
          regionCount,
          seed,
          ends,
          found,
          quantileText(reached, 0.05),
          quantileText(reached, 0),
          noPath,
        ],
        [20, 7, 9, 4, 12, 8, 6, 7],
      );
    });
  }
}

process.stdout.write(
  "\nBeam against the quickest path for the GPUs, 12 regions, any length (500 instances each)\n",
);
const beamColumns = [22, 5, 14, 9, 6, 7, 15, 6];
print(
  ["network", "width", "quickest found", "p95 of it", "worst", "no path", "most GPUs found", "worst"],
  beamColumns,
);
for (const network of ["every pair its own", "half of the pairs", "a quarter of the pairs"] as const) {
  const widths = [16, 32, 64, 128];
  const delays = widths.map((): number[] => []);
  const most = widths.map((): number[] => []);
  while (delays[0]!.length < 500) {
    const ledger = openLedger(fleetOf(12, network));
    const { freeGpus } = ledger;
    const hops = hopMatrices(ledger);
    const { regions, roundTripSeconds } = quickestPaths(hops, indices(12), NEED);
    const gpus = subsetSums(regions, freeGpus);
    const wanted = wantedGpus(gpus, (mask) => roundTripSeconds[mask]! < Number.POSITIVE_INFINITY, freeGpus);
    if (wanted === undefined) continue;
    const best = Math.min(...wanted.masks.map((mask) => roundTripSeconds[mask]!));
    widths.forEach((width, i) => {
      const paths = beamPaths(hops, regions, freeGpus, NEED, { width, maxLength: 12 });
      const enough = paths.filter((path) => path.gpus >= wanted.gpus);
      delays[i]!.push(Math.min(...enough.map((path) => path.roundTripSeconds)) / best);
      most[i]!.push(paths[0]!.gpus / wanted.mostGpus);
    });
  }
  widths.forEach((width, i) => {
    const reached = delays[i]!.filter((ratio) => ratio < Number.POSITIVE_INFINITY);
    const found = percent(reached.filter((ratio) => ratio < 1 + 1e-9).length / delays[i]!.length);
    const noPath = percent(1 - reached.length / delays[i]!.length);
    const mostFound = percent(most[i]!.filter((share) => share === 1).length / most[i]!.length);
    print(
      [
        network,
        width,
        found,
        quantileText(reached, 0.95),
        quantileText(reached, 1),
        noPath,
        mostFound,
        quantileText(most[i]!, 0),
      ],
      beamColumns,
    );
  });
}

/** A GPU count beyond the largest region that some path reaches, and the subsets with a path that have as many. */
function wantedGpus(gpus: Float64Array, hasPath: (mask: number) => boolean, freeGpus: Int32Array) {
  const masks = indices(gpus.length).filter((mask) => mask > 0 && hasPath(mask));
  const mostGpus = Math.max(...masks.map((mask) => gpus[mask]!));
  const largest = Math.max(...freeGpus);
  if (mostGpus === largest) return undefined;
  const wanted = largest + 1 + Math.floor(random() * (mostGpus - largest));
  return { gpus: wanted, mostGpus, masks: masks.filter((mask) => gpus[mask]! >= wanted) };
}

/** The widest of the greedy's paths over its seeds; 0 where none reaches the GPUs. */
function greedyBottleneck(
  fleet: Fleet,
  gpus: number,
  rule: "most-free" | "cheapest" | "all",
  ends: "tail" | "both",
) {
  const job: Job = {
    id: "j",
    tenant: "t",
    submitSeconds: 0,
    work: { kind: "seconds", forwardSeconds: 1e9, backwardSeconds: 1e9 },
    layers: gpus,
    headLayers: 0,
    microbatches: 1,
    iterations: 1,
    activationBytes: 1,
    overheadSeconds: 0,
    minGpus: gpus,
    maxGpus: gpus,
  };
  const ledger = openLedger(fleet);
  const hops = hopMatrices(ledger);
  const price = (region: number) => valueAt(fleet.regions[region]!.tariff, 0);
  const key = (region: number) => (rule === "most-free" ? -ledger.freeGpus[region]! : price(region));
  const ranked = indices(fleet.regions.length).sort((a, b) => key(a) - key(b));
  const bottlenecks = (rule === "all" ? ranked : ranked.slice(0, 1)).map((seed) => {
    const path = growPath(job, ledger, seed, gpus, { ...BACE_DEFAULTS, ends });
    return path.gpus < gpus ? 0 : bottleneck(hops, path.regions);
  });
  return Math.max(...bottlenecks);
}

function bottleneck({ regionCount, residualBitsPerSecond }: HopMatrices, path: readonly number[]): number {
  return Math.min(
    ...path.slice(1).map((region, hop) => residualBitsPerSecond[path[hop]! * regionCount + region]!),
  );
}

function quantileText(values: readonly number[], share: number): string {
  return quantile(values, share).toFixed(2);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
