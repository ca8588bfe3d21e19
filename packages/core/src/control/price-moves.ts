// When prices move, and so when running jobs are to be asked again whether another place is worth it: when somebody says a
// figure that changes what an epoch costs, when a figure that was said expires, and at the steps of curves that were said.
// The file's own tariffs move nobody by their steps: they were known in whole when the job was placed, and a simulation in
// which nothing is said goes as the policy's placements go.
import { expirySeconds } from "../fleet/freshness.ts";
import type { Curve } from "../fleet/series.ts";
import type { ObservedFigure, RegionChange } from "./inputs.ts";
import type { State } from "./state.ts";

type Said = Pick<State, "changes" | "pricesMovedSeconds">;

/** The last time at which a price was another one than before; undefined if that was never. */
export function lastMoveSeconds(
  { changes, pricesMovedSeconds }: Said,
  nowSeconds: number,
): number | undefined {
  let last = pricesMovedSeconds;
  for (const region of changes.regions)
    forEachSeries(region, (kind, figure, curve) => {
      const candidates = [figure && expirySeconds(kind, figure), curve && lastStep(curve, nowSeconds)];
      for (const atSeconds of candidates)
        if (atSeconds !== undefined && atSeconds <= nowSeconds && !(last !== undefined && last >= atSeconds))
          last = atSeconds;
    });
  return last;
}

/** When a price next moves by itself; undefined if none does. */
export function nextMoveSeconds({ changes }: Said, nowSeconds: number): number | undefined {
  let next: number | undefined;
  for (const region of changes.regions)
    forEachSeries(region, (kind, figure, curve) => {
      const candidates = [figure && expirySeconds(kind, figure), curve && nextStep(curve, nowSeconds)];
      for (const atSeconds of candidates)
        if (atSeconds !== undefined && atSeconds > nowSeconds && !(next !== undefined && next <= atSeconds))
          next = atSeconds;
    });
  return next;
}

function forEachSeries(
  { carbon, carbonCurve, price, priceCurve }: RegionChange,
  visit: (kind: "price" | "carbon", figure: ObservedFigure | undefined, curve: Curve | undefined) => void,
): void {
  if (price || priceCurve) visit("price", price, priceCurve);
  if (carbon || carbonCurve) visit("carbon", carbon, carbonCurve);
}

/** The last boundary of a curve up to an instant, its end included. */
function lastStep({ fromSeconds, untilSeconds }: Curve, nowSeconds: number): number | undefined {
  return untilSeconds <= nowSeconds ? untilSeconds : fromSeconds[stepsUntil(fromSeconds, nowSeconds) - 1];
}

function nextStep({ fromSeconds, untilSeconds }: Curve, nowSeconds: number): number {
  return fromSeconds[stepsUntil(fromSeconds, nowSeconds)] ?? untilSeconds;
}

/** How many of ascending instants are not later than another. */
function stepsUntil(fromSeconds: readonly number[], nowSeconds: number): number {
  let [low, high] = [0, fromSeconds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fromSeconds[middle]! <= nowSeconds) low = middle + 1;
    else high = middle;
  }
  return low;
}
