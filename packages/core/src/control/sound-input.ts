// Which statements about a fleet can be true at all. What cannot is refused with a reason before it becomes a fact, and the
// reducer folds in no fact that cannot be: a log that was written by hand does no harm either.
//
// A figure more than 100 times off its default is taken for a wrong unit (MWh for kWh is 1000, Mbit/s for Gbit/s too). That
// refuses real ones now and then: of 2024's 61,488 hourly prices in seven zones one market's went to 119 times its mean.
// The default counts then, and the log says so. Prices may be negative, and as near to 0 as they like.
import type { Fleet } from "../fleet/fleet.ts";
import { TIME_TO_LIVE_SECONDS } from "../fleet/freshness.ts";
import { valueAt } from "../fleet/series.ts";
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
    case "price-changed": {
      const usual = Math.max(Math.abs(valueAt(region.tariff, nowSeconds)), LEAST_PRICE_USD_PER_KWH);
      return (
        unsoundSource(fact.source) ??
        offBy("priceUsdPerKwh", fact.priceUsdPerKwh, {
          least: -MOST_TIMES_OFF * usual,
          most: MOST_TIMES_OFF * usual,
        })
      );
    }
    case "carbon-changed": {
      const known = region.carbon ? valueAt(region.carbon, nowSeconds) : 0;
      const usual = Math.max(known, LEAST_CARBON_GRAMS_PER_KWH);
      return (
        unsoundSource(fact.source) ??
        offBy("carbonGramsPerKwh", fact.carbonGramsPerKwh, { least: 0, most: MOST_TIMES_OFF * usual })
      );
    }
  }
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
  const kind = INPUT_OF[fact.kind];
  const lives = TIME_TO_LIVE_SECONDS[kind];
  if (!Number.isFinite(observedAtSeconds)) return wrong("it is not a time: give seconds since 1970");
  const age = nowSeconds - observedAtSeconds;
  if (age < -CLOCK_SKEW_SECONDS)
    return wrong(`it was observed ${Math.round(-age)} s from now: is the clock right?`);
  if (age >= lives)
    return wrong(`it is ${Math.round(age)} s old, and a ${kind} counts for ${lives} s: send a newer one`);
  return undefined;
}

const INPUT_OF = { "price-changed": "price", "carbon-changed": "carbon", "link-changed": "link" } as const;

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

function offBy(
  field: string,
  value: number,
  { least, most }: { readonly least: number; readonly most: number },
): Unsound | undefined {
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
