// Least squares through points, and how well they tell the slope.

export interface Slope {
  readonly slope: number;
  /** Of its 95 % interval, for errors that are independent and normal; infinite for fewer than three points. */
  readonly halfWidth: number;
}

/** Two-sided 95 % quantiles of Student's t, by degrees of freedom from 1 on; 1.96 beyond. */
const STUDENT = [
  12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1,
  2.09, 2.09, 2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04,
];

export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / n;
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  if (n < 3) return { slope, halfWidth: Number.POSITIVE_INFINITY };
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const error = Math.sqrt(residual / (n - 2) / spread);
  return { slope, halfWidth: (STUDENT[n - 3] ?? 1.96) * error };
}
