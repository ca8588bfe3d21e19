// Prices and carbon intensities in the units in which sources write them, into USD and grams per kWh.
import type { Currencies } from "@bace-pipe/core/spec";
import { failed, type Got, got } from "./feed.ts";

/** What to multiply by; "EUR/MWh", "USD/kWh", "gCO2/kWh", "kgCO2/MWh". */
export function factorOf(unit: string, currencies: Currencies, about: string): Got<number> {
  if (/^(?:gCO2\/kWh|kgCO2\/MWh)$/.test(unit)) return got(1);
  const [, currency, per] = /^([A-Z]{3})\/([kM])Wh$/i.exec(unit) ?? [];
  if (!currency)
    return failed(
      "bad-answer",
      about,
      `"${unit.slice(0, 30)}" is no unit that is known`,
      "read it by a generic source",
    );
  const code = currency.toUpperCase();
  const rate = code === "USD" ? 1 : Object.hasOwn(currencies, code) ? currencies[code]!.usd : undefined;
  if (rate === undefined)
    return failed(
      "no-rate",
      about,
      `the answer is in ${code}`,
      `add ${code} to currencies, with the day of the rate`,
    );
  return got(per!.toLowerCase() === "m" ? rate / 1000 : rate);
}

/** Seconds since 1970 of ISO 8601 with a time zone, or of a number; undefined where it is neither. */
export function instantOf(value: unknown): number | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return value > 1e11 ? value / 1000 : value;
  if (typeof value !== "string") return undefined;
  if (/^\d{9,10}(?:\.\d+)?$/.test(value)) return Number(value);
  // A time without a zone means another instant on every machine.
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/.test(value)) return undefined;
  const milliseconds = Date.parse(value);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}
