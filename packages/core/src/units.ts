// Quantities with units: what a person writes ("5 Gbit/s", "40 ms") into the base unit that a field's name ends with.
// Base units: seconds, bytes, bits per second, watts, USD per kWh, FLOP per second. Decimal prefixes (1 GB = 1e9 bytes);
// KiB, MiB, GiB and TiB are there for memory. Bits and bytes never mix: "5 GB/s" is refused where bits are asked for.

export type Dimension =
  | "seconds"
  | "bytes"
  | "bitsPerSecond"
  | "watts"
  | "usdPerKwh"
  | "usdPerGb"
  | "flopsPerSecond";

const decimal = (unit: string, prefixes: string): [string, number][] =>
  [
    ["", 1] as [string, number],
    ...Array.from(prefixes, (p): [string, number] => [p, 1000 ** ("kMGTP".indexOf(p) + 1)]),
  ].map(([prefix, factor]) => [prefix + unit, factor]);

const UNITS: Readonly<Record<Dimension, ReadonlyMap<string, number>>> = {
  seconds: new Map([
    ["us", 1e-6],
    ["ms", 1e-3],
    ["s", 1],
    ["min", 60],
    ["h", 3600],
    ["d", 86400],
  ]),
  bytes: new Map([
    ...decimal("B", "kMGT"),
    ["KiB", 2 ** 10],
    ["MiB", 2 ** 20],
    ["GiB", 2 ** 30],
    ["TiB", 2 ** 40],
  ]),
  bitsPerSecond: new Map([...decimal("bit/s", "kMGT"), ...decimal("bps", "kMGT")]),
  watts: new Map(decimal("W", "kM")),
  usdPerKwh: new Map([
    ["USD/kWh", 1],
    ["USD/MWh", 1e-3],
  ]),
  usdPerGb: new Map([["USD/GB", 1]]),
  flopsPerSecond: new Map(decimal("FLOP/s", "kMGTP")),
};

/** The dimension that a field's name ends with (`latencySeconds` → seconds), or undefined for a plain number. */
export function dimensionOfField(field: string): Dimension | undefined {
  const suffixes: readonly [string, Dimension][] = [
    ["BitsPerSecond", "bitsPerSecond"],
    ["FlopsPerSecond", "flopsPerSecond"],
    ["UsdPerKwh", "usdPerKwh"],
    ["UsdPerGb", "usdPerGb"],
    ["Seconds", "seconds"],
    ["Bytes", "bytes"],
    ["Watts", "watts"],
  ];
  return suffixes.find(([suffix]) => field.endsWith(suffix))?.[1];
}

/** Units accepted for a dimension, base unit included: for messages. */
export function unitsOf(dimension: Dimension): readonly string[] {
  return [...UNITS[dimension].keys()];
}

/**
 * "40 ms" → 0.04. Returns undefined when the text is not a number followed by a unit of the dimension;
 * the caller, who knows file and line, says so.
 */
export function parseQuantity(text: string, dimension: Dimension): number | undefined {
  const match = /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([A-Za-z/]+)\s*$/.exec(text);
  if (!match) return undefined;
  const factor = UNITS[dimension].get(match[2]!);
  return factor === undefined ? undefined : Number(match[1]) * factor;
}

export const SECONDS_PER_HOUR = 3600;
export const JOULES_PER_KWH = 3.6e6;
export const BITS_PER_BYTE = 8;
export const BYTES_PER_GB = 1e9;
export const GRAMS_PER_KG = 1000;
export const SECONDS_PER_DAY = 86_400;
