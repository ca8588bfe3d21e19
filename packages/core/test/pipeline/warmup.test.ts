// 1F1B with extra warm-up, and the fast pass that times it without building it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extraForwardsOf, hidingForwards, warmupOneFOneB } from "../../src/pipeline/generate/one-f-one-b.ts";
import {
  chainLinks,
  compileSchedule,
  generators,
  oneFOneBSeconds,
  scheduleStats,
  timeSchedule,
  validateSchedule,
} from "../../src/pipeline/index.ts";

const seconds = fc.double({ min: 0.01, max: 4, noNaN: true });
const hop = fc.record({
  latencySeconds: fc.double({ min: 0, max: 6, noNaN: true }),
  occupancySeconds: fc.double({ min: 0, max: 3, noNaN: true }),
});

/** Stages of unequal times, links that differ by direction, extra forwards that do not grow along the pipeline. */
const pipelines = fc.integer({ min: 1, max: 7 }).chain((stages) =>
  fc.record({
    microbatches: fc.integer({ min: 1, max: 20 }),
    extraForwards: fc
      .array(fc.integer({ min: 0, max: 6 }), { minLength: stages, maxLength: stages })
      .map((extra) => extra.sort((a, b) => b - a)),
    timing: fc.record({
      forwardSeconds: fc.array(seconds, { minLength: stages, maxLength: stages }),
      inputGradSeconds: fc.array(seconds, { minLength: stages, maxLength: stages }),
      weightGradSeconds: fc.array(seconds, { minLength: stages, maxLength: stages }),
      overheadSeconds: fc.constantFrom(0, 0.25),
      links: fc
        .tuple(
          fc.array(hop, { minLength: stages - 1, maxLength: stages - 1 }),
          fc.array(hop, { minLength: stages - 1, maxLength: stages - 1 }),
        )
        .map(([forward, backward]) => chainLinks(forward, backward)),
    }),
  }),
);

describe("1F1B with extra warm-up", () => {
  it("is a complete schedule without deadlock that holds p − s + ΔN_s activations", () => {
    fc.assert(
      fc.property(pipelines, ({ extraForwards, microbatches, timing }) => {
        const stages = extraForwards.length;
        const schedule = warmupOneFOneB({ ranks: stages, microbatches }, extraForwards);
        expect(validateSchedule(schedule)).toEqual([]);
        const stats = scheduleStats(timeSchedule(compileSchedule(schedule), timing));
        expect([...stats.peakActivationsOfStage]).toEqual(
          extraForwards.map((extra, stage) => Math.min(microbatches, stages - stage + extra)),
        );
      }),
    );
  });

  it("is 1F1B without extra forwards", () => {
    const shape = { ranks: 4, microbatches: 8 };
    expect(warmupOneFOneB(shape, []).ranks).toEqual(generators["1f1b"].build(shape).ranks);
  });

  it("by the warm-up rule pays for one fill and one drain only: T = (m+p−1)C + 2Σ(α+β)", () => {
    let cuts = 0;
    const cut = (mostOccupancy: number) =>
      fc.option(
        fc.record({
          latencySeconds: fc.double({ min: 0, max: 9, noNaN: true }),
          occupancySeconds: fc.double({ min: 0, max: mostOccupancy, noNaN: true }),
        }),
        { nil: undefined },
      );
    // One cut may be as slow as a whole micro-batch; of several, each must keep up with the forwards of the warm-up.
    const oneOf6 = fc
      .tuple(fc.integer({ min: 0, max: 5 }), cut(3))
      .map(([place, only]) =>
        Array.from({ length: 6 }, (_, position) => (position === place ? only : undefined)),
      );
    const many = fc.array(cut(1), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.oneof(oneOf6, many), (stages, choice) => {
        const hops = choice
          .slice(0, stages - 1)
          .map((each) => each ?? { latencySeconds: 0, occupancySeconds: 0 });
        const oneWay = hops.map(({ latencySeconds, occupancySeconds }) => latencySeconds + occupancySeconds);
        const extra = extraForwardsOf(
          stages,
          oneWay.map((q) => hidingForwards(2 * q, 3)),
          hops.map((_, stage) => stage),
        );
        const total = oneWay.reduce((sum, q) => sum + q, 0);
        const microbatches = 60;
        cuts += oneWay.filter((q) => q > 0).length;
        const timing = {
          forwardSeconds: Array(stages).fill(1),
          inputGradSeconds: Array(stages).fill(1),
          weightGradSeconds: Array(stages).fill(1),
          overheadSeconds: 0,
          links: chainLinks(hops),
        };
        const makespan = oneFOneBSeconds(microbatches, timing, extra);
        expect(makespan).toBeCloseTo((microbatches + stages - 1) * 3 + 2 * total, 6);
      }),
      { numRuns: 500 },
    );
    expect(cuts).toBeGreaterThan(500);
  });

  it("cannot run further ahead than the stage before it", () => {
    expect(() => warmupOneFOneB({ ranks: 3, microbatches: 4 }, [1, 2, 0])).toThrow("not extra forwards");
    expect(() => warmupOneFOneB({ ranks: 1, microbatches: 4 }, [0.5])).toThrow("not extra forwards");
  });
});

it("the fast pass gives what generating, compiling and timing gives, to the last bit", () => {
  fc.assert(
    fc.property(pipelines, ({ extraForwards, microbatches, timing }) => {
      const stages = extraForwards.length;
      const schedule = warmupOneFOneB({ ranks: stages, microbatches }, extraForwards);
      const { makespanSeconds } = timeSchedule(compileSchedule(schedule), timing);
      expect(oneFOneBSeconds(microbatches, timing, extraForwards)).toBe(makespanSeconds);
    }),
    { numRuns: 1000 },
  );
});

it("the fast pass refuses links that the chain does not have", () => {
  const ones = [1, 1, 1];
  const times = { forwardSeconds: ones, inputGradSeconds: ones, weightGradSeconds: ones, overheadSeconds: 0 };
  const slow = { latencySeconds: 1, occupancySeconds: 1 };
  const round = { ...slow, fromRank: 2, toRank: 0 };
  expect(() => oneFOneBSeconds(4, { ...times, links: [...chainLinks([slow, slow]), round] })).toThrow(
    new RangeError("no link of the chain: from rank 2 to 0"),
  );
});
