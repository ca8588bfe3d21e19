import { expect, test } from "vitest";
import { exponential, naturalLog } from "../../src/simulator/exponential.ts";
import { randomStream } from "../../src/simulator/random.ts";

test("the logarithm is within one unit in the last place of the engine's", () => {
  const stream = randomStream(1, "logarithm");
  const values = [1, 0.5, 2, 1 - 2 ** -32, 2 ** -32, 1 + 2 ** -30, Math.SQRT1_2, Math.SQRT2, Math.E];
  for (let i = 0; i < 20_000; i++) values.push(stream() || 1, 1e3 * (stream() || 1));
  for (const value of values) {
    const known = Math.log(value);
    expect(Math.abs(naturalLog(value) - known)).toBeLessThanOrEqual(2 ** -52 * Math.abs(known));
  }
});

test("draws are the same to the bit on every engine", () => {
  const stream = randomStream(7, "failures/a");
  const draws = Array.from({ length: 4 }, () => exponential(stream));
  expect(draws).toEqual([0.3734157731414362, 0.06511318559423274, 1.3494382683284227, 0.3547681276145264]);
});

test("draws have mean 1 and are never below 0", () => {
  const stream = randomStream(3, "mean");
  const draws = Array.from({ length: 40_000 }, () => exponential(stream));
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
  expect(draws.reduce((sum, draw) => sum + draw, 0) / draws.length).toBeCloseTo(1, 1);
});
