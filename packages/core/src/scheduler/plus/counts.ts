// GPU counts worth trying: all up to a dozen, then a tenth apart, always the largest.
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
    below = gpus <= EVERY_ONE_UP_TO ? gpus - 1 : Math.floor(STEP * gpus);
  }
  return chosen;
}
