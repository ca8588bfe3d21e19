// One curve out of points that may overlap, have gaps, and come in any order: compared with looking at every instant.
import fc from "fast-check";
import { expect, test } from "vitest";
import { curveOf, type Point } from "../../src/feeds/curve.ts";

const LAST = 45;
const points = fc.array(
  fc
    .record({ at: fc.nat(40), length: fc.constantFrom(1, 2, 4), value: fc.integer({ min: -3, max: 3 }) })
    .map(({ at, length, value }): Point => ({ fromSeconds: at, untilSeconds: at + length, value })),
  { minLength: 1, maxLength: 40 },
);
const lengthOf = ({ fromSeconds, untilSeconds }: Point) => untilSeconds - fromSeconds;

/** Of the shortest that holds; the first of those. */
function heldAt(all: readonly Point[], at: number): number | undefined {
  const holding = all.filter(({ fromSeconds, untilSeconds }) => fromSeconds <= at && at < untilSeconds);
  return holding.toSorted((a, b) => lengthOf(a) - lengthOf(b))[0]?.value;
}

test("the finest counts, at every instant, up to the first gap after now", () => {
  fc.assert(
    fc.property(points, fc.nat(LAST), (all, now) => {
      const curve = curveOf(all, now);
      const left = Array.from({ length: LAST }, (_, at) => at).filter(
        (at) => at >= now && heldAt(all, at) !== undefined,
      );
      if (!curve) {
        expect(left).toEqual([]);
        return;
      }
      const { fromSeconds, untilSeconds, values } = curve;
      for (let at = fromSeconds[0]!; at < untilSeconds; at++)
        expect(values[fromSeconds.findLastIndex((from) => from <= at)]).toBe(heldAt(all, at));
      expect(heldAt(all, untilSeconds)).toBeUndefined();
      expect(Math.max(fromSeconds[0]!, now)).toBe(left[0]);
      for (const [i, value] of values.entries()) if (i > 0) expect(value).not.toBe(values[i - 1]);
    }),
  );
});
