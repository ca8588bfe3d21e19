// The price of electricity over time: flat, or a step series (hourly, quarter-hourly) that holds its last value.
// Money is always an integral over an interval, never price-now × duration, so a run over midnight is paid as it was.
// Prices may be negative (Frankfurt 2024: 442 hours).
import { JOULES_PER_KWH } from "../units.ts";

export type Tariff =
  | { readonly kind: "flat"; readonly priceUsdPerKwh: number }
  | {
      readonly kind: "series";
      /** Start of the first step, on the clock of the fleet (simulation time, or seconds since 1970). */
      readonly startSeconds: number;
      readonly stepSeconds: number;
      /** One price per step; before the first and after the last, the nearest one holds. Never empty. */
      readonly pricesUsdPerKwh: readonly number[];
    };

export function flatTariff(priceUsdPerKwh: number): Tariff {
  return { kind: "flat", priceUsdPerKwh };
}

/** USD per kWh at an instant. */
export function priceAt(tariff: Tariff, atSeconds: number): number {
  if (tariff.kind === "flat") return tariff.priceUsdPerKwh;
  const step = Math.floor((atSeconds - tariff.startSeconds) / tariff.stepSeconds);
  return tariff.pricesUsdPerKwh[Math.min(Math.max(step, 0), tariff.pricesUsdPerKwh.length - 1)]!;
}

/** ∫ price dt over [from, to], in USD/kWh × seconds. Throws if the interval runs backwards. */
export function priceIntegral(tariff: Tariff, fromSeconds: number, toSeconds: number): number {
  if (!(toSeconds >= fromSeconds))
    throw new Error(`interval runs backwards: ${fromSeconds} to ${toSeconds} s`);
  if (tariff.kind === "flat") return tariff.priceUsdPerKwh * (toSeconds - fromSeconds);
  const { startSeconds, stepSeconds, pricesUsdPerKwh } = tariff;
  const endSeconds = startSeconds + stepSeconds * pricesUsdPerKwh.length;
  // Head and tail, where the nearest price holds for any length of time.
  let sum = pricesUsdPerKwh[0]! * Math.max(0, Math.min(toSeconds, startSeconds) - fromSeconds);
  sum +=
    pricesUsdPerKwh[pricesUsdPerKwh.length - 1]! * Math.max(0, toSeconds - Math.max(fromSeconds, endSeconds));
  const first = Math.max(0, Math.floor((fromSeconds - startSeconds) / stepSeconds));
  for (let step = first; step < pricesUsdPerKwh.length; step++) {
    const stepStart = startSeconds + step * stepSeconds;
    if (stepStart >= toSeconds) break;
    const overlap = Math.min(toSeconds, stepStart + stepSeconds) - Math.max(fromSeconds, stepStart);
    sum += pricesUsdPerKwh[step]! * Math.max(0, overlap);
  }
  return sum;
}

/** USD that a constant draw costs over [from, to]. */
export function electricityUsd(
  tariff: Tariff,
  watts: number,
  fromSeconds: number,
  toSeconds: number,
): number {
  return (watts * priceIntegral(tariff, fromSeconds, toSeconds)) / JOULES_PER_KWH;
}
