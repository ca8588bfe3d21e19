// How long a figure that somebody observed counts, and how far it is trusted by then. Every price, carbon intensity and link
// figure is either the file's (its default) or an observation with a source and a time. An observation counts until its
// time to live is over; then the default does, and is shown as such. A curve of a time to come, such as tomorrow's prices
// of an auction, has no time to live but its own end: what was settled yesterday of this hour is no older now.
//
//   price   3 h  over 2024's hourly prices of seven zones, the last hour's price is off by less than the year's mean is for
//   carbon  4 h  … 3 hours in six of the seven zones, and the last hour's carbon intensity for 4 in all of them
//   link  0.5 h  as long as what ranks measure of a link (ADR 10)
//
// Planning takes a lower quantile of a link's bandwidth: what it carries at least nine times out of ten, if what is known
// of it scatters by 5 % when measured (a good link's goodput was seen 5 % below its rate) and wanders from there like a
// random walk, by 20 % in an hour: an assumption, to be replaced by measured links. Variances of the two add up, so
//
//   planned = value · (1 − 1.28 · √(0.05² + 0.2² · age / 1 h)),   at least half of it
//
// which is 94 % of it at once and 80 % after half an hour. Default figures have no age: they are taken as they are written.
import { SECONDS_PER_HOUR } from "../units.ts";

export type InputKind = "price" | "carbon" | "link";

export const TIME_TO_LIVE_SECONDS: Readonly<Record<InputKind, number>> = {
  price: 3 * SECONDS_PER_HOUR,
  carbon: 4 * SECONDS_PER_HOUR,
  link: SECONDS_PER_HOUR / 2,
};

/** Where a figure comes from. */
export interface Observation {
  readonly source: string;
  readonly observedAtSeconds: number;
}

/** What a figure that is shown rests on. */
export interface Provenance {
  readonly source: string;
  /** null: it has none, as it is the file's. */
  readonly ageSeconds: number | null;
  /** The file's, because nobody observed it, or not lately enough. */
  readonly isDefault: boolean;
}

export const DEFAULT_SOURCE = "default";

/** Of a normal distribution: nine in ten are above the mean minus so many standard deviations. */
const LOWER_DECILE = 1.28;
const SCATTER = 0.05;
const DRIFT_IN_AN_HOUR = 0.2;
const LEAST_SHARE = 0.5;
/** The margin grows in steps, each from its beginning: policies remember what they found for the same fleet. */
const AGE_STEP_SECONDS = 300;

export function expirySeconds(kind: InputKind, { observedAtSeconds }: Observation): number {
  return observedAtSeconds + TIME_TO_LIVE_SECONDS[kind];
}

export function isFresh(kind: InputKind, observed: Observation, nowSeconds: number): boolean {
  return nowSeconds < expirySeconds(kind, observed);
}

export function provenanceOf(
  kind: InputKind,
  observed: Observation | undefined,
  nowSeconds: number,
): Provenance {
  if (!observed || !isFresh(kind, observed, nowSeconds))
    return { source: DEFAULT_SOURCE, ageSeconds: null, isDefault: true };
  return freshProvenance(observed, nowSeconds);
}

export function freshProvenance({ observedAtSeconds, source }: Observation, nowSeconds: number): Provenance {
  return { source, ageSeconds: Math.max(0, nowSeconds - observedAtSeconds), isDefault: false };
}

/** Of a bandwidth that was observed so long ago: what to plan with, whole bits per second. */
export function plannedBitsPerSecond(bitsPerSecond: number, ageSeconds: number): number {
  const aged = AGE_STEP_SECONDS * Math.floor(Math.max(0, ageSeconds) / AGE_STEP_SECONDS);
  const deviation = Math.sqrt(SCATTER ** 2 + (DRIFT_IN_AN_HOUR ** 2 * aged) / SECONDS_PER_HOUR);
  return Math.max(1, Math.floor(bitsPerSecond * Math.max(LEAST_SHARE, 1 - LOWER_DECILE * deviation)));
}

/** When `plannedBitsPerSecond` next changes, or the figure expires. */
export function nextStepSeconds(observed: Observation, nowSeconds: number): number {
  const { observedAtSeconds } = observed;
  const steps = Math.floor(Math.max(0, nowSeconds - observedAtSeconds) / AGE_STEP_SECONDS) + 1;
  return Math.min(observedAtSeconds + steps * AGE_STEP_SECONDS, expirySeconds("link", observed));
}
