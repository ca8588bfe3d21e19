// What jobs have used, as a sum of intervals in which neither prices, carbon intensities nor power were others: an epoch over
// a change is paid at each price for as long as it held. An account is closed when a figure changes that it depends on, and
// when the epoch ends; where nothing changed there is one interval, and one integral.
import { type Footprint, placementFootprint } from "../cost/money.ts";
import { busyFacilityWatts, type Fleet, type Region } from "../fleet/fleet.ts";
import { placedGpus } from "../fleet/ledger.ts";
import type { Epoch, JobState } from "./state.ts";
import { type TenantUse, type UsedInterval, unusedBy, withUse } from "./tenant-use.ts";

/** What a live epoch has used since it was placed. @param fleet as it has been since its account was last closed. */
export function epochFootprint(epoch: Epoch, fleet: Fleet, nowSeconds: number): Footprint {
  const { placedSeconds, placement, spent } = epoch;
  const open = placementFootprint(fleet, placement, spent?.untilSeconds ?? placedSeconds, nowSeconds);
  return spent ? sumOf(spent, open) : open;
}

/** What a job has used, the live epoch included if it has one. */
export function jobFootprint(
  { carbonGrams, electricityUsd, energyKwh, epoch, gpuSeconds }: JobState,
  isLive: boolean,
  fleet: Fleet,
  nowSeconds: number,
): Footprint & { readonly gpuSeconds: number } {
  const before = { carbonGrams, electricityUsd, energyKwh };
  if (!isLive || !epoch) return { ...before, gpuSeconds };
  return {
    ...sumOf(before, epochFootprint(epoch, fleet, nowSeconds)),
    gpuSeconds: gpuSeconds + placedGpus(epoch.placement) * (nowSeconds - epoch.placedSeconds),
  };
}

/** The live epoch with its account closed at an instant, before the fleet changes. */
export function withAccountClosed(epoch: Epoch, fleet: Fleet, nowSeconds: number): Epoch {
  return { ...epoch, spent: { ...epochFootprint(epoch, fleet, nowSeconds), untilSeconds: nowSeconds } };
}

/** Whether what an epoch costs per second, or will, is another amount on another fleet. */
export function costsOtherwise({ placement }: Epoch, before: Fleet, after: Fleet): boolean {
  return placement.regions.some((index) => {
    const [a, b] = [before.regions[index], after.regions[index]];
    return a !== b && figuresOf(a) !== figuresOf(b);
  });
}

/** Whether some region costs another amount on another fleet. */
export function hasOtherPrices(before: Fleet, after: Fleet): boolean {
  return after.regions.some((region, i) => {
    const known = before.regions[i];
    return region !== known && figuresOf(region) !== figuresOf(known);
  });
}

/** Of each region: every epoch asks, and a curve of two days is long. */
const knownFigures = new WeakMap<Region, string>();

function figuresOf(region: Region | undefined): string {
  if (!region) return "";
  const known = knownFigures.get(region);
  if (known !== undefined) return known;
  const figures = JSON.stringify([busyFacilityWatts(region), region.tariff, region.carbon]);
  knownFigures.set(region, figures);
  return figures;
}

/** The interval of a live epoch's account that is open. */
export function openInterval(
  { placedSeconds, placement, spent }: Epoch,
  fleet: Fleet,
  nowSeconds: number,
): UsedInterval {
  return {
    gpus: placedGpus(placement),
    fromSeconds: spent?.untilSeconds ?? placedSeconds,
    toSeconds: nowSeconds,
    usdOf: (from, to) => placementFootprint(fleet, placement, from, to).electricityUsd,
  };
}

/** Enters the open interval of a live epoch into its tenant's account; nothing where the fleet has no tenants. */
export function enterUse(
  tenants: Map<string, TenantUse>,
  { job, epoch }: JobState,
  fleet: Fleet,
  nowSeconds: number,
): void {
  if (!fleet.tenants) return;
  const known = tenants.get(job.tenant) ?? unusedBy(job.tenant, nowSeconds);
  tenants.set(job.tenant, withUse(known, openInterval(epoch!, fleet, nowSeconds)));
}

function sumOf(a: Footprint, b: Footprint): Footprint {
  return {
    energyKwh: a.energyKwh + b.energyKwh,
    electricityUsd: a.electricityUsd + b.electricityUsd,
    carbonGrams: a.carbonGrams + b.carbonGrams,
  };
}
