// What tenants hold and spend: where each of them stands, and what a start would exceed.
//
// A quota in USD is of every window of 24 hours, those to come included: for each of the next 24 hours, what was spent in the
// part that is past of a window that ends within it, what running jobs are expected to spend until its end, and what the job
// would. Windows are of whole hours, so that up to two hours' worth of a quota cannot be used. Nothing is started that would
// exceed one, by prices and run times as they are known then. What runs is never stopped for it: a price that rises, or a job
// that takes longer than predicted, may exceed it, and the tenant then starts nothing until its windows have room again.
import { placementFootprint } from "../cost/money.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import type { Tenant } from "../fleet/tenancy.ts";
import { SECONDS_PER_HOUR } from "../units.ts";
import type { OverQuota } from "./policy.ts";

/** A job that runs, or is about to, counts as so much use of its GPUs in advance. */
export const AHEAD_SECONDS = SECONDS_PER_HOUR;
export const HOURS_OF_A_DAY = 24;

export interface Standing {
  readonly tenant: Tenant;
  readonly gpusHeld: number;
  /** Faded, and with what counts in advance. */
  readonly usedGpuSeconds: number;
  /** By h = 0 … 24: spent since 24 − h hours ago. Only of tenants with a quota in USD. */
  readonly spentUsd: readonly number[];
  /** By h: expected of what runs, in the next h hours. */
  readonly expectedUsd: readonly number[];
}

export interface Tenancy {
  of(tenant: string): Standing;
}

/** USD of a placement in the next 0, 1, … 24 hours, if it ends at a given time. */
export function usdAhead(
  fleet: Fleet,
  placement: Placement,
  nowSeconds: number,
  endSeconds: number,
): number[] {
  const usd = [0];
  for (let h = 1; h <= HOURS_OF_A_DAY; h++) {
    const from = Math.min(endSeconds, nowSeconds + (h - 1) * SECONDS_PER_HOUR);
    const to = Math.min(endSeconds, nowSeconds + h * SECONDS_PER_HOUR);
    usd.push(usd[h - 1]! + (to > from ? placementFootprint(fleet, placement, from, to).electricityUsd : 0));
  }
  return usd;
}

/** After a start, or with a job gone that held so many GPUs. */
export function withStart(
  standing: Standing,
  gpus: number,
  usd: readonly number[] = standing.expectedUsd.map(() => 0),
): Standing {
  return {
    ...standing,
    gpusHeld: standing.gpusHeld + gpus,
    usedGpuSeconds: standing.usedGpuSeconds + gpus * AHEAD_SECONDS,
    expectedUsd: standing.expectedUsd.map((known, h) => known + usd[h]!),
  };
}

/** Standings that differ for some tenants. */
export function tenancyWith(tenancy: Tenancy, changed: ReadonlyMap<string, Standing>): Tenancy {
  return { of: (tenant) => changed.get(tenant) ?? tenancy.of(tenant) };
}

export function hasUsdQuota({ tenant }: Standing): boolean {
  return tenant.usdPerDayQuota !== undefined;
}

/** Whether there is nothing left of the money, whatever the job. */
export function exhausted(standing: Standing): OverQuota | undefined {
  return hasUsdQuota(standing)
    ? overQuotaBy(
        standing,
        0,
        standing.expectedUsd.map(() => 0),
      )
    : undefined;
}

/** What a start with so many GPUs, and so many USD in the next 0, 1, … 24 hours, would exceed. */
export function overQuotaBy(
  { expectedUsd, gpusHeld, spentUsd, tenant }: Standing,
  gpus: number,
  usd: readonly number[] | undefined,
): OverQuota | undefined {
  const { gpuQuota, name, usdPerDayQuota } = tenant;
  if (gpuQuota !== undefined && gpusHeld + gpus > gpuQuota)
    return { kind: "gpus", tenant: name, quota: gpuQuota, held: gpusHeld, needed: gpus };
  if (usdPerDayQuota === undefined || !usd) return undefined;
  for (let h = 0; h <= HOURS_OF_A_DAY; h++) {
    const [spent, expected, needed] = [spentUsd[Math.max(0, h - 1)]!, expectedUsd[h]!, usd[h]!];
    if (spent + expected + needed > usdPerDayQuota)
      return { kind: "usd-per-day", tenant: name, quota: usdPerDayQuota, spent, expected, needed };
  }
  return undefined;
}
