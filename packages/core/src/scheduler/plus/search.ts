// The placement search of `bace-plus`: set of regions, order of the path, number of GPUs and their split chosen together.
// Every set (see reach.ts) with every count is judged by a formula; those that look best are timed exactly and judged
// again. The formula is that of a pipeline whose hops are hidden by extra warm-up: T = (m+k−1)·t + Σ round trips.

import type { TimeModel } from "../../cost/iteration-time.ts";
import { backwardSecondsOn, forwardSecondsOn, type Job } from "../../cost/job.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { GpuType } from "../../fleet/gpu-types.ts";
import { type Placement, residualBitsPerSecond } from "../../fleet/ledger.ts";
import type { Candidate, Rejection, Search } from "../policy.ts";
import type { SearchContext } from "../round.ts";
import { idealOf, targetOf } from "../target.ts";
import { countsToTry } from "./counts.ts";
import { needBitsPerSecond, periodSeconds, withWarmup } from "./hops.ts";
import type { PlusOptions } from "./options.ts";
import { type Reach, type Reachable, reachOver } from "./reach.ts";
import { type Valuer, valuerOf, type Worth } from "./value.ts";

/** Between equals the path with fewer hops, at this share of the time per hop. */
const FEWER_HOPS = 1e-3;

interface Proposal {
  readonly set: Reachable;
  readonly gpus: number;
  readonly need: number;
  readonly score: number;
}

export interface PlusSearch extends Search {
  /** Of the placement that was found. */
  readonly worth?: Worth;
}

export function searchPlus(job: Job, context: SearchContext, options: PlusOptions): PlusSearch {
  const { ledger, view } = context;
  const { fleet } = ledger;
  const reach = reachOver(ledger, options.exactRegions);
  const free = reach.regions.reduce((sum, region) => sum + ledger.freeGpus[region]!, 0);
  const target = targetOf(job, fleet, free, "minimum");
  const slowest = slowestGpu(job, fleet, reach.regions);
  const valuer = valuerOf(job, view, options);
  const counts = countsToTry(idealOf(job, fleet).counts, Math.min(target.targetGpus, free));
  const proposals = slowest ? best(job, reach, counts, slowest, valuer, view.timeModel, options) : [];
  const judged = proposals.map((proposal) => {
    const placement = placementOf(job, fleet, proposal, slowest!, context, valuer, options);
    const runSeconds = view.runSeconds(job, placement);
    return { proposal, placement, worth: valuer.worth(placement, runSeconds, view.nowSeconds) };
  });
  const chosen = judged.reduce<(typeof judged)[number] | undefined>(
    (least, each) => (least && least.worth.score <= each.worth.score ? least : each),
    undefined,
  );
  const name = (region: number) => fleet.regions[region]!.name;
  if (!chosen) {
    const nearest = nearestMiss(job, reach, slowest, target.neededGpus, context);
    return { ...target, candidates: nearest ? [nearest] : [] };
  }
  const candidates = judged.map(
    (each): Candidate => ({
      regions: each.placement.regions.map(name),
      gpus: each.proposal.gpus,
      outcome: each === chosen ? "chosen" : "not-best",
      rejections: [],
      runSeconds: each.worth.runSeconds,
      usd: each.worth.usd,
      score: each.worth.score,
    }),
  );
  return { ...target, candidates, placement: chosen.placement, worth: chosen.worth };
}

/** The few proposals that look best by formula, the best first. */
function best(
  job: Job,
  reach: Reach,
  counts: readonly number[],
  gpu: GpuType,
  valuer: Valuer,
  timeModel: TimeModel,
  { finalists, hideLatency }: PlusOptions,
): Proposal[] {
  const kept: Proposal[] = [];
  const cheapestFirst = reach.regions
    .map((region, i) => ({ bit: 1 << i, region }))
    .sort((a, b) => valuer.usdPerSecond[a.region]! - valuer.usdPerSecond[b.region]! || a.region - b.region);
  for (const gpus of counts) {
    const period = periodSeconds(job, gpu, gpus);
    const need = needBitsPerSecond(job, gpu, gpus, timeModel);
    const occupancy = (8 * job.activationBytes) / need;
    for (const set of reach.sets(need)) {
      if (set.regionCount > gpus || set.gpus < gpus) continue;
      const hops = set.regionCount - 1;
      const iteration = iterationEstimate(
        job.microbatches,
        gpus,
        period,
        occupancy,
        set,
        timeModel,
        hideLatency,
      );
      const seconds = job.iterations * iteration * (1 + FEWER_HOPS * hops);
      const { grams, usd } = perSecond(gpus, set, cheapestFirst, reach, valuer);
      const score = valuer.score(seconds, usd * seconds, grams * seconds);
      const last = kept[kept.length - 1];
      if (kept.length === finalists && score >= last!.score) continue;
      if (kept.length === finalists) kept.pop();
      const place = kept.findIndex((each) => score < each.score);
      kept.splice(place < 0 ? kept.length : place, 0, { set, gpus, need, score });
    }
  }
  return kept;
}

