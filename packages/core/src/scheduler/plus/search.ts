// The placement search of `bace-plus`: set of regions, order of the path, number of GPUs and their split chosen together.
// Every set (see reach.ts) with every count is judged by a formula; those that look best are timed exactly and judged
// again. The formula is that of a pipeline whose hops are hidden by extra warm-up: T = (m+k−1)·t + Σ round trips.

import { isScheduled, type TimeModel } from "../../cost/iteration-time.ts";
import { backwardSecondsOn, forwardSecondsOn, type Job } from "../../cost/job.ts";
import { egressUsd } from "../../cost/money.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { GpuType } from "../../fleet/gpu-types.ts";
import { type Ledger, type Placement, residualBitsPerSecond } from "../../fleet/ledger.ts";
import { BITS_PER_BYTE } from "../../units.ts";
import { freeGpusOf } from "../free.ts";
import type { Candidate, Rejection, Search } from "../policy.ts";
import type { SearchContext } from "../round.ts";
import { idealOf, type Target, targetOf } from "../target.ts";
import { countsToTry, largestUpTo } from "./counts.ts";
import { needBitsPerSecond, periodSeconds, withWarmup } from "./hops.ts";
import type { PlusOptions } from "./options.ts";
import { type Network, networkOf, type Reach, type Reachable } from "./reach.ts";
import { type Valuer, valuerOf, type Worth } from "./value.ts";

/** Between equals the path with fewer hops, at this share of the time per hop. */
const FEWER_HOPS = 1e-3;

interface Proposal {
  readonly set: Reachable;
  readonly gpus: number;
  readonly need: number;
  /** The slowest type on it. */
  readonly gpu: GpuType;
  readonly score: number;
}

interface Paced {
  readonly reach: Reach;
  readonly gpu: GpuType;
  readonly target: Target;
  readonly valuer: Valuer;
  readonly fleet: Fleet;
  readonly timeModel: TimeModel;
}

export interface PlusSearch extends Search {
  /** Of the placement that was found. */
  readonly worth?: Worth;
}

