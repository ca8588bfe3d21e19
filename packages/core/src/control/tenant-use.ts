// What tenants' jobs have used: GPU time that fades (a fair share looks at the last weeks, not at all of history) and money
// by hour (a quota is of any 24 hours). Accounts are made of intervals in which nothing changed, one job at a time.
//
// The fade is that of Slurm's fair share (PriorityDecayHalfLife, 7 days by default): a GPU second counts half after a week.
// Money is kept by whole hours, so that a window of 24 hours has 24 to 25 of them: up to an hour too many, never too few.
import { SECONDS_PER_DAY, SECONDS_PER_HOUR } from "../units.ts";

export const USE_HALF_LIFE_SECONDS = 7 * SECONDS_PER_DAY;
const KEPT_HOURS = 25;

export interface TenantUse {
  readonly name: string;
  /** As they count at `atSeconds`. */
  readonly gpuSeconds: number;
  readonly atSeconds: number;
  /** [hour since 1970 or the simulation's start, USD], ascending; those of the last 25 hours. */
  readonly usdByHour: readonly (readonly [hour: number, usd: number])[];
}

export interface UsedInterval {
  readonly gpus: number;
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Of a part of it. */
  readonly usdOf: (fromSeconds: number, toSeconds: number) => number;
}

export function unusedBy(name: string, atSeconds: number): TenantUse {
  return { name, gpuSeconds: 0, atSeconds, usdByHour: [] };
}

/** @param interval ends at or after the account's own time, which the account is brought up to. */
export function withUse(use: TenantUse, { fromSeconds, gpus, toSeconds, usdOf }: UsedInterval): TenantUse {
  const atSeconds = Math.max(use.atSeconds, toSeconds);
  // ∫ gpus · 2^(−(at − t)/H) dt over the interval.
  const faded =
    ((gpus * USE_HALF_LIFE_SECONDS) / Math.LN2) *
    (fading(atSeconds - toSeconds) - fading(atSeconds - fromSeconds));
  const now = hourOf(atSeconds);
  const hours = new Map(use.usdByHour.filter(([hour]) => hour > now - KEPT_HOURS));
  const first = Math.max(hourOf(fromSeconds), now - KEPT_HOURS + 1);
  for (let hour = first; hour * SECONDS_PER_HOUR < toSeconds; hour++) {
    const from = Math.max(fromSeconds, hour * SECONDS_PER_HOUR);
    const to = Math.min(toSeconds, (hour + 1) * SECONDS_PER_HOUR);
    hours.set(hour, (hours.get(hour) ?? 0) + usdOf(from, to));
  }
  return {
    name: use.name,
    gpuSeconds: fadedGpuSeconds(use, atSeconds) + faded,
    atSeconds,
    usdByHour: [...hours].sort(([a], [b]) => a - b),
  };
}

export function fadedGpuSeconds({ atSeconds, gpuSeconds }: TenantUse, nowSeconds: number): number {
  return gpuSeconds * fading(nowSeconds - atSeconds);
}

/** USD since an instant, its whole hour included. */
export function usdSince({ usdByHour }: TenantUse, fromSeconds: number): number {
  const first = hourOf(fromSeconds);
  return usdByHour.reduce((sum, [hour, usd]) => (hour >= first ? sum + usd : sum), 0);
}

function fading(seconds: number): number {
  return 2 ** (-seconds / USE_HALF_LIFE_SECONDS);
}

function hourOf(seconds: number): number {
  return Math.floor(seconds / SECONDS_PER_HOUR);
}
