// Quantities over time: the integral is what counts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { flat, integral, mean, nextChangeSeconds, type Series, valueAt } from "../../src/fleet/series.ts";

const hourly: Series = {
  kind: "series",
  startSeconds: 3600,
  stepSeconds: 3600,
  values: [0.1, -0.02, 0.3],
};

describe("a series", () => {
  it("holds its first price before and its last price after", () => {
    expect([0, 3600, 7199, 7200, 10_800, 99_999].map((at) => valueAt(hourly, at))).toEqual([
      0.1, 0.1, 0.1, -0.02, 0.3, 0.3,
    ]);
  });

  it("is paid as it was over a run that crosses steps, negative prices included", () => {
    expect(integral(hourly, 0, 18_000)).toBeCloseTo(3600 * (0.1 + 0.1 - 0.02 + 0.3 + 0.3), 9);
    expect(integral(hourly, 5400, 9000)).toBeCloseTo(1800 * 0.1 + 1800 * -0.02, 9);
    expect(mean(hourly, 7200, 10_800)).toBeCloseTo(-0.02, 12);
  });

  it("integrates additively, wherever an interval is cut", () => {
    const instant = fc.integer({ min: -5000, max: 25_000 });
    fc.assert(
      fc.property(instant, instant, instant, (x, y, z) => {
        const [a, b, c] = [x, y, z].sort((m, n) => m - n) as [number, number, number];
        expect(integral(hourly, a, b) + integral(hourly, b, c)).toBeCloseTo(integral(hourly, a, c), 6);
      }),
    );
  });
});

it("changes at given instants are as good as equal steps", () => {
  const changes: Series = { kind: "steps", fromSeconds: [3600, 7200, 10_800], values: [0.1, -0.02, 0.3] };
  const instant = fc.integer({ min: -5000, max: 25_000 });
  fc.assert(
    fc.property(instant, instant, (x, y) => {
      const [a, b] = [Math.min(x, y), Math.max(x, y)];
      expect(valueAt(changes, a)).toBe(valueAt(hourly, a));
      expect(integral(changes, a, b)).toBeCloseTo(integral(hourly, a, b), 9);
    }),
  );
  expect(integral(flat(0.2), 0, 3600)).toBeCloseTo(720, 12);
});

it("an interval that runs backwards is a bug, and said to be", () => {
  expect(() => integral(hourly, 2, 1)).toThrow("backwards");
});

it("is as its changes say, whatever lies on top of what: the steps between them add up to the integral", () => {
  const covered: Series = {
    kind: "within",
    curve: { fromSeconds: [5000, 6000], values: [0.5, 0.7], untilSeconds: 9000 },
    otherwise: hourly,
  };
  // biome-ignore lint/suspicious/noThenProperty: a series, no promise.
  const said: Series = { kind: "until", value: 0.9, untilSeconds: 5500, then: covered };
  for (const series of [flat(0.2), hourly, covered, said]) {
    let sum = 0;
    let at = 0;
    for (let next: number | undefined = 0; next !== undefined && at < 20_000; at = next ?? 20_000) {
      next = nextChangeSeconds(series, at);
      sum += valueAt(series, at) * (Math.min(next ?? 20_000, 20_000) - at);
    }
    expect(sum).toBeCloseTo(integral(series, 0, 20_000), 6);
  }
  expect(nextChangeSeconds(hourly, 0)).toBe(7200); // the first value holds before it begins, too
  expect(nextChangeSeconds(said, 0)).toBe(5500);
  expect(nextChangeSeconds(said, 6000)).toBe(9000);
});
