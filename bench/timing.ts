// How a benchmark times a piece of work on a machine that does other things besides.

/** Median over 40 batches of about 2 ms, after the compiler has seen the code run for 100 ms. */
export function medianMicroseconds(work: () => unknown): number {
  let runs = 0;
  const begun = performance.now();
  while (performance.now() < begun + 100) {
    work();
    runs++;
  }
  const batch = Math.max(1, Math.round((2 * runs) / (performance.now() - begun)));
  const samples = Array.from({ length: 40 }, () => {
    const start = performance.now();
    for (let run = 0; run < batch; run++) work();
    return ((performance.now() - start) * 1000) / batch;
  });
  return quantile(samples, 0.5);
}

/** The value this share of the way up, 0..1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** Wall time of one run in seconds, and what it gave. */
export function timed<T>(work: () => T): { readonly seconds: number; readonly value: T } {
  const start = performance.now();
  const value = work();
  return { seconds: (performance.now() - start) / 1000, value };
}
