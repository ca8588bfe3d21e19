// BACE-Pipe in paper mode (arXiv 2605.25375): dynamic priority → bandwidth-aware pathfinder → cost-min allocator.
import { idealIterationSeconds } from "../../cost/gpu-count.ts";
import type { Job } from "../../cost/job.ts";
import { gpuUsdPerHour } from "../../cost/money.ts";
import { totalGpus } from "../../fleet/fleet.ts";
import { type Ledger, type Placement, residualBitsPerSecond } from "../../fleet/ledger.ts";
import { searchOneRegion } from "../baselines/single-region.ts";
import { freeGpusOf, largestRegionGpus, mostFreeGpus } from "../free.ts";
import { bySubmitTime } from "../order.ts";
import type { Candidate, Policy, Search } from "../policy.ts";
import { policyOf, type SearchContext } from "../round.ts";
import { commonestGpu, fittingCount, neededGpusOf, targetOf } from "../target.ts";
import { splitBy, trimPath } from "./allocator.ts";
import { BACE_DEFAULTS, type BaceOptions } from "./options.ts";
import { anyPath, growPath, type Path, pathNeedBitsPerSecond } from "./pathfinder.ts";
import { dynamicPriority } from "./priority.ts";

const DESCRIPTION = "BACE-Pipe as published: dynamic priority, bandwidth-aware path, cheapest split";

export function bacePolicy(
  overrides: Partial<BaceOptions> = {},
  name = "bace",
  description = DESCRIPTION,
): Policy {
  const options = { ...BACE_DEFAULTS, ...overrides };
  const oneRegion = options.pathfinder === "largest-region";
  return policyOf({
    name,
    description,
    options,
    order: (view) => (options.order === "fcfs" ? bySubmitTime : dynamicPriority(view, options)),
    needs: (job, fleet, start) =>
      neededGpusOf(job, fleet, oneRegion ? largestRegionGpus(fleet) : totalGpus(fleet), start),
    reachable: oneRegion ? mostFreeGpus : freeGpusOf,
    search: (job, context) =>
      oneRegion
        ? searchOneRegion(job, context, (region) => -context.ledger.freeGpus[region]!)
        : searchPlacement(job, context, options),
  });
}

/** The placer of BACE-Pipe: stages 2 and 3. */
export function searchPlacement(job: Job, context: SearchContext, options: BaceOptions): Search {
  const { ledger, nowSeconds, start } = context;
  const target = targetOf(job, ledger.fleet, totalGpus(ledger.fleet), start);
  const paths = pathsOf(job, context, target.targetGpus, options).map((path) => ({
    ...path,
    gpus: fittingCount(job, ledger.fleet, path.gpus),
  }));
  let best:
    | { readonly path: Path; readonly placement: Placement; readonly rank: readonly [number, number] }
    | undefined;
  for (const path of paths) {
    if (path.gpus < target.neededGpus) continue;
    const placement = allocate(job, ledger, path, nowSeconds, options);
    const rank = [
      idealIterationSeconds(job, commonestGpu(ledger.fleet), path.gpus),
      hourlyUsd(ledger, placement, nowSeconds),
    ] as const;
    if (!best || rank[0] < best.rank[0] || (rank[0] === best.rank[0] && rank[1] < best.rank[1])) {
      best = { path, placement, rank };
    }
  }
  const name = (region: number) => ledger.fleet.regions[region]!.name;
  const candidates = paths.map((path): Candidate => {
    const outcome =
      path === best?.path ? "chosen" : path.gpus < target.neededGpus ? "too-few-gpus" : "not-best";
    return { regions: path.regions.map(name), gpus: path.gpus, outcome, rejections: path.rejections };
  });
  return { ...target, candidates, ...(best ? { placement: best.placement } : {}) };
}

function pathsOf(
  job: Job,
  { ledger, nowSeconds }: SearchContext,
  targetGpus: number,
  options: BaceOptions,
): Path[] {
  const starts = seeds(ledger, nowSeconds, options.seed);
  if (options.pathfinder === "any-path") return starts.map((seed) => anyPath(ledger, seed, targetGpus));
  return starts.map((seed) => growPath(job, ledger, seed, targetGpus, options));
}

function allocate(job: Job, ledger: Ledger, path: Path, nowSeconds: number, options: BaceOptions): Placement {
  const regions = options.trim ? trimPath(ledger, path.regions, path.gpus, nowSeconds) : [...path.regions];
  const need = pathNeedBitsPerSecond(job, ledger, regions, path.gpus, options.bandwidthNeed);
  return {
    regions,
    gpus: splitBy(options.allocation, ledger, regions, path.gpus, nowSeconds),
    hopBitsPerSecond: regions
      .slice(1)
      .map((region, hop) => Math.min(need, residualBitsPerSecond(ledger, regions[hop]!, region))),
  };
}

function seeds({ fleet, freeGpus }: Ledger, nowSeconds: number, rule: BaceOptions["seed"]): number[] {
  const free = fleet.regions.map((_, region) => region).filter((region) => freeGpus[region]! > 0);
  if (rule === "all") return free;
  const key = (region: number) =>
    rule === "most-free" ? -freeGpus[region]! : gpuUsdPerHour(fleet, region, nowSeconds);
  return free.sort((a, b) => key(a) - key(b) || a - b).slice(0, 1);
}

function hourlyUsd({ fleet }: Ledger, placement: Placement, nowSeconds: number): number {
  return placement.regions.reduce(
    (sum, region, i) => sum + placement.gpus[i]! * gpuUsdPerHour(fleet, region, nowSeconds),
    0,
  );
}
