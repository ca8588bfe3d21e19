/** What the generators emit, spelt out. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Action,
  actionName,
  generatorNames,
  generators,
  rankOf,
  stagesOfRank,
  validateSchedule,
} from "../../src/pipeline/index.ts";

/** `0F1+` where the action may run together with the next. */
const nameOf = (action: Action) => `${actionName(action)}${action.fused ? "+" : ""}`;

const rows = (name: keyof typeof generators, ranks: number, microbatches: number, chunks = 1) =>
  generators[name]
    .build({ ranks, microbatches, chunks })
    .ranks.map((actions) => actions.map(nameOf).join(" "));

test("1F1B: p-1-s forwards ahead, one forward and one backward by turns, then the rest", () => {
  expect(rows("1f1b", 3, 4)).toEqual([
    "0F0 0F1 0F2 0B0 0F3 0B1 0B2 0B3",
    "1F0 1F1 1B0 1F2 1B1 1F3 1B2 1B3",
    "2F0 2B0 2F1 2B1 2F2 2B2 2F3 2B3",
  ]);
});

test("1F1B with fewer micro-batches than stages runs all forwards ahead", () => {
  expect(rows("1f1b", 3, 1)).toEqual(["0F0 0B0", "1F0 1B0", "2F0 2B0"]);
});

test("GPipe: all forwards, then all backwards", () => {
  expect(rows("gpipe", 2, 3)).toEqual(["0F0 0F1 0F2 0B0 0B1 0B2", "1F0 1F1 1F2 1B0 1B1 1B2"]);
});

test("interleaved 1F1B: rounds of p micro-batches go through a rank's chunks by turns", () => {
  expect(rows("interleaved-1f1b", 2, 2, 2)).toEqual([
    "0F0 0F1 2F0 2F1 2B0 2B1 0B0 0B1",
    "1F0 1F1 3F0 3B0 3F1 3B1 1B0 1B1",
  ]);
});

test("interleaved 1F1B: five micro-batches on two ranks are a round of three and one of two", () => {
  const [, last] = rows("interleaved-1f1b", 2, 5, 2);
  expect(last).toBe("1F0 1F1 1F2 3F0 3B0 3F1 3B1 3F2 3B2 1F3 1B0 1F4 1B1 3F3 1B2 3F4 3B3 3B4 1B3 1B4");
});

test("looped BFS: a chunk runs all its micro-batches before the next one", () => {
  expect(rows("looped-bfs", 2, 2, 2)).toEqual([
    "0F0 0F1 2F0 2F1 2B0 2B1 0B0 0B1",
    "1F0 1F1 3F0 3F1 3B0 3B1 1B0 1B1",
  ]);
});

test("ZB-H1: 1F1B with weight gradients s micro-batches late on stage s", () => {
  expect(rows("zb-h1", 2, 3)).toEqual([
    "0F0 0F1 0I0 0W0 0F2 0I1 0W1 0I2 0W2",
    "1F0 1I0 1F1 1I1 1W0 1F2 1I2 1W1 1W2",
  ]);
});

test("ZB-H2: twice the warm-up, weight gradients twice as late", () => {
  expect(rows("zb-h2", 2, 4)).toEqual([
    "0F0 0F1 0F2 0I0 0W0 0F3 0I1 0W1 0I2 0W2 0I3 0W3",
    "1F0 1I0 1F1 1I1 1F2 1I2 1W0 1F3 1I3 1W1 1W2 1W3",
  ]);
});

test("ZB-V: one forward and one backward of each chunk by turns", () => {
  expect(rows("zb-v", 2, 3)).toEqual([
    "0F0 0F1 0F2 3F0 3I0 3W0 3F1 3I1 3W1 0I0 0W0 3F2 3I2 3W2 0I1 0W1 0I2 0W2",
    "1F0 2F0 1F1 2F1 2I0 2W0 1F2 1I0 1W0 2F2 2I1 2W1 1I1 2I2 1I2 1W1 2W2 1W2",
  ]);
});

test("V-Min: down, up and back without a pause", () => {
  expect(rows("v-min", 2, 3)).toEqual([
    "0F0 0F1 3F0 3I0 3W0 0I0 0W0 3F1 3I1 3W1 0F2 0I1 0W1 3F2 3I2 3W2 0I2 0W2",
    "1F0 2F0 2I0 1I0 1F1 2F1 2W0 1W0 2I1 1I1 1F2 2F2 2W1 1W1 2I2 1I2 2W2 1W2",
  ]);
});

test("V-Half: one activation more than V-Min on two ranks", () => {
  expect(rows("v-half", 2, 3)).toEqual([
    "0F0 0F1 0F2 3F0 3I0 3W0 3F1 3I1 0I0 0W0 3W1 3F2 0I1 3I2 0W1 3W2 0I2 0W2",
    "1F0 2F0 1F1 2F1 2I0 2W0 1I0 1F2 2I1 2F2 1I1 1W0 2W1 2I2 1I2 1W1 2W2 1W2",
  ]);
});

