// Figures as people read them, on the command line and in the dashboard: three significant digits and always a unit.
// What is not known is a dash. The counterpart of units.ts, which reads what people write.

export const UNKNOWN = "–";

type Figure = number | null | undefined;

/** At most `digits` significant digits, never an exponent, no trailing zeros; whole digits are never dropped. */
export function figure(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return UNKNOWN;
  const size = Math.floor(Math.log10(Math.abs(value) || 1));
  const decimals = Math.min(12, Math.max(0, digits - 1 - size));
  const text = value.toFixed(decimals);
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return short === "-0" ? "0" : short;
}

/** 0.0123 → "12.3 ms", 41.5 → "41.5 s", 192 → "3.2 min", 9000 → "2.5 h", 200000 → "2.31 d" */
export function duration(seconds: Figure): string {
  return scaled(seconds, [
    [172_800, 86_400, "d"],
    [7200, 3600, "h"],
    [120, 60, "min"],
    [0.9995, 1, "s"],
    [0, 0.001, "ms"],
  ]);
}

/** Decimal prefixes: 4.1e9 → "4.1 Gbit/s". */
export function bitRate(bitsPerSecond: Figure): string {
  return scaled(bitsPerSecond, [
    [1e12, 1e12, "Tbit/s"],
    [1e9, 1e9, "Gbit/s"],
    [1e6, 1e6, "Mbit/s"],
    [1e3, 1e3, "kbit/s"],
    [0, 1, "bit/s"],
  ]);
}

export function energy(kwh: Figure): string {
  return scaled(kwh, [
    [1000, 1000, "MWh"],
    [0.1, 1, "kWh"],
    [0, 0.001, "Wh"],
  ]);
}

export function power(watts: Figure): string {
  return scaled(watts, [
    [1e6, 1e6, "MW"],
    [1000, 1000, "kW"],
    [0, 1, "W"],
  ]);
}

/** Of CO2. */
export function carbon(grams: Figure): string {
  return scaled(grams, [
    [1e6, 1e6, "t CO2"],
    [1000, 1000, "kg CO2"],
    [0, 1, "g CO2"],
  ]);
}

export function money(usd: Figure): string {
  return known(usd, (value) => `${figure(value)} USD`);
}

export function pricePerKwh(usdPerKwh: Figure): string {
  return known(usdPerKwh, (value) => `${figure(value)} USD/kWh`);
}

/** A fraction of 1: 0.125 → "12.5 %". */
export function share(fraction: Figure): string {
  return known(fraction, (value) => `${percent(value)} %`);
}

/** How far a value is from a reference: "+12.5 %"; nothing to compare with is a dash. */
export function deviation(value: Figure, reference: Figure): string {
  if (value == null || !reference) return UNKNOWN;
  const text = percent(value / reference - 1);
  return `${text.startsWith("-") || Number(text) === 0 ? "" : "+"}${text} %`;
}

/** One decimal: more says more than a simulation or a measurement knows. */
function percent(fraction: number): string {
  const text = (100 * fraction).toFixed(1);
  return Number(text) === 0 ? "0.0" : text;
}

export function gpus(count: number): string {
  return count === 1 ? "1 GPU" : `${count} GPUs`;
}

export function loss(value: Figure): string {
  return known(value, (known_) => known_.toFixed(3));
}

function known(value: Figure, format: (value: number) => string): string {
  return value == null ? UNKNOWN : format(value);
}

type Scale = readonly [from: number, unit: number, name: string];

function scaled(value: Figure, scales: readonly Scale[]): string {
  return known(value, (amount) => {
    const size = Math.abs(amount);
    const [, unit, name] = scales.find(([from]) => size >= from) ?? scales.at(-1)!;
    // Nothing at all is nought of the plain unit.
    if (size === 0) return `0 ${scales.find((scale) => scale[1] === 1)![2]}`;
    return `${figure(amount / unit)} ${name}`;
  });
}
