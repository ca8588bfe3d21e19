// Exact schedules: optima that are known, a bound that is never above a proven one, and answers where time or patience runs out.
import { existsSync } from "node:fs";
import {
  compareSchedules,
  endOf,
  evaluateSchedule,
  exactModel,
  lowerBoundSeconds,
  type Pipeline,
  scheduleOf,
  validateSchedule,
} from "@bace-pipe/core/pipeline";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../core/src/simulator/random.ts";
import { bestStart, exactRefusal, exactSchedule, SOLVERS, type SolverName } from "../src/solver/index.ts";
import { randomPipeline } from "./support/random-pipeline.ts";

const orToolsPresent = existsSync(new URL("../../../node_modules/or-tools-wasm", import.meta.url));
const solvers: readonly SolverName[] = orToolsPresent ? ["highs", "or-tools"] : ["highs"];

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

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

describe.each(solvers)("%s", (name) => {
  test.each([
    [2, 4, 2, 15],
    [4, 4, 4, 16],
  ])("p = %d, m = %d, memory %d, latency 0.5: %d, told nothing of the bound", async (p, m, cap, optimum) => {
    const pipeline = unitPipeline(p, m, cap, 0.5);
    const model = exactModel(pipeline);
    const progress: number[] = [];
    const { boundSeconds, objectiveSeconds, starts, status } = await SOLVERS[name].solve(model, {
      timeLimitSeconds: 25,
      warmStart: bestStart(model, pipeline),
      onProgress: (incumbent, bound) => {
        expect(bound).toBeLessThanOrEqual(optimum);
        expect(incumbent).toBeGreaterThanOrEqual(optimum);
        progress.push(incumbent);
      },
    });
    expect({ boundSeconds, objectiveSeconds, status }).toEqual({
      boundSeconds: optimum,
      objectiveSeconds: optimum,
      status: "optimal",
    });
    expect(endOf(model, starts!) * model.unitSeconds).toBe(optimum);
    expect(progress).toEqual(progress.toSorted((a, b) => b - a));
  });

  test("whole backwards: 1F1B is the best that fits in its memory", async () => {
    const pipeline = unitPipeline(4, 4, 4, 0);
    const answer = await exactSchedule(pipeline, { solver: name, backward: "whole", timeLimitSeconds: 25 });
    expect(answer).toMatchObject({ makespanSeconds: 21, boundSeconds: 21, status: "optimal", solver: name });
  });
});

test("100 random pipelines: the bound is never above the proven optimum, and mostly is it", async () => {
  const random = randomStream(7, "solver test");
  let tight = 0;
  for (let instance = 0; instance < 100; instance++) {
    const pipeline = randomPipeline(random, 3);
    const model = exactModel(pipeline);
    const bound = lowerBoundSeconds(pipeline, { rankOfStage: range(pipeline.ranks) });
    const { objectiveSeconds, starts, status } = await SOLVERS.highs.solve(model, {
      timeLimitSeconds: 20,
      warmStart: bestStart(model, pipeline),
    });
    expect(status).toBe("optimal");
    const { fits, stats } = evaluateSchedule(pipeline, scheduleOf(model, starts!));
    expect({ fits, seconds: stats.makespanSeconds }).toEqual({ fits: true, seconds: objectiveSeconds });
    expect(bound, JSON.stringify(pipeline)).toBeLessThanOrEqual(objectiveSeconds + 1e-9);
    if (bound > objectiveSeconds - 1e-9) tight++;
  }
  expect(tight).toBeGreaterThan(75);
}, 120_000);