/** Seconds of one iteration, by formula. */
function iterationEstimate(
  microbatches: number,
  gpus: number,
  period: number,
  occupancy: number,
  { regionCount, roundTripSeconds }: Reachable,
  timeModel: TimeModel,
  hideLatency: boolean,
): number {
  const hops = regionCount - 1;
  if (hops === 0 || timeModel === "overlapped") return (microbatches + gpus - 1) * period;
  if (timeModel === "serial") return (microbatches + gpus - 1) * (period + 2 * occupancy);
  const roundTrips = roundTripSeconds + 2 * occupancy * hops;
  // Not hidden, a hop costs its one-way delay in every micro-batch: (2t + 2q)/2.
  const pace = hideLatency ? period : period + roundTrips / hops / 2;
  return (microbatches - 1) * pace + gpus * period + roundTrips;
}

/** One GPU in each region, the rest where electricity is cheapest: USD and grams per second. */
function perSecond(
  gpus: number,
  { mask, regionCount }: Reachable,
  cheapestFirst: readonly { readonly bit: number; readonly region: number }[],
  { freeGpus }: Reach,
  { gramsPerSecond, usdPerSecond }: Valuer,
): { readonly usd: number; readonly grams: number } {
  let [usd, grams, left] = [0, 0, gpus - regionCount];
  for (const { bit, region } of cheapestFirst) {
    if ((mask & bit) === 0) continue;
    const more = Math.min(left, freeGpus[region]! - 1);
    left -= more;
    usd += (1 + more) * usdPerSecond[region]!;
    grams += (1 + more) * gramsPerSecond[region]!;
  }
  return { usd, grams };
}

function placementOf(
  job: Job,
  fleet: Fleet,
  { gpus, need, set }: Proposal,
  gpu: GpuType,
  { ledger, view }: SearchContext,
  { usdPerSecond }: Valuer,
  options: PlusOptions,
): Placement {
  const regions = set.path();
  const split = regions.map(() => 1);
  let left = gpus - regions.length;
  const cheapestFirst = [...regions.keys()].sort(
    (a, b) => usdPerSecond[regions[a]!]! - usdPerSecond[regions[b]!]! || regions[a]! - regions[b]!,
  );
  for (const position of cheapestFirst) {
    const more = Math.min(left, ledger.freeGpus[regions[position]!]! - 1);
    split[position]! += more;
    left -= more;
  }
  const placement = { regions, gpus: split, hopBitsPerSecond: regions.slice(1).map(() => need) };
  return options.hideLatency && view.timeModel === "1f1b"
    ? withWarmup(job, fleet, placement, gpu)
    : placement;
}

/** The set with most GPUs that the least count's bandwidth allows, and why the other regions cannot join it. */
function nearestMiss(
  job: Job,
  reach: Reach,
  gpu: GpuType | undefined,
  neededGpus: number,
  { ledger, view }: SearchContext,
): Candidate | undefined {
  if (!gpu) return undefined;
  const need = needBitsPerSecond(job, gpu, neededGpus, view.timeModel);
  const [nearest] = [...reach.sets(need)].sort((a, b) => b.gpus - a.gpus || a.mask - b.mask);
  if (!nearest) return undefined;
  const path = nearest.path();
  const { regions } = ledger.fleet;
  const rejections = regions.flatMap(({ name }, region): Rejection[] => {
    if (path.includes(region)) return [];
    if (ledger.freeGpus[region]! <= 0) return [{ constraint: "no-free-gpus", region: name }];
    const from = path.reduce((a, b) =>
      residualBitsPerSecond(ledger, b, region) > residualBitsPerSecond(ledger, a, region) ? b : a,
    );
    const residual = residualBitsPerSecond(ledger, from, region);
    const hop = { from: regions[from]!.name, to: name };
    return residual < need
      ? [
          {
            constraint: "bandwidth",
            region: name,
            ...hop,
            neededBitsPerSecond: need,
            residualBitsPerSecond: residual,
          },
        ]
      : [];
  });
  return {
    regions: path.map((region) => regions[region]!.name),
    gpus: Math.min(nearest.gpus, job.maxGpus),
    outcome: "too-few-gpus",
    rejections,
  };
}

/** The type with the longest micro-batch among those that could be used: the others wait for it. */
function slowestGpu(job: Job, fleet: Fleet, regions: readonly number[]): GpuType | undefined {
  const seconds = (gpu: GpuType) => forwardSecondsOn(job, gpu) + backwardSecondsOn(job, gpu);
  return regions
    .map((region) => fleet.regions[region]!.gpuType)
    .reduce<GpuType | undefined>(
      (slowest, gpu) => (slowest && seconds(slowest) >= seconds(gpu) ? slowest : gpu),
      undefined,
    );
}
