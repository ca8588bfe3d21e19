// Closing the gaps of a repeated V against the rule as it is written, and what it takes for large pipelines.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BlockTimes, repeatedOrders } from "../../src/pipeline/generate/building-block.ts";
import { closeGaps, type Planned } from "../../src/pipeline/generate/close-gaps.ts";
import { clear, createSums, highestBefore } from "../../src/pipeline/generate/prefix-sums.ts";
import type { PipelineShape } from "../../src/pipeline/generate/shape.ts";
import { type Action, actionName } from "../../src/pipeline/index.ts";

/** Blocks of long, shorter and no pauses: ZB-V's, V-Half's and V-Min's. */
const BLOCKS: readonly ((rank: number, ranks: number) => BlockTimes)[] = [
  (r, p) => block(4 * r, 6 * p - 3 - 2 * r, 6 * p - 2 + 4 * r, 12 * p - 5 - 2 * r),
  (r, p) => block(2 * r, 3 * p - 2 - r, 3 * p - 1 + 2 * r, 6 * p - 2 - r, p % 2 === 0 ? 3 : 0),
  (r, p) => block(r, 2 * p - 1 - r, 2 * p + r, 4 * p - 1 - r, p % 3 === 0 ? 2 : 0),
];

function block(
  forwardDown: number,
  forwardUp: number,
  backwardUp: number,
  backwardDown: number,
  turn = 0,
): BlockTimes {
  return { forwardDown, forwardUp, backwardUp: backwardUp + turn, backwardDown: backwardDown + turn };
}

const halvesOf = ({ kind }: Action) => (kind === "F" ? 2 : -1);

/** Goes through all that is left of an order, for each unit. */
function byTheRule(
  orders: readonly (readonly Planned[])[],
  mostHalves: number,
  { ranks }: PipelineShape,
): string[][] {
  const left = orders.map((order) => [...order]);
  const done = orders.map((): Action[] => []);
  const ends = new Map<string, number>();
  for (let now = 0; left.some((order) => order.length > 0); now++) {
    const isThere = (kind: Action["kind"], stage: number, microbatch: number) =>
      (ends.get(actionName({ kind, stage, microbatch })) ?? Infinity) <= now;
    const isReady = ({ kind, microbatch, stage }: Action) => {
      if (kind === "F") return stage === 0 || isThere("F", stage - 1, microbatch);
      if (kind === "W") return isThere("I", stage, microbatch);
      const isLast = stage === 2 * ranks - 1;
      return isThere("F", stage, microbatch) && (isLast || isThere("I", stage + 1, microbatch));
    };
    for (const [rank, order] of left.entries()) {
      const held = done[rank]!.reduce((sum, action) => sum + halvesOf(action), 0);
      const heldBefore = order.map((_, i) =>
        order.slice(0, i).reduce((sum, action) => sum + halvesOf(action), held),
      );
      const isAllowed = (action: Planned, position: number) =>
        isReady(action) &&
        (action.kind !== "F" ||
          position === 0 ||
          Math.max(...heldBefore.slice(0, position + 1)) + 2 <= mostHalves);
      const firstSteady = order.findIndex(({ phase }) => phase === "steady");
      const free = order.slice(0, firstSteady < 0 ? undefined : Math.max(1, firstSteady));
      const isLate = ({ kind, phase }: Planned) => kind === "W" && phase === "drain";
      const next =
        free.find((action, i) => isAllowed(action, i) && !isLate(action)) ??
        free.find((action, i) => isAllowed(action, i));
      if (!next) continue;
      order.splice(order.indexOf(next), 1);
      done[rank]!.push(next);
      ends.set(actionName(next), now + 1);
    }
  }
  return done.map((actions) => actions.map(actionName));
}

describe("closing the gaps of a repeated V", () => {
  test("does of each rank's order the first action that the rule allows", () => {
    const shapes = fc.record({
      ranks: fc.integer({ min: 1, max: 7 }),
      microbatches: fc.integer({ min: 1, max: 16 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...BLOCKS), shapes, (timesOf, shape) => {
        const { mostHalves, orders } = repeatedOrders(shape, timesOf);
        const closed = closeGaps(orders, mostHalves, shape).map((actions) => actions.map(actionName));
        expect(closed).toEqual(byTheRule(orders, mostHalves, shape));
      }),
    );
  });

  test("looks at an action as often in a large pipeline as in a small one", () => {
    const looksPerAction = (ranks: number, timesOf: (typeof BLOCKS)[number]) => {
      const shape = { ranks, microbatches: ranks };
      const { mostHalves, orders } = repeatedOrders(shape, timesOf);
      let looks = 0;
      const watched = orders.map((order) =>
        order.map(({ kind, ...action }) => ({
          ...action,
          get kind() {
            looks++;
            return kind;
          },
        })),
      );
      closeGaps(watched, mostHalves, shape);
      return looks / (6 * ranks * ranks);
    };
    for (const timesOf of BLOCKS)
      expect(looksPerAction(64, timesOf)).toBeLessThan(1.5 * looksPerAction(8, timesOf));
  });
});

test("the highest prefix sum, while numbers are cleared", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      (values, cleared) => {
        const sums = createSums(values);
        const left = [...values];
        for (const any of cleared) {
          clear(sums, any % values.length);
          left[any % values.length] = 0;
          for (const position of values.keys()) {
            const prefixes = Array.from({ length: position + 1 }, (_, length) =>
              left.slice(0, length).reduce((sum, value) => sum + value, 0),
            );
            expect(highestBefore(sums, position)).toBe(Math.max(...prefixes));
          }
        }
      },
    ),
  );
});
