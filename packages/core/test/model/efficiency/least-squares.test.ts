import { expect, it } from "vitest";
import { leastSquares } from "../../../src/model/efficiency/least-squares.ts";

it("finds the end of Rosenbrock's valley", () => {
  const found = leastSquares(([x = 0, y = 0]) => [1 - x, 10 * (y - x * x)], [-1.2, 1]);
  expect(found[0]).toBeCloseTo(1, 4);
  expect(found[1]).toBeCloseTo(1, 4);
});

it("leaves an unknown on which nothing depends where it was", () => {
  expect(leastSquares(([x = 0]) => [x - 3], [0, 7])).toEqual([expect.closeTo(3, 6), 7]);
});

it("fits a line as the normal equations do", () => {
  const points = [0, 1, 2, 3].map((x) => [x, 2 * x + 1 + (x % 2)] as const);
  const found = leastSquares(([a = 0, b = 0]) => points.map(([x, y]) => a * x + b - y), [0, 0]);
  expect(found[0]).toBeCloseTo(2.2, 6);
  expect(found[1]).toBeCloseTo(1.2, 6);
});
