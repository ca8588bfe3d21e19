/** CrossPipe's greedy: sound, within memory, never below the bound, and as short as what others found. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compareSchedules,
  crosspipeSchedule,
  crosspipeSeconds,
  evaluateSchedule,
  type Hop,
  lowerBoundSeconds,
  type Pipeline,
  timedGenerators,
  validateSchedule,
} from "../../src/pipeline/index.ts";
import {
  answerTo,
  nameOfRow,
  pipelineOf,
  type Row,
  readTable,
  tablePresent,
} from "./support/reference-table.ts";

/** F = I = W = 1 on every rank, a cut in the middle. */
function uniform(ranks: number, microbatches: number, memory: number, cut: Partial<Hop> = {}): Pipeline {
  const ones = Array<number>(ranks).fill(1);
  const none = { latencySeconds: 0, occupancySeconds: 0 };
  return {
    ...{ ranks, microbatches, chunks: 1 },
    ...{ forwardSeconds: ones, inputGradSeconds: ones, weightGradSeconds: ones, overheadSeconds: 0 },
    hops: Array.from({ length: ranks - 1 }, (_, hop) => (hop === ranks / 2 - 1 ? { ...none, ...cut } : none)),
    memoryCap: Array<number>(ranks).fill(memory),
  };
}

const makespan = (name: "crosspipe" | "crosspipe-wave", pipeline: Pipeline) =>
  evaluateSchedule(pipeline, timedGenerators[name].build(pipeline)).timed.makespanSeconds;

describe("against proven optima, p = 4, m = 8, F = I = W = 1, a cut in the middle", () => {
  test.each([
    [0, 27, 27],
    [0.5, 29, 27.5],
    [1, 31, 28],
    [2, 35, 29],
    [4, 43, 31],
  ])("latency %d: %d with memory p, %d with 2p", (latencySeconds, small, large) => {
    expect(makespan("crosspipe", uniform(4, 8, 4, { latencySeconds }))).toBe(small);
    expect(makespan("crosspipe", uniform(4, 8, 8, { latencySeconds }))).toBe(large);
  });
});

describe("against CrossPipe's own greedy, latency 1 on the middle link", () => {
  test.each([
    [4, 8, 31, 28],
    [8, 16, 59, 56],
    [8, 32, 107, 104],
    [16, 64, 211, 208],
    [32, 128, 419, 416],
  ])("p = %d, m = %d: %d with memory p, %d with 2p", (ranks, microbatches, small, large) => {
    const cut = { latencySeconds: 1 };
    expect(makespan("crosspipe", uniform(ranks, microbatches, ranks, cut))).toBeLessThanOrEqual(small);
    expect(makespan("crosspipe", uniform(ranks, microbatches, 2 * ranks, cut))).toBeLessThanOrEqual(large);
  });
});

describe.skipIf(!tablePresent)("reference makespans of greedies, waves and solvers", () => {
  const rows = readTable().filter((row) => "notCovered" in answerTo(row) && !isLeftOut(row));

  test("are all there", () => {
    expect(rows).toHaveLength(82);
  });

  test.each(rows.map((row) => [nameOfRow(row), row] as const))("%s: equal or better", (_name, row) => {
    const pipeline = pipelineOf(row);
    const generator = row["v_chunks"] === "2" ? "crosspipe-wave" : "crosspipe";
    const ours = makespan(generator, { ...pipeline, memoryCap: pipeline.memoryCap.map(() => memoryOf(row)) });
    if (row["source"]!.startsWith("EXACT")) expect(ours).toBe(Number(row["makespan"]));
    else expect(ours).toBeLessThanOrEqual(Number(row["makespan"]) + 1e-9);
  });

  /** What the row's own schedule held where the table says it; otherwise what its generator was allowed. */
  function memoryOf(row: Row): number {
    const peak = Number(row["peak_activations_in_chunk_units"]);
    if (peak > 0) return peak;
    return Number(row["p"]) * (row["v_chunks"] === "2" || row["schedule"]!.includes("2x") ? 2 : 1);
  }

  function isLeftOut(row: Row): boolean {
    return (
      row["source"]!.includes("_simulate_comms_compute") || row["schedule"]!.startsWith("interleave_overlap")
    );
  }
});

