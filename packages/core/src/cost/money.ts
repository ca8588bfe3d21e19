// Electricity of a placement: busy GPUs draw their type's busy power, times the facility's PUE, paid by the region's
// tariff over the run. Egress: bytes that leave a region, by link. Left out: idle GPUs, carbon.
import { busyFacilityWatts, type Fleet } from "../fleet/fleet.ts";
import { forEachHop, type Placement } from "../fleet/ledger.ts";
import { electricityUsd, priceAt } from "../fleet/tariff.ts";
import { BYTES_PER_GB, JOULES_PER_KWH, SECONDS_PER_HOUR } from "../units.ts";
import type { Job } from "./job.ts";

/** USD of electricity that a placement uses from one instant to another. */
export function placementElectricityUsd(
  fleet: Fleet,
  placement: Placement,
  fromSeconds: number,
  toSeconds: number,
): number {
  return placement.regions.reduce((usd, index, i) => {
    const region = fleet.regions[index]!;
    return (
      usd +
      electricityUsd(region.tariff, placement.gpus[i]! * busyFacilityWatts(region), fromSeconds, toSeconds)
    );
  }, 0);
}

/** kWh that a placement uses in a time, facility overhead included. */
export function placementEnergyKwh(fleet: Fleet, placement: Placement, seconds: number): number {
  const watts = placement.regions.reduce(
    (sum, index, i) => sum + placement.gpus[i]! * busyFacilityWatts(fleet.regions[index]!),
    0,
  );
  return (watts * seconds) / JOULES_PER_KWH;
}

/** USD per hour of one busy GPU of a region, at the price of an instant: what "cheapest electricity" means. */
export function gpuUsdPerHour(fleet: Fleet, region: number, atSeconds: number): number {
  const { tariff } = fleet.regions[region]!;
  return (
    (busyFacilityWatts(fleet.regions[region]!) * priceAt(tariff, atSeconds) * SECONDS_PER_HOUR) /
    JOULES_PER_KWH
  );
}

/** USD of traffic between regions over the whole job: every micro-batch crosses every hop once each way. */
export function egressUsd(job: Job, fleet: Fleet, placement: Placement): number {
  const bytesEachWay = job.activationBytes * job.microbatches * job.iterations;
  let usd = 0;
  forEachHop(placement, (a, b) => {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const link = fleet.links.find((candidate) => candidate.from === from && candidate.to === to);
      usd += ((link?.egressUsdPerGb ?? 0) * bytesEachWay) / BYTES_PER_GB;
    }
  });
  return usd;
}
