// GPU counts worth trying: all up to a dozen, then a tenth apart, always the largest and the least.
const EVERY_ONE_UP_TO = 12;
const STEP = 0.93;

/** Of the counts that fit in memory (ascending), those up to `most`, descending. */
export function countsToTry(fitting: readonly number[], most: number): number[] {
  const chosen: number[] = [];
  let below = Number.POSITIVE_INFINITY;
  for (let i = fitting.length - 1; i >= 0; i--) {
    const gpus = fitting[i]!;
    if (gpus > most || gpus > below) continue;
    chosen.push(gpus);
    if (gpus === fitting[0]) return chosen;
    below = gpus <= EVERY_ONE_UP_TO ? gpus - 1 : Math.floor(STEP * gpus);
  }
  if (chosen.length > 0) chosen.push(fitting[0]!);
  return chosen;
}

/** The largest of the counts that fit in memory (ascending), up to `most`; undefined if there is none. */
export function largestUpTo(fitting: readonly number[], most: number): number | undefined {
  let [low, high] = [0, fitting.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fitting[middle]! <= most) low = middle + 1;
    else high = middle;
  }
  return fitting[low - 1];
}
