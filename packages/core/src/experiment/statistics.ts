// Figures over many scenarios: ratios to a reference, by their geometric mean and quartiles.

export interface Spread {
  readonly geometricMean: number;
  readonly lowerQuartile: number;
  readonly median: number;
  readonly upperQuartile: number;
  readonly count: number;
}

/** Of positive ratios. Throws without any. */
export function spreadOf(ratios: readonly number[]): Spread {
  if (ratios.length === 0) throw new Error("no ratios");
  const sorted = [...ratios].sort((a, b) => a - b);
  return {
    geometricMean: Math.exp(sorted.reduce((sum, ratio) => sum + Math.log(ratio), 0) / sorted.length),
    lowerQuartile: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    upperQuartile: quantile(sorted, 0.75),
    count: sorted.length,
  };
}

/** Linear between neighbours; of ascending values. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

export function shareOf<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.filter(holds).length / items.length;
}
