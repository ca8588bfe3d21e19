// What is known of a price or a carbon intensity ahead: the next day is (day-ahead markets publish it), later days are
// taken to be as that one, hour by hour.
import { integral, type Series } from "../../fleet/series.ts";
import { SECONDS_PER_DAY } from "../../units.ts";

/** Expected mean over [from, to], as seen at `nowSeconds` ≤ from. The value at `from` where they are the same instant. */
export function expectedMean(
  series: Series,
  nowSeconds: number,
  fromSeconds: number,
  toSeconds: number,
): number {
  if (series.kind === "flat") return series.value;
  const seconds = Math.max(toSeconds - fromSeconds, 1);
  return expectedIntegral(series, nowSeconds, fromSeconds, fromSeconds + seconds) / seconds;
}

function expectedIntegral(
  series: Series,
  nowSeconds: number,
  fromSeconds: number,
  toSeconds: number,
): number {
  const knownUntil = nowSeconds + SECONDS_PER_DAY;
  if (toSeconds <= knownUntil) return integral(series, fromSeconds, toSeconds);
  const day = integral(series, nowSeconds, knownUntil);
  /** ∫ from now to an instant. */
  const until = (atSeconds: number): number => {
    const days = Math.floor((atSeconds - nowSeconds) / SECONDS_PER_DAY);
    const within = Math.max(nowSeconds, atSeconds - days * SECONDS_PER_DAY); // rounding may go below
    return days * day + integral(series, nowSeconds, within);
  };
  return until(toSeconds) - until(fromSeconds);
}
