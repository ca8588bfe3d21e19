// Electricity, money and carbon of a placement: busy GPUs draw their type's busy power, times the facility's PUE, paid by
// the region's tariff over the run. Egress: bytes that leave a region, by link.
import { busyFacilityWatts, type Fleet, topologyOf } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import { integral, type Series, valueAt } from "../fleet/series.ts";
import { BYTES_PER_GB, JOULES_PER_KWH, SECONDS_PER_HOUR } from "../units.ts";
import type { Job } from "./job.ts";

export interface Footprint {
  readonly energyKwh: number;
  readonly electricityUsd: number;
  /** Grams of CO2 equivalent; regions whose intensity is not known count as none. */
  readonly carbonGrams: number;
}

/** What a placement uses from one instant to another. */
export function placementFootprint(
  fleet: Fleet,
  placement: Placement,
  fromSeconds: number,
  toSeconds: number,
): Footprint {
  let [energyKwh, electricityUsd, carbonGrams] = [0, 0, 0];
  placement.regions.forEach((index, i) => {
    const region = fleet.regions[index]!;
    const watts = placement.gpus[i]! * busyFacilityWatts(region);
    energyKwh += (watts * (toSeconds - fromSeconds)) / JOULES_PER_KWH;
    electricityUsd += perKwh(region.tariff, watts, fromSeconds, toSeconds);
    if (region.carbon) carbonGrams += perKwh(region.carbon, watts, fromSeconds, toSeconds);
  });
  return { energyKwh, electricityUsd, carbonGrams };
}

/** What a constant draw amounts to over [from, to] of a quantity per kWh. */
export function perKwh(series: Series, watts: number, fromSeconds: number, toSeconds: number): number {
  return (watts * integral(series, fromSeconds, toSeconds)) / JOULES_PER_KWH;
}

/** USD per hour of one busy GPU of a region, at the price of an instant: what "cheapest electricity" means. */
export function gpuUsdPerHour(fleet: Fleet, region: number, atSeconds: number): number {
  const { tariff } = fleet.regions[region]!;
  return (
    (busyFacilityWatts(fleet.regions[region]!) * valueAt(tariff, atSeconds) * SECONDS_PER_HOUR) /
    JOULES_PER_KWH
  );
}

/**
 * USD of traffic between the regions of a path over the whole job: every micro-batch of every replica crosses every hop
 * once each way.
 */
export function egressUsd(job: Job, fleet: Fleet, regions: readonly number[]): number {
  const { egressUsdPerGb, regionCount } = topologyOf(fleet);
  const gbEachWay = (job.activationBytes * job.microbatches * job.iterations) / BYTES_PER_GB;
  let usd = 0;
  for (let hop = 1; hop < regions.length; hop++) {
    const [a, b] = [regions[hop - 1]!, regions[hop]!];
    usd += gbEachWay * (egressUsdPerGb[a * regionCount + b]! + egressUsdPerGb[b * regionCount + a]!);
  }
  return usd;
}
