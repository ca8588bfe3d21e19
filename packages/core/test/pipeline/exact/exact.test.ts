/** The job shop of a pipeline: its size, its units, and that schedules and starts of operations say the same. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  endOf,
  evaluateSchedule,
  exactModel,
  generateSchedule,
  lowerBoundUnits,
  type Pipeline,
  satisfies,
  scheduleNames,
  scheduleOf,
  startsOf,
  startsOneByOne,
} from "../../../src/pipeline/index.ts";

const threeRanks: Pipeline = {
  ranks: 3,
  microbatches: 6,
  chunks: 1,
  forwardSeconds: [1, 1.5, 1],
  inputGradSeconds: [1, 1.25, 1],
  weightGradSeconds: [0.75, 1, 1],
  overheadSeconds: 0,
  hops: [
    { latencySeconds: 0.5, occupancySeconds: 0.25 },
    { latencySeconds: 0, occupancySeconds: 0 },
  ],
  memoryCap: [3, 2, 1],
  gradients: [
    { reduceSeconds: 1, gatherSeconds: 0.5, overLinkToRank: 1 },
    { reduceSeconds: 2, gatherSeconds: 0 },
    { reduceSeconds: 0, gatherSeconds: 1 },
  ],
};

describe("the model", () => {
  test("has a block per stage, kind and micro-batch, messages where links are occupied, and reductions", () => {
    const model = exactModel(threeRanks);
    const count = (wanted: string) => model.operations.filter(({ kind }) => kind === wanted).length;
    expect(["F", "I", "W", "B", "message", "reduce"].map(count)).toEqual([18, 18, 18, 0, 12, 2]);
    expect(model.machines.map((machine) => machine.length)).toEqual([18, 18, 18]);
    expect(model.operations.filter(({ release }) => release > 0)).toEqual([
      { kind: "F", stage: 0, microbatch: 0, duration: 4, release: 2 },
      { kind: "F", stage: 2, microbatch: 0, duration: 4, release: 4 },
    ]);
  });

  test("is plain data", () => {
    const model = exactModel(threeRanks);
    expect(JSON.parse(JSON.stringify(model))).toEqual(model);
  });

  test("counts in the largest unit that all times are multiples of", () => {
    expect(exactModel(threeRanks)).toMatchObject({ unitSeconds: 0.25, lossless: true });
    const tenths = { ...threeRanks, forwardSeconds: [0.3, 0.6, 0.9], overheadSeconds: 0.1 };
    const { lossless, unitSeconds } = exactModel(tenths);
    expect(lossless).toBe(true);
    expect(unitSeconds).toBeCloseTo(0.05, 12);
  });

  test("says so where there is no such unit, and rounds down", () => {
    const model = exactModel({ ...threeRanks, forwardSeconds: [Math.PI, Math.E, Math.SQRT2] });
    expect(model.lossless).toBe(false);
    const [first] = model.operations;
    expect(first!.duration * model.unitSeconds).toBeLessThanOrEqual(Math.PI);
    expect(first!.duration * model.unitSeconds).toBeCloseTo(Math.PI, 4);
  });

  test("a time that is nearly a multiple of the unit is none: what it is rounded up by would be in the bound", () => {
    const each = (seconds: number) => [seconds, seconds, seconds];
    const { gradients: _, ...plain } = threeRanks;
    const { lossless, operations, unitSeconds } = exactModel({
      ...plain,
      forwardSeconds: each(0.3333334),
      inputGradSeconds: each(0.3333333),
      weightGradSeconds: each(0.3333334),
      hops: plain.hops.map(() => ({ latencySeconds: 0, occupancySeconds: 0 })),
    });
    expect(lossless).toBe(false);
    const input = operations.find(({ kind }) => kind === "I")!;
    expect(input.duration * unitSeconds).toBeLessThanOrEqual(0.3333333 * (1 + 1e-9));
  });

  test.each(["split", "whole"] as const)(
    "backwards %s: no starts end before the bound in units, whatever the times",
    (backward) => {
      const time = fc.oneof(
        fc.double({ min: 0.001, max: 3, noNaN: true }),
        fc.integer({ min: 1, max: 30_000_000 }).map((tenMillionths) => tenMillionths / 1e7),
        fc.constantFrom(0.3333333, 0.3333334, 1, 1.0000009, 0.9999995),
      );
      const times = fc.tuple(time, time, time);
      const cases = fc.record({
        forwardSeconds: times,
        inputGradSeconds: times,
        weightGradSeconds: times,
        latencySeconds: time,
        overheadSeconds: fc.constantFrom(0, 0, 0.1, 0.0000003),
        cap: fc.integer({ min: 2, max: 8 }),
      });
      fc.assert(
        fc.property(cases, ({ cap, latencySeconds, ...more }) => {
          const pipeline: Pipeline = {
            ...{ ...threeRanks, ...more },
            hops: [
              { latencySeconds, occupancySeconds: 0.25 },
              { latencySeconds: 0, occupancySeconds: 0 },
            ],
            memoryCap: [cap / 2, cap / 2, cap / 2],
          };
          const model = exactModel(pipeline, { backward });
          const bound = lowerBoundUnits(pipeline, { backward });
          const ends = scheduleNames.flatMap((name) => {
            const result = generateSchedule(name, pipeline);
            const starts =
              result.kind === "schedule" ? startsOf(model, pipeline, result.schedule) : undefined;
            return starts ? [endOf(model, starts)] : [];
          });
          const least = Math.min(...ends, endOf(model, startsOneByOne(model, pipeline)));
          expect(bound).toBeGreaterThan(0.3 * least);
          expect(bound).toBeLessThanOrEqual(least);
        }),
        { numRuns: 40 },
      );
    },
  );

  test("refuses a rank that cannot hold one activation", () => {
    expect(() => exactModel({ ...threeRanks, memoryCap: [3, 2, 0.5] })).toThrow("rank 2");
  });
});

describe("memory, given the order of micro-batches", () => {
  /** One rank, three micro-batches, room for 1.5 activations: 3 halves. F_2 needs 3 releases: I_1 or W_0 is one too few. */
  const oneRank: Pipeline = {
    ...threeRanks,
    ranks: 1,
    microbatches: 3,
    forwardSeconds: [1],
    inputGradSeconds: [1],
    weightGradSeconds: [1],
    hops: [],
    memoryCap: [1.5],
    gradients: [{ reduceSeconds: 0, gatherSeconds: 0 }],
  };
  test.each([
    // F0 I0 W0 F1 I1 W1 F2 I2 W2 by start: F, then I, then W.
    ["one by one", [0, 3, 6, 1, 4, 7, 2, 5, 8], true],
    ["the first W after the second F", [0, 2, 6, 1, 4, 7, 3, 5, 8], true],
    ["two halves of W outstanding before the third F", [0, 2, 4, 1, 3, 6, 5, 7, 8], false],
    ["two forwards at once", [0, 1, 6, 2, 4, 7, 3, 5, 8], false],
  ])("%s", (_name, starts, fits) => {
    const { unitSeconds, ...model } = exactModel(oneRank);
    expect(unitSeconds).toBe(1);
    expect(satisfies({ unitSeconds, ...model }, starts)).toBe(fits);
  });
});

