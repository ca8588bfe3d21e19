// Random networks for path search, and every path of a small one by brute force.
import fc from "fast-check";
import type { HopMatrices } from "../../../src/scheduler/path/hops.ts";

export interface Network {
  readonly hops: HopMatrices;
  /** Some of the fleet's regions, in any order. */
  readonly regions: readonly number[];
  /** Of every region of the fleet. */
  readonly freeGpus: readonly number[];
}

/** `residual` and `delay` of a pair a > b. */
export function hopsOf(
  regionCount: number,
  residual: (a: number, b: number) => number,
  delay: (a: number, b: number) => number = () => 0.1,
): HopMatrices {
  const residualBitsPerSecond = new Float64Array(regionCount ** 2);
  const roundTripSeconds = new Float64Array(regionCount ** 2);
  for (let a = 0; a < regionCount; a++) {
    for (let b = 0; b < a; b++) {
      for (const hop of [a * regionCount + b, b * regionCount + a]) {
        residualBitsPerSecond[hop] = residual(a, b);
        roundTripSeconds[hop] = delay(a, b);
      }
    }
  }
  return { regionCount, residualBitsPerSecond, roundTripSeconds };
}

/**
 * Fleets of 1 to `most` regions. Few distinct figures make ties common, a residual of 0 takes hops away, and delays are
 * multiples of 1/1024, so that sums are exact and a tie is a tie in whatever order one adds.
 */
export function networks(most: number, leastGpus = 0): fc.Arbitrary<Network> {
  return fc.integer({ min: 1, max: most }).chain((regionCount) => {
    const perPair = (values: fc.Arbitrary<number>) =>
      fc.array(values, { minLength: regionCount ** 2, maxLength: regionCount ** 2 });
    return fc
      .record({
        residuals: fc.oneof(
          perPair(fc.integer({ min: 0, max: 4 })),
          perPair(fc.integer({ min: 0, max: 1e6 })),
        ),
        delays: fc.oneof(perPair(fc.integer({ min: 0, max: 3 })), perPair(fc.integer({ min: 0, max: 300 }))),
        regions: fc.shuffledSubarray(
          Array.from({ length: regionCount }, (_, region) => region),
          { minLength: 1 },
        ),
        freeGpus: fc.array(fc.integer({ min: leastGpus, max: 16 }), {
          minLength: regionCount,
          maxLength: regionCount,
        }),
      })
      .map(({ residuals, delays, regions, freeGpus }) => ({
        hops: hopsOf(
          regionCount,
          (a, b) => residuals[a * regionCount + b]!,
          (a, b) => delays[a * regionCount + b]! / 1024,
        ),
        regions,
        freeGpus,
      }));
  });
}

/** Every path over the regions, lexicographically, by hops with at least the bandwidth needed and some at all. */
export function forEachPath(
  { hops }: Network,
  regions: readonly number[],
  needBitsPerSecond: number,
  visit: (path: readonly number[], bottleneckBitsPerSecond: number, roundTripSeconds: number) => void,
): void {
  const path: number[] = [];
  const grow = (bottleneck: number, seconds: number) => {
    for (const region of regions) {
      if (path.includes(region)) continue;
      const hop = path.length > 0 ? path.at(-1)! * hops.regionCount + region : undefined;
      const residual = hop === undefined ? Number.POSITIVE_INFINITY : hops.residualBitsPerSecond[hop]!;
      if (residual === 0 || residual < needBitsPerSecond) continue;
      const [narrower, longer] = [
        Math.min(bottleneck, residual),
        seconds + (hop === undefined ? 0 : hops.roundTripSeconds[hop]!),
      ];
      path.push(region);
      visit(path, narrower, longer);
      grow(narrower, longer);
      path.pop();
    }
  };
  grow(Number.POSITIVE_INFINITY, 0);
}

export function ascending(regions: readonly number[]): readonly number[] {
  return [...regions].sort((a, b) => a - b);
}

/** Of a path's regions among `regions`. */
export function maskOf(path: readonly number[], regions: readonly number[]): number {
  return path.reduce((mask, region) => mask | (1 << regions.indexOf(region)), 0);
}
