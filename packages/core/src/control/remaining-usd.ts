// USD of what is left of a running job on some placement: electricity as forecast from now, traffic between regions, and
// carbon as the policy pays for it.
import { egressUsd } from "../cost/money.ts";
import { busyFacilityWatts, type Fleet } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import { expectedMean } from "../scheduler/plus/forecast.ts";
import type { Pricing, View } from "../scheduler/policy.ts";
import { JOULES_PER_KWH } from "../units.ts";
import { remainingJob } from "./estimated.ts";
import type { JobState } from "./state.ts";

/** USD of a placement's electricity, and of its traffic for the steps left, carbon among it as the policy pays for it. */
export function usdOf(known: JobState, view: View, pricing: Pricing) {
  const { fleet } = view.ledger;
  const price = pricing(known.job, view);
  const remaining = remainingJob(known, view.nowSeconds);
  return (placement: Placement, seconds: number, delaySeconds: number, trafficShare = 1): number =>
    placement.regions.reduce(
      (sum, region, i) =>
        sum +
        placement.gpus[i]! * seconds * usdPerGpuSecond(fleet, region, view, price, seconds, delaySeconds),
      trafficShare * price.usd * egressUsd(remaining, fleet, placement.regions),
    );
}

/** By prices alone no place is cheaper: the same work where a FLOP costs the least, with nothing to send. */
export function leastUsdOf({ epoch, job }: JobState, view: View, pricing: Pricing, seconds: number): number {
  const { fleet } = view.ledger;
  const { gpus, regions } = epoch!.placement;
  const price = pricing(job, view);
  const flopsOf = (region: number) => fleet.regions[region]!.gpuType.peakFlopsPerSecond;
  const perFlop = fleet.regions.map(
    (_, region) => usdPerGpuSecond(fleet, region, view, price, seconds, 0) / flopsOf(region),
  );
  const flops = regions.reduce((sum, region, i) => sum + gpus[i]! * flopsOf(region), 0);
  return Math.min(...perFlop) * flops * seconds;
}

function usdPerGpuSecond(
  fleet: Fleet,
  index: number,
  { nowSeconds }: View,
  price: ReturnType<Pricing>,
  seconds: number,
  delaySeconds: number,
): number {
  const region = fleet.regions[index]!;
  const fromSeconds = nowSeconds + delaySeconds;
  const mean = (series: typeof region.tariff) =>
    expectedMean(series, nowSeconds, fromSeconds, fromSeconds + seconds);
  const carbon = region.carbon && price.usdPerGram !== 0 ? price.usdPerGram * mean(region.carbon) : 0;
  return (busyFacilityWatts(region) * (price.usd * mean(region.tariff) + carbon)) / JOULES_PER_KWH;
}