/** Quarter seconds, so that sums are exact. */
const quarters = (most: number) => fc.integer({ min: 1, max: most }).map((n) => n / 4);
const pipelines: fc.Arbitrary<Pipeline> = fc
  .record({ ranks: fc.integer({ min: 1, max: 6 }), microbatches: fc.integer({ min: 1, max: 10 }) })
  .chain(({ microbatches, ranks }) => {
    const byRank = <T>(of: fc.Arbitrary<T>, length = ranks) =>
      fc.array(of, { minLength: length, maxLength: length });
    const hop = fc.record({
      latencySeconds: fc.oneof(fc.constant(0), quarters(20)),
      occupancySeconds: fc.oneof(fc.constant(0), quarters(12)),
    });
    return fc.record({
      ranks: fc.constant(ranks),
      microbatches: fc.constant(microbatches),
      chunks: fc.constantFrom(1, 2),
      forwardSeconds: byRank(quarters(12)),
      inputGradSeconds: byRank(quarters(12)),
      weightGradSeconds: byRank(quarters(12)),
      overheadSeconds: fc.constantFrom(0, 0, 0.25),
      hops: byRank(hop, ranks - 1),
      gradients: byRank(
        fc.record({
          reduceSeconds: quarters(20),
          gatherSeconds: fc.oneof(fc.constant(0), quarters(8)),
          overLink: fc.boolean(),
        }),
      ).map((all) =>
        all.map(({ overLink, ...sync }, rank) => ({
          ...sync,
          ...(overLink && ranks > 1 ? { overLinkToRank: rank === 0 ? 1 : rank - 1 } : {}),
        })),
      ),
      memoryCap: byRank(
        fc.oneof(
          fc.integer({ min: 4, max: 24 }).map((n) => n / 2),
          fc.constant(Number.POSITIVE_INFINITY),
        ),
      ),
    });
  });

test("is sound, within memory, as long as it was built to be, and never below the bound", () => {
  const seen = { schedules: 0, optimal: 0, whole: 0, refused: 0 };
  fc.assert(
    fc.property(pipelines, (pipeline) => {
      for (const name of ["crosspipe", "crosspipe-wave"] as const) {
        const { build, refuses } = timedGenerators[name];
        if (refuses!(pipeline) !== undefined) {
          expect(() => build(pipeline)).toThrow(RangeError);
          seen.refused++;
          continue;
        }
        const schedule = build(pipeline);
        expect(validateSchedule(schedule)).toEqual([]);
        const { fits, timed } = evaluateSchedule(pipeline, schedule);
        expect(fits).toBe(true);
        if (name === "crosspipe") {
          const quick = { orders: 3, wholeBackwards: pipeline.microbatches % 2 === 0 };
          expect(
            evaluateSchedule(pipeline, crosspipeSchedule(pipeline, quick)!).timed.makespanSeconds,
          ).toBeCloseTo(crosspipeSeconds(pipeline, quick)!, 9);
        }
        const bound = lowerBoundSeconds(pipeline, schedule);
        expect(timed.makespanSeconds).toBeGreaterThanOrEqual(bound - 1e-9);
        seen.schedules++;
        if (timed.makespanSeconds <= bound + 1e-9) seen.optimal++;
        if (schedule.ranks[0]![0] && schedule.ranks.flat().some(({ kind }) => kind === "B")) seen.whole++;
      }
    }),
    { numRuns: 120 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5);
});

test("auto takes the shortest that fits, and names what it could not take", () => {
  const { best, candidates } = compareSchedules(uniform(5, 10, 5, { latencySeconds: 1 }));
  const fitting = candidates.flatMap((candidate) =>
    candidate.kind === "schedule" && candidate.evaluation.fits
      ? [candidate.evaluation.timed.makespanSeconds]
      : [],
  );
  expect(best!.evaluation.timed.makespanSeconds).toBe(Math.min(...fitting));
  expect(candidates.find(({ generator }) => generator === "dualpipe")).toMatchObject({ kind: "refused" });
  for (const candidate of candidates) {
    if (candidate.kind !== "schedule") continue;
    expect(candidate.gap).toBeGreaterThanOrEqual(0);
    expect(candidate.evaluation.fits).toBe(candidate.evaluation.peakActivations.every((peak) => peak <= 5));
  }
});