describe("DualPipe", () => {
  test("micro-batches of both directions meet on every rank; pairs are marked", () => {
    expect(rows("dualpipe", 2, 4)).toEqual([
      "0F0 1F2 0F1 1B2 1F3+ 0B0 1B3 0I1 0W1",
      "0F2 1F0 0F3 1B0 1F1+ 0B2 1B1 0I3 0W3",
    ]);
    expect(generators.dualpipe.build({ ranks: 2, microbatches: 5 }).mirrored).toEqual({
      firstMicrobatch: 3,
      rankOfStage: [1, 0],
    });
  });

  test("needs a partner for each rank", () => {
    expect(generators.dualpipe.refuses?.({ ranks: 3, microbatches: 8 })).toBe(
      "DualPipe pairs each rank with the one opposite, and 3 is odd: give an even number of ranks.",
    );
    expect(generators.dualpipe.refuses?.({ ranks: 4, microbatches: 1 })).toBeUndefined();
    expect(() => generators.dualpipe.build({ ranks: 3, microbatches: 8 })).toThrow("3 is odd");
  });

  test("V: the same steps on the two chunks of a rank", () => {
    expect(rows("dualpipe-v", 1, 3)).toEqual(["0F0 1F0 0F1 1B0 1F1+ 0B0 0F2+ 1B1 1F2+ 0B1 1B2 0I2 0W2"]);
  });

  test("a fused action is a forward, and the next one a whole backward of another stage's pass", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("dualpipe", "dualpipe-v"),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 24 }),
        (name, half, microbatches) => {
          const { ranks } = generators[name].build({ ranks: 2 * half, microbatches });
          for (const actions of ranks) {
            for (const [position, action] of actions.entries()) {
              if (!action.fused) continue;
              const second = actions[position + 1]!;
              expect([action.kind, second.kind]).toEqual(["F", "B"]);
              expect([second.stage, second.microbatch]).not.toEqual([action.stage, action.microbatch]);
            }
          }
        },
      ),
    );
  });
});

test("every generator is registered under its own name and makes sound schedules of any shape", () => {
  expect(generatorNames).toEqual([
    "1f1b",
    "gpipe",
    "interleaved-1f1b",
    "looped-bfs",
    "zb-h1",
    "zb-h2",
    "zb-v",
    "v-half",
    "v-min",
    "dualpipe",
    "dualpipe-v",
  ]);
  const shapes = fc.record({
    ranks: fc.integer({ min: 1, max: 8 }),
    microbatches: fc.integer({ min: 1, max: 20 }),
    chunks: fc.integer({ min: 1, max: 4 }),
  });
  const built = new Map<string, number>();
  fc.assert(
    fc.property(fc.constantFrom(...generatorNames), shapes, (name, shape) => {
      if (generators[name].refuses?.(shape) !== undefined) return;
      const schedule = generators[name].build(shape);
      expect(schedule).toMatchObject({ generator: name, microbatches: shape.microbatches });
      expect(schedule.ranks).toHaveLength(shape.ranks);
      expect(validateSchedule(schedule)).toEqual([]);
      built.set(name, (built.get(name) ?? 0) + 1);
    }),
    { numRuns: 1000 },
  );
  expect([...built.keys()].toSorted()).toEqual(generatorNames.toSorted());
});

test("where the stages are", () => {
  const shape = { ranks: 4, microbatches: 8, chunks: 3 };
  const stagesOf = (name: keyof typeof generators) => stagesOfRank(generators[name].build(shape), 1);
  for (const name of ["1f1b", "gpipe", "zb-h1", "zb-h2"] as const) expect(stagesOf(name)).toEqual([1]);
  for (const name of ["interleaved-1f1b", "looped-bfs"] as const) expect(stagesOf(name)).toEqual([1, 5, 9]);
  for (const name of ["zb-v", "v-half", "v-min", "dualpipe-v"] as const)
    expect(stagesOf(name)).toEqual([1, 6]);
  const dual = generators.dualpipe.build(shape);
  expect(stagesOf("dualpipe")).toEqual([1, 2]);
  expect([rankOf(dual, 1, 3), rankOf(dual, 1, 4)]).toEqual([1, 2]);
});

test.each(generatorNames)("%s refuses shapes that no pipeline has", (name) => {
  expect(() => generators[name].build({ ranks: 0, microbatches: 1 })).toThrow("ranks must be 1 or more: 0");
  expect(() => generators[name].build({ ranks: 1, microbatches: 1.5 })).toThrow(
    "microbatches must be 1 or more: 1.5",
  );
});
