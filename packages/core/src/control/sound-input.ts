// Which statements about a fleet can be true at all. What cannot is refused with a reason before it becomes a fact, and the
// reducer folds in no fact that cannot be: a log that was written by hand does no harm either.
//
// A figure more than 100 times off its default is taken for a wrong unit (MWh for kWh is 1000, Mbit/s for Gbit/s too). That
// refuses real ones now and then: of 2024's 61,488 hourly prices in seven zones one market's went to 119 times its mean.
// The default counts then, and the log says so. Prices may be negative, and as near to 0 as they like.
import type { Fleet, Region } from "../fleet/fleet.ts";
import { TIME_TO_LIVE_SECONDS } from "../fleet/freshness.ts";
import type { Curve } from "../fleet/series.ts";
import { valueAt } from "../fleet/series.ts";
import { SECONDS_PER_DAY } from "../units.ts";
import { type InputFact, linkNamed, regionNamed } from "./inputs.ts";

export interface Unsound {
  readonly code: "unknown-region" | "unknown-link" | "impossible-value" | "impossible-time";
  /** Of the fact. */
  readonly field: string;
  readonly message: string;
}

const MOST_TIMES_OFF = 100;
/** Defaults nearer to 0 than these say nothing about what can be. */
const LEAST_PRICE_USD_PER_KWH = 0.01;
const LEAST_CARBON_GRAMS_PER_KWH = 10;
const LEAST_LATENCY_SECONDS = 0.001;
const MOST_GPUS = 1e6;
/** Of one GPU. */
const MOST_WATTS = 1e4;
/** A week of quarters of an hour, and the same again. */
const MOST_POINTS = 1344;
/** Auctions and forecasts reach three days ahead at most. */
const LONGEST_CURVE_SECONDS = 8 * SECONDS_PER_DAY;
/** Of what stays until somebody says otherwise: a figure that was measured longer ago is not one of now. */
const OLDEST_STANDING_SECONDS = SECONDS_PER_DAY;
const LONGEST_SOURCE = 100;
/** Clocks of others may be this much ahead. */
const CLOCK_SKEW_SECONDS = 60;

