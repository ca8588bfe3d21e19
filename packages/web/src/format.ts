// Figures as people read them, the same as `bace` prints them: three significant digits and always a unit. What is not
// known is a dash.
import type { PlacementView } from "./api.ts";

export const UNKNOWN = "–";

type Figure = number | null | undefined;

/** At most three significant digits, never an exponent, no trailing zeros; whole digits are never dropped. */
export function figure(value: Figure): string {
  if (value == null || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.floor(Math.log10(Math.abs(value) || 1));
  const text = value.toFixed(Math.min(12, Math.max(0, 2 - size)));
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return short === "-0" ? "0" : short;
}

type Scale = readonly [from: number, unit: number, name: string];

const DURATIONS: readonly Scale[] = [
  [172_800, 86_400, "d"],
  [7200, 3600, "h"],
  [120, 60, "min"],
  [0.9995, 1, "s"],
  [0, 0.001, "ms"],
];

const BIT_RATES: readonly Scale[] = [
  [1e12, 1e12, "Tbit/s"],
  [1e9, 1e9, "Gbit/s"],
  [1e6, 1e6, "Mbit/s"],
  [1e3, 1e3, "kbit/s"],
  [0, 1, "bit/s"],
];

/** 0.0123 → "12.3 ms", 41.5 → "41.5 s", 192 → "3.2 min" */
export function duration(seconds: Figure): string {
  return scaled(seconds, DURATIONS);
}

/** Decimal prefixes: 4.1e9 → "4.1 Gbit/s" */
export function bitRate(bitsPerSecond: Figure): string {
  return scaled(bitsPerSecond, BIT_RATES);
}

export function money(usd: Figure): string {
  return usd == null ? UNKNOWN : `${figure(usd)} USD`;
}

export function pricePerKwh(usdPerKwh: Figure): string {
  return usdPerKwh == null ? UNKNOWN : `${figure(usdPerKwh)} USD/kWh`;
}

/** A fraction of 1 with one decimal: more says more than a measurement knows. */
export function percent(fraction: number): string {
  const text = (100 * fraction).toFixed(1);
  return `${Number(text) === 0 ? "0.0" : text} %`;
}

/** How far a value is from a reference: "+12.5 %"; nothing to compare with is a dash. */
export function deviation(value: Figure, reference: Figure): string {
  if (value == null || !reference) return UNKNOWN;
  const text = percent(value / reference - 1);
  return text.startsWith("-") || text === "0.0 %" ? text : `+${text}`;
}

/** What is reserved of a capacity, 0..1. A link that shrank under its reservations is full. */
export function part(amount: number, whole: number): number {
  return whole > 0 ? Math.min(1, amount / whole) : 0;
}

export function gpus(count: number): string {
  return count === 1 ? "1 GPU" : `${count} GPUs`;
}

/** "5.541 → 2.318" */
export function lossText(first: Figure, last: Figure): string {
  const text = (loss: Figure) => (loss == null ? UNKNOWN : loss.toFixed(3));
  return first == null && last == null ? UNKNOWN : `${text(first)} → ${text(last)}`;
}

/** "netherlands 2 → frankfurt 1": GPUs in each region, in pipeline order. A line never breaks before a count. */
export function placementText(placement: Pick<PlacementView, "regions"> | null): string {
  return (
    placement?.regions.map(({ region, gpus: count }) => `${region}\u00a0${count}`).join(" → ") ?? UNKNOWN
  );
}

/** Nothing at all is nought of the plain unit. */
function scaled(value: Figure, scales: readonly Scale[]): string {
  if (value == null) return UNKNOWN;
  const size = Math.abs(value);
  const fits = ([from, of]: Scale) => (size === 0 ? of === 1 : size >= from);
  const [, unit, name] = scales.find(fits) ?? scales.at(-1)!;
  return `${figure(value / unit)} ${name}`;
}
