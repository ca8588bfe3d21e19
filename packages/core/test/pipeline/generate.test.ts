/** What the generators emit, spelt out. */

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  actionName,
  generatorNames,
  generators,
  stagesOfRank,
  validateSchedule,
} from "../../src/pipeline/index.ts";

const rows = (name: keyof typeof generators, stages: number, microbatches: number) =>
  generators[name]
    .build({ ranks: stages, microbatches })
    .ranks.map((actions) => actions.map(actionName).join(" "));

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

test("every generator is registered under its own name and makes sound schedules of any shape", () => {
  expect(generatorNames).toEqual(["1f1b", "gpipe"]);
  const shapes = fc.record({
    ranks: fc.integer({ min: 1, max: 8 }),
    microbatches: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(...generatorNames), shapes, (name, shape) => {
      const schedule = generators[name].build(shape);
      expect(schedule.generator).toBe(name);
      expect(validateSchedule(schedule)).toEqual([]);
      expect(stagesOfRank(schedule, shape.ranks - 1)).toEqual([shape.ranks - 1]);
    }),
  );
});

test.each(generatorNames)("%s refuses shapes that no pipeline has", (name) => {
  expect(() => generators[name].build({ ranks: 0, microbatches: 1 })).toThrow("ranks must be 1 or more: 0");
  expect(() => generators[name].build({ ranks: 1, microbatches: 1.5 })).toThrow(
    "microbatches must be 1 or more: 1.5",
  );
});