describe("schedules and starts", () => {
  test("one by one fits wherever anything does", () => {
    for (const backward of ["split", "whole"] as const) {
      const model = exactModel({ ...threeRanks, memoryCap: [1, 1, 1] }, { backward });
      expect(satisfies(model, startsOneByOne(model, threeRanks))).toBe(true);
    }
  });

  test.each(scheduleNames)(
    "of %s: starts satisfy the model if memory suffices, and give back a schedule no longer",
    (name) => {
      const cases = fc.record({ cap: fc.integer({ min: 2, max: 8 }), overhead: fc.constantFrom(0, 0.25) });
      fc.assert(
        fc.property(cases, ({ cap, overhead }) => {
          const pipeline = {
            ...threeRanks,
            memoryCap: [cap / 2, cap / 2, cap / 2],
            overheadSeconds: overhead,
          };
          const result = generateSchedule(name, pipeline);
          if (result.kind === "refused") return;
          const { fits, stats } = evaluateSchedule(pipeline, result.schedule);
          const model = exactModel(pipeline);
          const starts = startsOf(model, pipeline, result.schedule);
          const oneStagePerRank = result.schedule.stages === 3 && !result.schedule.mirrored;
          if (fits) expect(starts !== undefined).toBe(oneStagePerRank);
          if (!starts) return;
          const again = evaluateSchedule(pipeline, scheduleOf(model, starts));
          expect(again.fits).toBe(true);
          expect(again.stats.makespanSeconds).toBeCloseTo(endOf(model, starts) * model.unitSeconds, 9);
          if (overhead === 0)
            expect(again.stats.makespanSeconds).toBeLessThanOrEqual(stats.makespanSeconds + 1e-9);
        }),
        { numRuns: 30 },
      );
    },
  );

  test("whole backwards are the model's where it has them", () => {
    const pipeline = { ...threeRanks, memoryCap: [3, 2, 1] };
    const model = exactModel(pipeline, { backward: "whole" });
    const result = generateSchedule("1f1b", pipeline);
    if (result.kind === "refused") throw new Error(result.reason);
    const starts = startsOf(model, pipeline, result.schedule)!;
    expect(scheduleOf(model, starts).ranks).toEqual(result.schedule.ranks);
    expect(endOf(model, starts) * model.unitSeconds).toBe(
      evaluateSchedule(pipeline, result.schedule).stats.makespanSeconds,
    );
  });
});
