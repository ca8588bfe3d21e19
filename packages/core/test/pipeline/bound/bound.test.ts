/**
 * The lower bound is below everything: schedules that nobody would make, those of all generators, proven optima; and it
 * meets the optimum where the page of reference optima says what that is. Proofs on random pipelines need a solver: the cli's tests.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  evaluateSchedule,
  generateSchedule,
  lowerBoundSeconds,
  type Pipeline,
  type Schedule,
  scheduleNames,
} from "../../../src/pipeline/index.ts";
import { blockSeconds, quarterSeconds, soundSchedules } from "../support/arbitraries.ts";
import { nameOfRow, pipelineOf, readTable } from "../support/reference-table.ts";

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Unit blocks, one slow hop in the middle. */
function unitPipeline(ranks: number, microbatches: number, cap: number, latencySeconds: number): Pipeline {
  const ones = range(ranks).map(() => 1);
  return {
    ranks,
    microbatches,
    chunks: 1,
    forwardSeconds: ones,
    inputGradSeconds: ones,
    weightGradSeconds: ones,
    overheadSeconds: 0,
    hops: range(ranks - 1).map((hop) => ({
      latencySeconds: hop === ranks / 2 - 1 ? latencySeconds : 0,
      occupancySeconds: 0,
    })),
    memoryCap: range(ranks).map(() => cap),
  };
}

/** Any times, for `ranks` ranks; gradients now and then, over a cable or not. */
function pipelines(ranks: number, microbatches: number, chunks: number): fc.Arbitrary<Pipeline> {
  const each = <T>(count: number, item: fc.Arbitrary<T>) =>
    fc.array(item, { minLength: count, maxLength: count });
  const sync = fc.record({ reduceSeconds: quarterSeconds, gatherSeconds: quarterSeconds });
  return fc
    .record({
      ranks: fc.constant(ranks),
      microbatches: fc.constant(microbatches),
      chunks: fc.constant(chunks),
      forwardSeconds: each(ranks, blockSeconds),
      inputGradSeconds: each(ranks, blockSeconds),
      weightGradSeconds: each(ranks, blockSeconds),
      overheadSeconds: fc.constantFrom(0, 0.25, 1),
      hops: each(ranks - 1, fc.record({ latencySeconds: quarterSeconds, occupancySeconds: quarterSeconds })),
      memoryCap: fc.constant(range(ranks).map(() => Number.POSITIVE_INFINITY)),
      gradients: fc.oneof(fc.constant([]), each(ranks, sync)),
    })
    .map(({ gradients, ...pipeline }) => (gradients.length > 0 ? { ...pipeline, gradients } : pipeline));
}

/** With no more memory than the schedule takes. */
function expectBelow(pipeline: Pipeline, schedule: Schedule): void {
  const { peakActivations, stats } = evaluateSchedule(pipeline, schedule);
  const bound = lowerBoundSeconds({ ...pipeline, memoryCap: peakActivations }, schedule);
  expect(bound).toBeLessThanOrEqual(stats.makespanSeconds * (1 + 1e-12));
  expect(bound).toBeGreaterThan(0);
}

describe("the bound is below", () => {
  test("any schedule: any placement, both directions, backwards whole or split", () => {
    const cases = soundSchedules.chain((schedule) =>
      pipelines(schedule.ranks.length, schedule.microbatches, 1).map((pipeline) => ({ pipeline, schedule })),
    );
    fc.assert(
      fc.property(cases, ({ pipeline, schedule }) => expectBelow(pipeline, schedule)),
      { numRuns: 400 },
    );
  });

  test.each(scheduleNames)("every schedule of %s", (name) => {
    const cases = fc
      .record({ ranks: fc.constantFrom(2, 4), rounds: fc.constantFrom(2, 3), chunks: fc.constantFrom(1, 2) })
      .chain(({ chunks, ranks, rounds }) => pipelines(ranks, ranks * rounds, chunks));
    fc.assert(
      fc.property(cases, (pipeline) => {
        const result = generateSchedule(name, pipeline);
        if (result.kind === "schedule") expectBelow(pipeline, result.schedule);
      }),
      { numRuns: 40 },
    );
  });
});

describe("proven optima, p = 4, m = 8, unit blocks, one slow hop in the middle", () => {
  test.each([
    [0, 27],
    [0.5, 27.5],
    [1, 28],
    [2, 29],
    [4, 31],
  ])("memory 2p, latency %d: the bound is the optimum, %d", (latency, optimum) => {
    expect(lowerBoundSeconds(unitPipeline(4, 8, 8, latency), { rankOfStage: range(4) })).toBe(optimum);
  });

  test.each([
    [0, 27, 27],
    [0.5, 28, 29],
    [1, 29, 31],
    [2, 32, 35],
    [4, 40, 43],
  ])("memory p, latency %d: the bound %d is at most the optimum, %d", (latency, bound, optimum) => {
    expect(lowerBoundSeconds(unitPipeline(4, 8, 4, latency), { rankOfStage: range(4) })).toBe(bound);
    expect(bound).toBeLessThanOrEqual(optimum);
  });
});

const optima = readTable().filter((row) => row["source"]!.startsWith("EXACT"));

describe.skipIf(optima.length === 0)("optima that another solver proved", () => {
  test.each(optima.map((row) => [nameOfRow(row), row] as const))("%s", (_name, row) => {
    const ranks = Number(row["p"]);
    const cap = Number(/memory cap (\d+)/.exec(row["note"]!)?.[1] ?? ranks);
    const pipeline = { ...pipelineOf(row), memoryCap: range(ranks).map(() => cap) };
    const bound = lowerBoundSeconds(pipeline, { rankOfStage: range(ranks) });
    expect(bound).toBeLessThanOrEqual(Number(row["makespan"]));
    expect(bound).toBeGreaterThan(0.9 * Number(row["makespan"]));
  });
});

test("less memory never lowers the bound, and none at all leaves no schedule", () => {
  const bounds = [8, 6, 4, 3, 2, 1.5, 1].map((cap) =>
    lowerBoundSeconds(unitPipeline(4, 8, cap, 1), { rankOfStage: range(4) }),
  );
  expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
  expect(lowerBoundSeconds(unitPipeline(4, 8, 0.5, 1), { rankOfStage: range(4) })).toBe(
    Number.POSITIVE_INFINITY,
  );
});
