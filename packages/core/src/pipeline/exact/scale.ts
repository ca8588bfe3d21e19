/** Seconds in whole units of time, as solvers over integers want them. */

export type TimeScale = {
  readonly unitSeconds: number;
  /** Whether all times are whole numbers of units, to a millionth of one. */
  readonly lossless: boolean;
};

/** Units in the sum of all times, at most; finer times are rounded. */
const RESOLUTION = 1e7;

const CLOSE = 1e-6;

/** The largest unit of which all times are multiples, or else one that makes `RESOLUTION` of their sum. */
export function timeScale(seconds: readonly number[], totalSeconds: number): TimeScale {
  const finest = totalSeconds / RESOLUTION;
  const positive = seconds.filter((time) => time > 0);
  if (positive.length === 0) return { unitSeconds: 1, lossless: true };
  const unitSeconds = positive.reduce((unit, time) => commonMeasure(time, unit, finest));
  const lossless = positive.every((time) => {
    const units = time / unitSeconds;
    return Math.abs(units - Math.round(units)) < CLOSE;
  });
  return lossless && unitSeconds >= finest
    ? { unitSeconds, lossless }
    : { unitSeconds: finest, lossless: false };
}

/** Euclid's algorithm on reals; remainders below `finest` count as none, or it would go down to rounding errors. */
function commonMeasure(a: number, b: number, finest: number): number {
  if (b <= finest) return a;
  const remainder = a % b;
  return commonMeasure(b, b - remainder < CLOSE * b || remainder < CLOSE * b ? 0 : remainder, finest);
}

/** Rounded down, but for rounding errors. */
export function wholeUnits(seconds: number, { unitSeconds }: TimeScale): number {
  return Math.floor(seconds / unitSeconds + CLOSE);
}
