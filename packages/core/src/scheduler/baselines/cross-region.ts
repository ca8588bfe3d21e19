// CR-LCF and CR-LDF, the baselines that pool regions without a bandwidth test, first come first served:
//   CR-LCF: regions by ascending electricity price
//   CR-LDF: next the region with the largest free/largest free + residual/largest capacity (the first: most free GPUs)
// A hop gets what the job needs or what is left, and the job runs at that rate: this is how pooling can hurt
// (the paper's "cross-region paradox"). Options say what makes a hop unusable.
import type { Job } from "../../cost/job.ts";
import { gpuUsdPerHour } from "../../cost/money.ts";
import { topologyOf, totalGpus } from "../../fleet/fleet.ts";
import { hopCapacityBitsPerSecond, type Ledger, residualBitsPerSecond } from "../../fleet/ledger.ts";
import { pathNeedBitsPerSecond } from "../bace/pathfinder.ts";
import { freeGpusOf } from "../free.ts";
import { bySubmitTime } from "../order.ts";
import type { Candidate, Policy, Rejection, Search } from "../policy.ts";
import { policyOf, type SearchContext } from "../round.ts";
import { fittingCount, neededGpusOf, targetOf } from "../target.ts";
import { BASELINE_DEFAULTS, type BaselineOptions } from "./options.ts";

/** Lower is taken first; `tail` is undefined for the first region of a path. */
type NextKey = (ledger: Ledger, nowSeconds: number, region: number, tail: number | undefined) => number;

export function crLcfPolicy(overrides: Partial<BaselineOptions> = {}): Policy {
  return crossRegion(
    "cr-lcf",
    "pools regions by ascending electricity price; FCFS",
    overrides,
    (ledger, now, region) => gpuUsdPerHour(ledger.fleet, region, now),
  );
}

export function crLdfPolicy(overrides: Partial<BaselineOptions> = {}): Policy {
  return crossRegion(
    "cr-ldf",
    "pools regions by free GPUs and bandwidth; FCFS",
    overrides,
    (ledger, _now, region, tail) => {
      const mostFree = Math.max(1, ...ledger.freeGpus);
      const widest = Math.max(1, ...topologyOf(ledger.fleet).bandwidthBitsPerSecond);
      const link = tail === undefined ? 0 : residualBitsPerSecond(ledger, tail, region) / widest;
      return -(ledger.freeGpus[region]! / mostFree + link);
    },
  );
}

function crossRegion(
  name: string,
  description: string,
  overrides: Partial<BaselineOptions>,
  key: NextKey,
): Policy {
  const options = { ...BASELINE_DEFAULTS, ...overrides };
  return policyOf({
    name,
    description,
    options,
    order: () => bySubmitTime,
    needs: (job, fleet, start) => neededGpusOf(job, fleet, totalGpus(fleet), start),
    reachable: freeGpusOf,
    search: (job, context) => search(job, context, options, key),
  });
}

function search(
  job: Job,
  { ledger, nowSeconds, start }: SearchContext,
  options: BaselineOptions,
  key: NextKey,
): Search {
  const { fleet, freeGpus } = ledger;
  const target = targetOf(job, fleet, totalGpus(fleet), start);
  const pool = poolRegions(job, ledger, nowSeconds, target.targetGpus, options, key);
  const placed = fittingCount(job, fleet, pool.gpus);
  const enough = placed > 0 && placed >= target.neededGpus;
  const { regions, gpus } = fill(pool.regions, freeGpus, placed);
  const candidate: Candidate = {
    regions: (enough ? regions : pool.regions).map((region) => fleet.regions[region]!.name),
    gpus: placed,
    outcome: enough ? "chosen" : "too-few-gpus",
    rejections: pool.rejections,
  };
  if (!enough) return { ...target, candidates: [candidate] };
  const need = pathNeedBitsPerSecond(job, ledger, regions, placed, options.bandwidthNeed);
  const hopBitsPerSecond = regions
    .slice(1)
    .map((region, hop) => Math.min(need, residualBitsPerSecond(ledger, regions[hop]!, region)));
  return { ...target, candidates: [candidate], placement: { regions, gpus, hopBitsPerSecond } };
}

interface Pool {
  readonly regions: readonly number[];
  /** Free on them, the target at most. */
  readonly gpus: number;
  readonly rejections: readonly Rejection[];
}

/** Takes regions in the policy's order until they have the target, leaving out those with an unusable hop. */
function poolRegions(
  job: Job,
  ledger: Ledger,
  nowSeconds: number,
  targetGpus: number,
  options: BaselineOptions,
  key: NextKey,
): Pool {
  const regions: number[] = [];
  const rejections: Rejection[] = [];
  const left = new Set(ledger.fleet.regions.map((_, region) => region));
  let gpus = 0;
  while (gpus < targetGpus && left.size > 0) {
    const tail = regions.at(-1);
    const keys = new Map(Array.from(left, (region) => [region, key(ledger, nowSeconds, region, tail)]));
    const next = [...left].reduce((best, region) => (keys.get(region)! < keys.get(best)! ? region : best));
    left.delete(next);
    const rejection = refusal(job, ledger, regions, next, targetGpus, options);
    if (rejection) {
      rejections.push(rejection);
    } else {
      regions.push(next);
      gpus = Math.min(targetGpus, gpus + ledger.freeGpus[next]!);
    }
  }
  return { regions, gpus, rejections };
}

/** Fills regions in order; those that get nothing are left off the end. */
function fill(pool: readonly number[], freeGpus: Int32Array, placed: number) {
  const regions: number[] = [];
  const gpus: number[] = [];
  let left = placed;
  for (const region of pool) {
    if (left === 0) break;
    const taken = Math.min(left, freeGpus[region]!);
    regions.push(region);
    gpus.push(taken);
    left -= taken;
  }
  return { regions, gpus };
}

/** Why a region cannot be the next one, if it cannot: nothing free, or a hop with almost nothing left. */
function refusal(
  job: Job,
  ledger: Ledger,
  path: readonly number[],
  region: number,
  targetGpus: number,
  options: BaselineOptions,
): Rejection | undefined {
  const { fleet, freeGpus } = ledger;
  const { name } = fleet.regions[region]!;
  if (freeGpus[region]! <= 0) return { constraint: "no-free-gpus", region: name };
  const tail = path.at(-1);
  if (tail === undefined) return undefined;
  const longer = [...path, region];
  const freeOnPath = longer.reduce((sum, each) => sum + freeGpus[each]!, 0);
  const gpus = options.hopTest === "need" ? Math.min(targetGpus, freeOnPath) : targetGpus;
  const need = pathNeedBitsPerSecond(job, ledger, longer, gpus, options.bandwidthNeed);
  // A test by need grows with the path, so earlier hops are tested again.
  for (let hop = options.hopTest === "need" ? 0 : path.length - 1; hop < path.length; hop++) {
    const [from, to] = [longer[hop]!, longer[hop + 1]!];
    const capacity = hopCapacityBitsPerSecond(fleet, from, to);
    const residual = residualBitsPerSecond(ledger, from, to);
    // Where links are shared a job runs even if nothing is left to reserve.
    const there = fleet.linkModel === "share" && options.hopTest === "floor" ? capacity : residual;
    const needed = options.hopTest === "need" ? need : Math.min(need, options.hopFloorShare * capacity);
    if (there > 0 && there >= needed) continue;
    return {
      constraint: "bandwidth",
      region: name,
      from: fleet.regions[from]!.name,
      to: fleet.regions[to]!.name,
      neededBitsPerSecond: Math.ceil(needed),
      residualBitsPerSecond: residual,
    };
  }
  return undefined;
}