/** What of a fact cannot be, whenever it was observed; undefined where it can. */
export function unsoundInput(declared: Fleet, fact: InputFact, nowSeconds: number): Unsound | undefined {
  if (fact.kind === "link-changed") return unsoundLink(declared, fact);
  const region = regionNamed(declared, fact.region);
  if (!region) {
    const known = declared.regions.map(({ name }) => name).join(", ");
    const message = `there is no region "${fact.region}"; there are ${known}`;
    return { code: "unknown-region", field: "region", message };
  }
  switch (fact.kind) {
    case "region-cordoned":
    case "region-uncordoned":
    case "region-drained":
      return undefined;
    case "capacity-changed":
      if (Number.isInteger(fact.gpus) && fact.gpus >= 0 && fact.gpus <= MOST_GPUS) return undefined;
      return impossible("gpus", `${fact.gpus} is not a number of GPUs: give 0 to ${MOST_GPUS}`);
    case "capacity-counted":
      if (Number.isInteger(fact.gpus) && fact.gpus >= 0 && fact.gpus <= MOST_GPUS)
        return unsoundSource(fact.source);
      return impossible("gpus", `${fact.gpus} is not a number of GPUs: give 0 to ${MOST_GPUS}`);
    case "price-changed":
      return (
        unsoundSource(fact.source) ??
        offBy("priceUsdPerKwh", fact.priceUsdPerKwh, pricesAt(region, nowSeconds))
      );
    case "carbon-changed":
      return (
        unsoundSource(fact.source) ??
        offBy("carbonGramsPerKwh", fact.carbonGramsPerKwh, carbonAt(region, nowSeconds))
      );
    case "price-curve":
      return unsoundSource(fact.source) ?? unsoundCurve(fact, pricesAt(region, nowSeconds));
    case "carbon-curve":
      return unsoundSource(fact.source) ?? unsoundCurve(fact, carbonAt(region, nowSeconds));
    case "power-changed": {
      if (fact.busyWatts > 0 && fact.busyWatts <= MOST_WATTS) return unsoundSource(fact.source);
      return impossible("busyWatts", `${fact.busyWatts} is not the power of one busy GPU in watts`);
    }
  }
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

function pricesAt({ tariff }: Region, nowSeconds: number): Bounds {
  const usual = Math.max(Math.abs(valueAt(tariff, nowSeconds)), LEAST_PRICE_USD_PER_KWH);
  return { least: -MOST_TIMES_OFF * usual, most: MOST_TIMES_OFF * usual };
}

function carbonAt({ carbon }: Region, nowSeconds: number): Bounds {
  const usual = Math.max(carbon ? valueAt(carbon, nowSeconds) : 0, LEAST_CARBON_GRAMS_PER_KWH);
  return { least: 0, most: MOST_TIMES_OFF * usual };
}

function unsoundCurve({ fromSeconds, untilSeconds, values }: Curve, bounds: Bounds): Unsound | undefined {
  const count = fromSeconds.length;
  if (count === 0 || count > MOST_POINTS || values.length !== count)
    return impossible("values", `give 1 to ${MOST_POINTS} values, each with the time from which it holds`);
  const ends = [...fromSeconds.slice(1), untilSeconds];
  if (!fromSeconds.every((from, i) => Number.isFinite(from) && from < ends[i]!))
    return impossible("fromSeconds", "give times in ascending order, and the end after the last of them");
  if (!(untilSeconds - fromSeconds[0]! <= LONGEST_CURVE_SECONDS))
    return impossible("untilSeconds", `it is of more than ${LONGEST_CURVE_SECONDS} s: give less`);
  for (const value of values) {
    const unsound = offBy("values", value, bounds);
    if (unsound) return unsound;
  }
  return undefined;
}

/** Whether an observation is of the future, or too old to count. */
export function unsoundTime(fact: InputFact, nowSeconds: number): Unsound | undefined {
  if (!("observedAtSeconds" in fact)) return undefined;
  const { observedAtSeconds } = fact;
  const wrong = (message: string): Unsound => ({
    code: "impossible-time",
    field: "observedAtSeconds",
    message,
  });
  if (!Number.isFinite(observedAtSeconds)) return wrong("it is not a time: give seconds since 1970");
  const age = nowSeconds - observedAtSeconds;
  if (age < -CLOCK_SKEW_SECONDS)
    return wrong(`it was observed ${Math.round(-age)} s from now: is the clock right?`);
  if ("untilSeconds" in fact) {
    if (fact.untilSeconds > nowSeconds && age <= LONGEST_CURVE_SECONDS) return undefined;
    return wrong("what it is of is over: send a newer one");
  }
  const kind = INPUT_OF[fact.kind];
  const lives = kind === "power" || kind === "count" ? OLDEST_STANDING_SECONDS : TIME_TO_LIVE_SECONDS[kind];
  if (age >= lives)
    return wrong(`it is ${Math.round(age)} s old, and a ${kind} counts for ${lives} s: send a newer one`);
  return undefined;
}

const INPUT_OF = {
  "price-changed": "price",
  "carbon-changed": "carbon",
  "link-changed": "link",
  "power-changed": "power",
  "capacity-counted": "count",
} as const;

function unsoundLink(
  declared: Fleet,
  fact: Extract<InputFact, { kind: "link-changed" }>,
): Unsound | undefined {
  const { bandwidthBitsPerSecond: bandwidth, from, latencySeconds: latency, source, to } = fact;
  const link = linkNamed(declared, from, to);
  if (!link) return { code: "unknown-link", field: "from", message: `there is no link ${from} → ${to}` };
  if (bandwidth === undefined && latency === undefined)
    return impossible("bandwidthBitsPerSecond", "it changes nothing: give a bandwidth or a latency");
  const usual = link.bandwidthBitsPerSecond;
  const usualLatency = Math.max(link.latencySeconds, LEAST_LATENCY_SECONDS);
  const rates = { least: Math.max(1, usual / MOST_TIMES_OFF), most: usual * MOST_TIMES_OFF };
  return (
    unsoundSource(source) ??
    (bandwidth === undefined ? undefined : offBy("bandwidthBitsPerSecond", bandwidth, rates)) ??
    (latency === undefined
      ? undefined
      : offBy("latencySeconds", latency, { least: 0, most: usualLatency * MOST_TIMES_OFF }))
  );
}

function offBy(field: string, value: number, { least, most }: Bounds): Unsound | undefined {
  if (value >= least && value <= most) return undefined; // never of NaN
  return impossible(field, `${value} cannot be: ${least} to ${most} can, 100 times the default at most`);
}

function unsoundSource(source: string): Unsound | undefined {
  const isText = typeof source === "string" && /^[\x20-\x7e]+$/.test(source);
  if (isText && source.length <= LONGEST_SOURCE) return undefined;
  return impossible("source", `say where it comes from in 1 to ${LONGEST_SOURCE} printable ASCII characters`);
}

function impossible(field: string, message: string): Unsound {
  return { code: "impossible-value", field, message };
}
