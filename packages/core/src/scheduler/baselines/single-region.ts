// LCF and LDF, the baselines that keep a job in one region, first come first served:
//   LCF (lowest cost first): the cheapest region with enough free GPUs;  LDF (lowest delay first): the one with most.
import type { Job } from "../../cost/job.ts";
import { gpuUsdPerHour } from "../../cost/money.ts";
import type { Ledger } from "../../fleet/ledger.ts";
import { largestRegionGpus, mostFreeGpus } from "../free.ts";
import { bySubmitTime } from "../order.ts";
import type { Candidate, Policy, Search } from "../policy.ts";
import { policyOf, type SearchContext } from "../round.ts";
import { fittingCount, neededGpusOf, targetOf } from "../target.ts";
import { BASELINE_DEFAULTS, type BaselineOptions } from "./options.ts";

export function lcfPolicy(overrides: Partial<BaselineOptions> = {}): Policy {
  return singleRegion(
    "lcf",
    "one region: the cheapest electricity that has the GPUs; FCFS",
    overrides,
    (ledger, now) => {
      return (region) => gpuUsdPerHour(ledger.fleet, region, now);
    },
  );
}

export function ldfPolicy(overrides: Partial<BaselineOptions> = {}): Policy {
  return singleRegion("ldf", "one region: the one with most free GPUs; FCFS", overrides, (ledger) => {
    return (region) => -ledger.freeGpus[region]!;
  });
}

type SortKey = (ledger: Ledger, nowSeconds: number) => (region: number) => number;

function singleRegion(
  name: string,
  description: string,
  overrides: Partial<BaselineOptions>,
  key: SortKey,
): Policy {
  return policyOf({
    name,
    description,
    options: { ...BASELINE_DEFAULTS, ...overrides },
    order: () => bySubmitTime,
    needs: (job, fleet, start) => neededGpusOf(job, fleet, largestRegionGpus(fleet), start),
    reachable: mostFreeGpus,
    search: (job, context) => searchOneRegion(job, context, key(context.ledger, context.nowSeconds)),
  });
}

/** The first region by the key, lowest first, that has the GPUs. */
export function searchOneRegion(
  job: Job,
  { ledger, start }: SearchContext,
  keyOf: (region: number) => number,
): Search {
  const { fleet, freeGpus } = ledger;
  const target = targetOf(job, fleet, largestRegionGpus(fleet), start);
  const order = fleet.regions.map((_, region) => region).sort((a, b) => keyOf(a) - keyOf(b) || a - b);
  let chosen: number | undefined;
  const candidates = order.map((region): Candidate => {
    const gpus = fittingCount(job, fleet, Math.min(target.targetGpus, freeGpus[region]!));
    const enough = gpus >= target.neededGpus;
    const outcome = !enough ? "too-few-gpus" : chosen === undefined ? "chosen" : "not-best";
    if (outcome === "chosen") chosen = region;
    const { name } = fleet.regions[region]!;
    return {
      regions: [name],
      gpus,
      outcome,
      rejections: enough ? [] : [{ constraint: "single-region", region: name }],
    };
  });
  if (chosen === undefined) return { ...target, candidates };
  const gpus = fittingCount(job, fleet, Math.min(target.targetGpus, freeGpus[chosen]!));
  return { ...target, candidates, placement: { regions: [chosen], gpus: [gpus], hopBitsPerSecond: [] } };
}
