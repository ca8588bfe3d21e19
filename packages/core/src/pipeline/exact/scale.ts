/** Seconds in whole units of time, as solvers over integers want them. */

export type TimeScale = {
  readonly unitSeconds: number;
  /** Whether all times are whole numbers of units, but for one part in 10^10. Otherwise they are rounded down. */
  readonly lossless: boolean;
};

/** Units in the sum of all times, at most; finer times are rounded. */
const RESOLUTION = 1e7;

/**
 * Relative, so that a sum of times, a makespan, is no further off than each of them; and below the 10^-9 within which two
 * makespans are the same, so that what a model is rounded up by never makes a bound of it a wrong one.
 */
const CLOSE = 1e-10;

/** The largest unit of which all times are multiples, or else one that makes `RESOLUTION` of their sum. */
export function timeScale(seconds: readonly number[], totalSeconds: number): TimeScale {
  const finest = totalSeconds / RESOLUTION;
  const positive = seconds.filter((time) => time > 0);
  if (positive.length === 0) return { unitSeconds: 1, lossless: true };
  const measure = positive.reduce((unit, time) => commonMeasure(time, unit, finest));
  const longest = positive.reduce((most, time) => Math.max(most, time));
  // The measure has gathered rounding errors; a whole share of the longest time has none.
  const unitSeconds = longest / Math.round(longest / measure);
  const lossless = unitSeconds >= finest && positive.every((time) => isWhole(time / unitSeconds));
  return lossless ? { unitSeconds, lossless } : { unitSeconds: finest, lossless };
}

/** Euclid's algorithm on reals; remainders up to `finest` count as none, or it would go down to rounding errors. */
function commonMeasure(a: number, b: number, finest: number): number {
  return b <= finest ? a : commonMeasure(b, a % b, finest);
}

/** Rounded down, but for rounding errors. */
export function wholeUnits(seconds: number, { unitSeconds }: TimeScale): number {
  const units = seconds / unitSeconds;
  return isWhole(units) ? Math.round(units) : Math.floor(units);
}

function isWhole(units: number): boolean {
  return Math.abs(units - Math.round(units)) <= CLOSE * units;
}
