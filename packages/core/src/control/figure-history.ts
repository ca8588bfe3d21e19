// What a region's price, carbon intensity and number of GPUs were and are to be, as it was believed at the time: from what was
// said of it until then, and from now on from what is believed now.
import type { Region } from "../fleet/fleet.ts";
import { DEFAULT_SOURCE } from "../fleet/freshness.ts";
import { nextChangeSeconds, valueAt } from "../fleet/series.ts";
import {
  changesAfter,
  type InputFact,
  NO_CHANGES,
  type RegionChange,
  regionChange,
  saidGpus,
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

/** What was said of prices, carbon intensities and GPUs, and when. */
export type SaidFigure = Extract<
  InputFact,
  {
    readonly kind:
      | "price-changed"
      | "price-curve"
      | "carbon-changed"
      | "carbon-curve"
      | "capacity-changed"
      | "capacity-counted";
  }
> & { readonly atSeconds: number };

export interface Span {
  readonly fromSeconds: number;
  readonly nowSeconds: number;
  readonly untilSeconds: number;
}

/**
 * In order, the first at `fromSeconds`.
 * @param kind GPUs are of no time to live: what was said of them counts until somebody says otherwise
 * @param region as its file declares it
 * @param said of the region, in order, from so early that what counts at `fromSeconds` is in there
 * @param believed of the region now: less than what was said where a file that was loaded since says otherwise
 */
export function figureHistory(
  kind: "price" | "carbon" | "gpus",
  region: Region,
  said: readonly SaidFigure[],
  { fromSeconds, nowSeconds, untilSeconds }: Span,
  believed: RegionChange,
): readonly SeriesStep[] {
  const steps: SeriesStep[] = [];
  let changes = NO_CHANGES;
  let beginSeconds = fromSeconds;
  const addUntil = (endSeconds: number, change: RegionChange) => {
    if (endSeconds <= beginSeconds) return;
    steps.push(
      ...(kind === "gpus"
        ? [gpusStep(region, change, beginSeconds)]
        : stepsOf(kind, region, change, beginSeconds, endSeconds)),
    );
    beginSeconds = endSeconds;
  };
  for (const fact of said) {
    if (fact.region !== region.name) continue;
    addUntil(Math.min(fact.atSeconds, nowSeconds), regionChange(changes, region.name));
    changes = changesAfter(changes, fact);
  }
  addUntil(nowSeconds, regionChange(changes, region.name));
  addUntil(untilSeconds, believed);
  return steps.filter((step, i) => i === 0 || !isSame(step, steps[i - 1]!));
}

/** The fewer of what is said and what was counted, as in the fleet that is planned with. */
function gpusStep(region: Region, change: RegionChange, fromSeconds: number): SeriesStep {
  const { counted, gpus } = change;
  const said = saidGpus(region, change);
  if (counted && counted.value < said)
    return { fromSeconds, value: counted.value, source: counted.source, isDefault: false };
  const isDefault = gpus === undefined;
  return { fromSeconds, value: said, source: isDefault ? DEFAULT_SOURCE : "operator", isDefault };
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
