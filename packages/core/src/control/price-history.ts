// What a region's price or carbon intensity was and is to be, as it was believed at the time: from what was said of it until
// then, and from now on from what is believed now.
import type { Region } from "../fleet/fleet.ts";
import { DEFAULT_SOURCE } from "../fleet/freshness.ts";
import { nextChangeSeconds, valueAt } from "../fleet/series.ts";
import {
  changesAfter,
  type InputFact,
  NO_CHANGES,
  type RegionChange,
  regionChange,
  seriesAfter,
  seriesProvenance,
} from "./inputs.ts";

/** From an instant on, until the next one begins. */
export interface SeriesStep {
  readonly fromSeconds: number;
  /** null: nobody knew it, or nobody does. */
  readonly value: number | null;
  readonly source: string;
  /** The file's figure. */
  readonly isDefault: boolean;
}

/** What was said of prices and carbon intensities, and when. */
export type SaidPrice = Extract<
  InputFact,
  { readonly kind: "price-changed" | "price-curve" | "carbon-changed" | "carbon-curve" }
> & { readonly atSeconds: number };

export interface Span {
  readonly fromSeconds: number;
  readonly nowSeconds: number;
  readonly untilSeconds: number;
}

/**
 * In order, the first at `fromSeconds`.
 * @param region as its file declares it
 * @param said of the region, in order, from so early that what counts at `fromSeconds` is in there
 */
export function priceHistory(
  kind: "price" | "carbon",
  region: Region,
  said: readonly SaidPrice[],
  { fromSeconds, nowSeconds, untilSeconds }: Span,
): readonly SeriesStep[] {
  const steps: SeriesStep[] = [];
  let changes = NO_CHANGES;
  let beginSeconds = fromSeconds;
  const addUntil = (endSeconds: number) => {
    if (endSeconds > beginSeconds)
      steps.push(...stepsOf(kind, region, regionChange(changes, region.name), beginSeconds, endSeconds));
    beginSeconds = Math.max(beginSeconds, endSeconds);
  };
  for (const fact of said) {
    if (fact.region !== region.name) continue;
    addUntil(Math.min(fact.atSeconds, nowSeconds));
    changes = changesAfter(changes, fact);
  }
  addUntil(untilSeconds);
  return steps.filter((step, i) => i === 0 || !isSame(step, steps[i - 1]!));
}

function stepsOf(
  kind: "price" | "carbon",
  region: Region,
  change: RegionChange,
  fromSeconds: number,
  untilSeconds: number,
): SeriesStep[] {
  const series = seriesAfter(kind, region, change);
  if (!series) return [{ fromSeconds, value: null, source: DEFAULT_SOURCE, isDefault: true }];
  const isDeclared = kind === "price" || region.carbon !== undefined;
  const steps: SeriesStep[] = [];
  for (
    let at: number | undefined = fromSeconds;
    at !== undefined && at < untilSeconds;
    at = nextChangeSeconds(series, at)
  ) {
    const { isDefault, source } = seriesProvenance(kind, change, at);
    // Where what was said has expired, the file may say nothing.
    const isKnown = isDeclared || !isDefault;
    steps.push({ fromSeconds: at, value: isKnown ? valueAt(series, at) : null, source, isDefault });
  }
  return steps;
}

function isSame(a: SeriesStep, b: SeriesStep): boolean {
  return a.value === b.value && a.source === b.source && a.isDefault === b.isDefault;
}
