// Prices over time: the integral is what counts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { electricityUsd, flatTariff, priceAt, priceIntegral, type Tariff } from "../../src/fleet/tariff.ts";

const hourly: Tariff = {
  kind: "series",
  startSeconds: 3600,
  stepSeconds: 3600,
  pricesUsdPerKwh: [0.1, -0.02, 0.3],
};

describe("a series", () => {
  it("holds its first price before and its last price after", () => {
    expect([0, 3600, 7199, 7200, 10_800, 99_999].map((at) => priceAt(hourly, at))).toEqual([
      0.1, 0.1, 0.1, -0.02, 0.3, 0.3,
    ]);
  });

  it("is paid as it was over a run that crosses steps, negative prices included", () => {
    expect(priceIntegral(hourly, 0, 18_000)).toBeCloseTo(3600 * (0.1 + 0.1 - 0.02 + 0.3 + 0.3), 9);
    expect(priceIntegral(hourly, 5400, 9000)).toBeCloseTo(1800 * 0.1 + 1800 * -0.02, 9);
    expect(electricityUsd(hourly, 1000, 7200, 10_800)).toBeCloseTo(-0.02, 12);
  });

  it("integrates additively, wherever an interval is cut", () => {
    const instant = fc.integer({ min: -5000, max: 25_000 });
    fc.assert(
      fc.property(instant, instant, instant, (x, y, z) => {
        const [a, b, c] = [x, y, z].sort((m, n) => m - n) as [number, number, number];
        expect(priceIntegral(hourly, a, b) + priceIntegral(hourly, b, c)).toBeCloseTo(
          priceIntegral(hourly, a, c),
          6,
        );
      }),
    );
  });
});

it("a flat price of 0.2 USD/kWh makes 1 kW over an hour cost 0.20 USD", () => {
  expect(electricityUsd(flatTariff(0.2), 1000, 0, 3600)).toBeCloseTo(0.2, 12);
});

it("an interval that runs backwards is a bug, and said to be", () => {
  expect(() => priceIntegral(hourly, 2, 1)).toThrow("backwards");
});