export function searchPlus(job: Job, context: SearchContext, options: PlusOptions): PlusSearch {
  const { ledger, view } = context;
  const { fleet } = ledger;
  const target = targetOf(job, fleet, freeGpusOf(ledger), "minimum");
  const valuer = valuerOf(job, view, options);
  const network = networkOf(ledger, options.exactRegions);
  const shortlist: Proposal[] = [];
  // A pipeline runs at the pace of its slowest GPU, so each pace is a search of its own, over what keeps up with it.
  for (const gpu of typesBySpeed(job, ledger)) {
    const types = new Set(
      ledger.fleet.regions.map(({ gpuType }) => gpuType).filter((type) => keepsUp(job, type, gpu)),
    );
    const key = Array.from(types, (type) => type.name).join();
    const reach = network.over(key, (region) => types.has(fleet.regions[region]!.gpuType));
    propose(shortlist, job, { reach, gpu, target, valuer, fleet, timeModel: view.timeModel }, options);
  }
  const judged = shortlist.map((proposal) => {
    const placement = placementOf(job, fleet, proposal, context, valuer, options);
    const runSeconds = view.runSeconds(job, placement);
    return { proposal, placement, worth: valuer.worth(placement, runSeconds, view.nowSeconds) };
  });
  const chosen = judged.reduce<(typeof judged)[number] | undefined>(
    (least, each) => (least && least.worth.score <= each.worth.score ? least : each),
    undefined,
  );
  const name = (region: number) => fleet.regions[region]!.name;
  if (!chosen) {
    const nearest = nearestMiss(job, network, target.neededGpus, context);
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

/** Keeps on the shortlist what looks best by formula, the best first. */
function propose(
  shortlist: Proposal[],
  job: Job,
  { fleet, gpu, reach, target, timeModel, valuer }: Paced,
  { finalists, hideLatency }: PlusOptions,
): void {
  const { counts } = idealOf(job, fleet);
  const cheapestFirst = reach.regions
    .map((region, i) => ({ bit: 1 << i, region }))
    .sort((a, b) => valuer.usdPerSecond[a.region]! - valuer.usdPerSecond[b.region]! || a.region - b.region);

  const least = (perSecondOf: Float64Array) =>
    Math.min(...reach.regions.map((region) => perSecondOf[region]!));
  const [leastUsd, leastGrams] = [least(valuer.usdPerSecond), least(valuer.gramsPerSecond)];
  const worstOfShortlist = () =>
    shortlist.length < finalists ? Number.POSITIVE_INFINITY : shortlist[finalists - 1]!.score;
  /** Of a run of that long: nowhere is electricity cheaper than in the cheapest region. */
  const leastScore = (gpus: number, seconds: number) =>
    valuer.score(seconds, leastUsd * gpus * seconds, leastGrams * gpus * seconds);
  const isHopeless = (gpus: number) => {
    if (leastScore(gpus, 1) < 0) return false; // prices so negative that longer is better
    const seconds = job.iterations * (job.microbatches + gpus - 1) * periodSeconds(job, gpu, gpus);
    return leastScore(gpus, seconds) >= worstOfShortlist();
  };

  const consider = (set: Reachable, gpus: number, need: number): void => {
    if (set.regionCount > gpus || set.gpus < gpus) return;
    const period = periodSeconds(job, gpu, gpus);
    const occupancy = (BITS_PER_BYTE * job.activationBytes) / need;
    const iteration = iterationEstimate(
      job.microbatches,
      gpus,
      period,
      occupancy,
      set,
      timeModel,
      hideLatency,
    );
    const seconds = job.iterations * iteration * (1 + FEWER_HOPS * (set.regionCount - 1));
    if (leastScore(gpus, seconds) >= worstOfShortlist()) return;
    const { grams, usd } = perSecond(gpus, set, cheapestFirst, reach, valuer);
    const traffic = set.regionCount > 1 ? egressUsd(job, fleet, set.pathOf(set.mask)) : 0;
    const score = valuer.score(seconds, usd * seconds + traffic, grams * seconds);
    if (score >= worstOfShortlist()) return;
    if (shortlist.some((each) => each.set === set && each.gpus === gpus)) return;
    if (shortlist.length === finalists) shortlist.pop();
    const place = shortlist.findIndex((each) => score < each.score);
    const proposal = { set, gpus, need, gpu, score };
    shortlist.splice(place < 0 ? shortlist.length : place, 0, proposal);
  };

  // One GPU needs no path.
  const setsFor = (need: number, rounded: boolean) =>
    target.targetGpus === 1 ? reach.singles() : reach.sets(need, rounded);
  for (const gpus of countsToTry(counts, target.targetGpus)) {
    if (isHopeless(gpus)) continue;
    const need = needBitsPerSecond(job, gpu, gpus, timeModel);
    // The least count decides whether the job can start at all.
    for (const set of setsFor(need, gpus > target.neededGpus).values()) consider(set, gpus, need);
  }
  // Besides, every set with all that it has: round numbers would leave some of it idle.
  for (const { gpus: free, mask } of setsFor(0, false).values()) {
    const gpus = largestUpTo(counts, Math.min(target.targetGpus, free));
    if (gpus === undefined || isHopeless(gpus)) continue;
    const need = needBitsPerSecond(job, gpu, gpus, timeModel);
    const set = setsFor(need, true).get(mask);
    if (set) consider(set, gpus, need);
  }
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
  { gpu, gpus, need, set }: Proposal,
  { ledger, view }: SearchContext,
  { usdPerSecond }: Valuer,
  options: PlusOptions,
): Placement {
  const regions = set.pathOf(set.mask);
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
  return options.hideLatency && isScheduled(view.timeModel)
    ? withWarmup(job, fleet, placement, gpu)
    : placement;
}

/** The set with most GPUs that the least count's bandwidth allows, and why the other regions cannot join it. */
function nearestMiss(
  job: Job,
  network: Network,
  neededGpus: number,
  { ledger, view }: SearchContext,
): Candidate | undefined {
  const gpu = typesBySpeed(job, ledger)[0];
  if (!gpu) return undefined;
  const need = needBitsPerSecond(job, gpu, neededGpus, view.timeModel);
  const everywhere = network.over("all", () => true);
  const sets = [...everywhere.sets(need, false).values()];
  const nearest = sets.sort((a, b) => b.gpus - a.gpus || a.mask - b.mask)[0]!;
  const path = nearest.pathOf(nearest.mask);
  const { regions } = ledger.fleet;
  const rejections = regions.flatMap(({ name }, region): Rejection[] => {
    if (path.includes(region)) return [];
    if (ledger.freeGpus[region]! <= 0) return [{ constraint: "no-free-gpus", region: name }];
    const from = path.reduce((a, b) =>
      residualBitsPerSecond(ledger, b, region) > residualBitsPerSecond(ledger, a, region) ? b : a,
    );
    const residual = residualBitsPerSecond(ledger, from, region);
    if (residual >= need) return [];
    const hop = { from: regions[from]!.name, to: name };
    const figures = { neededBitsPerSecond: need, residualBitsPerSecond: residual };
    return [{ constraint: "bandwidth", region: name, ...hop, ...figures }];
  });
  return {
    regions: path.map((region) => regions[region]!.name),
    gpus: Math.min(nearest.gpus, job.maxGpus),
    outcome: "too-few-gpus",
    rejections,
  };
}

/** The types that have free GPUs, the slowest first, each speed once. */
function typesBySpeed(job: Job, { fleet, freeGpus }: Ledger): GpuType[] {
  const types = new Map<number, GpuType>();
  fleet.regions.forEach(({ gpuType }, region) => {
    if (freeGpus[region]! > 0) types.set(microbatchSeconds(job, gpuType), gpuType);
  });
  return [...types].sort(([a], [b]) => b - a).map(([, gpu]) => gpu);
}

function keepsUp(job: Job, gpu: GpuType, pace: GpuType): boolean {
  return microbatchSeconds(job, gpu) <= microbatchSeconds(job, pace);
}

function microbatchSeconds(job: Job, gpu: GpuType): number {
  return forwardSecondsOn(job, gpu) + backwardSecondsOn(job, gpu);
}