describe("an exact schedule", () => {
  const hard = unitPipeline(8, 16, 8, 0.5);

  test("is sound, fits and lasts as long as is said; gradients and overheads included", async () => {
    const pipeline: Pipeline = {
      ...unitPipeline(2, 3, 1.5, 0.5),
      overheadSeconds: 0.25,
      gradients: [
        { reduceSeconds: 2, gatherSeconds: 1, overLinkToRank: 1 },
        { reduceSeconds: 1, gatherSeconds: 0 },
      ],
    };
    const { boundSeconds, makespanSeconds, schedule, status } = await exactSchedule(pipeline, {
      solver: "highs",
      backward: "split",
      timeLimitSeconds: 20,
    });
    expect(validateSchedule(schedule)).toEqual([]);
    const { fits, stats } = evaluateSchedule(pipeline, schedule);
    expect({ fits, seconds: stats.makespanSeconds }).toEqual({ fits: true, seconds: makespanSeconds });
    expect({ boundSeconds, status }).toEqual({ boundSeconds: makespanSeconds, status: "optimal" });
  });

  test("in times that are no multiples of anything: optimal only where bound and schedule meet", async () => {
    const odd = { ...unitPipeline(2, 2, 2, 0.1), forwardSeconds: [Math.PI, Math.E] };
    const { boundSeconds, makespanSeconds, status } = await exactSchedule(odd, {
      solver: "highs",
      timeLimitSeconds: 20,
    });
    expect(boundSeconds).toBeLessThanOrEqual(makespanSeconds);
    expect(boundSeconds).toBeGreaterThan(makespanSeconds * 0.9999);
    expect(status).toBe(makespanSeconds <= boundSeconds * (1 + 1e-9) ? "optimal" : "feasible");
  });

  test("where blocks have an overhead: the better of split and whole, and no bound that holds for one of them only", async () => {
    const pipeline = { ...unitPipeline(2, 4, 2, 0), overheadSeconds: 1 };
    const options = { solver: "highs", timeLimitSeconds: 20 } as const;
    const split = await exactSchedule(pipeline, { ...options, backward: "split" });
    expect(split).toMatchObject({ makespanSeconds: 26, boundSeconds: 26 });
    const progress: (readonly [number, number])[] = [];
    const onProgress = (incumbent: number, bound: number) => progress.push([incumbent, bound]);
    const answer = await exactSchedule(pipeline, { ...options, onProgress });
    const boundSeconds = lowerBoundSeconds(pipeline, { rankOfStage: [0, 1] });
    expect(boundSeconds).toBeLessThan(25);
    expect(answer).toMatchObject({ makespanSeconds: 25, boundSeconds, status: "feasible" });
    expect(progress).toEqual(progress.map(([incumbent]) => [incumbent, boundSeconds]));
    expect(progress.map(([incumbent]) => incumbent)).toEqual(
      progress.map(([incumbent]) => incumbent).toSorted((a, b) => b - a),
    );
  });

  test("20 random pipelines with overheads and odd times: no schedule is below the bound, none of one stage per rank better", async () => {
    const random = randomStream(3, "overheads");
    for (let instance = 0; instance < 20; instance++) {
      const even = randomPipeline(random, 3);
      const odd = [0.3333333, 1.0000009, 0.9999995].slice(0, even.ranks);
      const pipeline = {
        ...even,
        overheadSeconds: instance % 2 === 0 ? 0.3333334 : 0,
        ...(instance % 3 === 0 && { forwardSeconds: odd }),
      };
      const { boundSeconds, makespanSeconds } = await exactSchedule(pipeline, {
        solver: "highs",
        timeLimitSeconds: 4,
      });
      const { best } = compareSchedules(pipeline, ["1f1b", "gpipe", "zb-h1", "zb-h2", "crosspipe"]);
      const seconds = best?.evaluation.timed.makespanSeconds ?? Number.POSITIVE_INFINITY;
      expect(boundSeconds, JSON.stringify(pipeline)).toBeLessThanOrEqual(seconds * (1 + 1e-9));
      // A schedule that splits some backwards only is of neither form.
      if (pipeline.overheadSeconds === 0) expect(makespanSeconds).toBeLessThanOrEqual(seconds * (1 + 1e-6));
    }
  }, 120_000);

  test.each([
    [8, 0.3333333, 0.3333334],
    [4, 1, 1.0000009],
    [4, 1, 0.9999995],
  ])("%d micro-batches, times %d and %d: nearly alike is not alike", async (microbatches, one, other) => {
    const pipeline: Pipeline = {
      ...unitPipeline(2, microbatches, 2, 0),
      ...{ forwardSeconds: [one, one], inputGradSeconds: [other, other], weightGradSeconds: [one, one] },
    };
    const { boundSeconds, makespanSeconds } = await exactSchedule(pipeline, {
      solver: "highs",
      timeLimitSeconds: 20,
    });
    expect(boundSeconds).toBeLessThanOrEqual(makespanSeconds);
    expect(boundSeconds).toBeGreaterThan(makespanSeconds * 0.99999);
  });

  test("with a limit beyond what timers count, too", async () => {
    const pipeline = unitPipeline(2, 4, 2, 0.5);
    const model = exactModel(pipeline);
    const { status } = await SOLVERS.highs.solve(model, { timeLimitSeconds: 1e7 });
    expect(status).toBe("optimal");
  });

  test("aborted: the best to start from, and a bound", async () => {
    const signal = AbortSignal.abort();
    const answer = await exactSchedule(hard, { solver: "highs", timeLimitSeconds: 60, signal });
    expect(answer.status).toBe("feasible");
    expect(answer.boundSeconds).toBe(56);
    expect(answer.makespanSeconds).toBeLessThan(70);
    expect(validateSchedule(answer.schedule)).toEqual([]);
  });

  test("aborted while the solver is busy: at once, and the solver is there for the next", async () => {
    const controller = new AbortController();
    const abort = setTimeout(() => controller.abort(), 1500);
    const { status } = await exactSchedule(hard, {
      solver: "highs",
      timeLimitSeconds: 600,
      signal: controller.signal,
    });
    clearTimeout(abort);
    expect(status).toBe("feasible");
    const next = await exactSchedule(unitPipeline(2, 4, 2, 0.5), { solver: "highs", timeLimitSeconds: 20 });
    expect(next).toMatchObject({ makespanSeconds: 15, status: "optimal" });
  });

  test("of a pipeline without any: says what to do", async () => {
    await expect(exactSchedule(unitPipeline(2, 2, 0.5, 0), { timeLimitSeconds: 5 })).rejects.toMatchObject({
      details: { code: "no-schedule", hint: expect.stringContaining("more memory") },
    });
  });

  test("of a pipeline too large for any solver: says so at once, and what to do", async () => {
    await expect(exactSchedule(unitPipeline(8, 512, 8, 0), { timeLimitSeconds: 5 })).rejects.toMatchObject({
      details: { code: "no-schedule", hint: expect.stringContaining("fewer micro-batches") },
    });
    expect(exactRefusal(unitPipeline(2, 333, 2, 0))).toBeUndefined();
  });

  test("memory that is an activation but for rounding is one, as it is for generators", async () => {
    const answer = await exactSchedule(unitPipeline(2, 2, 1 - 1e-10, 0), { timeLimitSeconds: 20 });
    expect(answer).toMatchObject({ status: "optimal" });
  });
});

describe.skipIf(orToolsPresent)("without or-tools-wasm", () => {
  test("HiGHS is what solves unless something else is asked for", async () => {
    const answer = await exactSchedule(unitPipeline(2, 4, 2, 0.5), { timeLimitSeconds: 20 });
    expect(answer).toMatchObject({ makespanSeconds: 15, status: "optimal", solver: "highs" });
  });

  test("asking for it says how to install it", async () => {
    const asked = exactSchedule(unitPipeline(2, 4, 2, 0.5), { timeLimitSeconds: 20, solver: "or-tools" });
    await expect(asked).rejects.toMatchObject({
      details: {
        code: "solver-missing",
        hint: expect.stringContaining("npm install --no-save or-tools-wasm@"),
      },
    });
  });
});
