/** Schedules have closed forms: the generators and the timing pass together must meet them exactly. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compileSchedule,
  type GeneratorName,
  generators,
  iterationSeconds,
  scheduleStats,
  timeSchedule,
} from "../../src/pipeline/index.ts";
import { blockSeconds, quarterSeconds, timings, uniformTiming } from "./support/arbitraries.ts";

const size = fc.integer({ min: 1, max: 9 });
const blocks = { forward: blockSeconds, backward: blockSeconds };

/** One cut after stage c of p stages, w = p-1-c stages behind it, and a number of micro-batches. */
const cutPipelines = fc.integer({ min: 2, max: 9 }).chain((stages) =>
  fc.record({
    ...blocks,
    stages: fc.constant(stages),
    cutAfter: fc.integer({ min: 0, max: stages - 2 }),
    microbatches: fc.integer({ min: 1, max: 24 }),
    latencySeconds: quarterSeconds,
  }),
);

const oneFOneBClosedForm = (p: number, m: number, w: number, C: number, alpha: number) =>
  (m + p - 1) * C + alpha * (2 * Math.floor((m - w) / 2) + 2);

function statsOf(generator: GeneratorName, stages: number, microbatches: number) {
  const schedule = generators[generator].build({ ranks: stages, microbatches });
  return scheduleStats(
    timeSchedule(compileSchedule(schedule), uniformTiming({ stages, forward: 1, backward: 2 })),
  );
}

describe("without delay", () => {
  test.each(["1f1b", "gpipe"] as const)("%s takes (m + p - 1)(F + B)", (generator) => {
    fc.assert(
      fc.property(
        size,
        fc.integer({ min: 1, max: 24 }),
        blockSeconds,
        blockSeconds,
        (p, m, forward, backward) => {
          const timing = uniformTiming({ stages: p, forward, backward });
          expect(iterationSeconds(generator, m, timing)).toBe((m + p - 1) * (forward + backward));
        },
      ),
    );
  });

  test("the bubble of both is (p - 1) / (m + p - 1), under makespan and span alike", () => {
    fc.assert(
      fc.property(fc.constantFrom("1f1b", "gpipe"), size, size, (generator, p, m) => {
        const stats = statsOf(generator, p, m);
        expect(stats.bubbleRatio).toBeCloseTo((p - 1) / (m + p - 1), 12);
        expect(stats.spanBubbleRatio).toBe(stats.bubbleRatio);
      }),
    );
  });

  test("stage s of 1F1B holds min(m, p - s) activations, GPipe m", () => {
    fc.assert(
      fc.property(size, size, (p, m) => {
        const stages = Array.from({ length: p }, (_, stage) => stage);
        expect(statsOf("1f1b", p, m).peakActivationsOfStage).toEqual(stages.map((s) => Math.min(m, p - s)));
        expect(statsOf("gpipe", p, m).peakActivationsOfStage).toEqual(stages.map(() => m));
      }),
    );
  });
});

describe("one cut with latency and no occupancy", () => {
  test("1F1B pays the latency about once per micro-batch: (m + p - 1)C + alpha(2 floor((m - w) / 2) + 2)", () => {
    fc.assert(
      fc.property(cutPipelines, (pipeline) => {
        const { stages, microbatches, cutAfter, forward, backward, latencySeconds } = pipeline;
        const w = stages - 1 - cutAfter;
        fc.pre(microbatches >= w + 1);
        const seconds = oneFOneBClosedForm(stages, microbatches, w, forward + backward, latencySeconds);
        expect(iterationSeconds("1f1b", microbatches, uniformTiming(pipeline))).toBe(seconds);
      }),
      { numRuns: 1000 },
    );
  });

  test("GPipe pays it twice per iteration: (m + p - 1)C + 2 alpha", () => {
    fc.assert(
      fc.property(cutPipelines, (pipeline) => {
        const { stages, microbatches, forward, backward, latencySeconds } = pipeline;
        const seconds = (microbatches + stages - 1) * (forward + backward) + 2 * latencySeconds;
        expect(iterationSeconds("gpipe", microbatches, uniformTiming(pipeline))).toBe(seconds);
      }),
    );
  });

  test.each([
    [0, 33],
    [0.5, 37],
    [1, 41],
    [2, 49],
    [4, 65],
  ])(
    "reference table, p = 4, m = 8, F = I = W = 1, cut in the middle: latency %d takes %d",
    (latencySeconds, seconds) => {
      const timing = uniformTiming({ stages: 4, forward: 1, backward: 2, cutAfter: 1, latencySeconds });
      expect(iterationSeconds("1f1b", 8, timing)).toBe(seconds);
    },
  );
});

describe("unequal stages and links", () => {
  const pairs = size.chain((stages) =>
    fc.record({
      microbatches: size,
      timing: timings(stages, stages, quarterSeconds),
      worse: timings(stages, stages, quarterSeconds),
    }),
  );

  test.each(["1f1b", "gpipe"] as const)(
    "%s never gets shorter where blocks or links get slower",
    (generator) => {
      const add = (a: readonly number[], b: readonly number[]) =>
        a.map((seconds, index) => seconds + b[index]!);
      fc.assert(
        fc.property(pairs, ({ microbatches, timing, worse }) => {
          const slower = {
            forwardSeconds: add(timing.forwardSeconds, worse.forwardSeconds),
            inputGradSeconds: add(timing.inputGradSeconds, worse.inputGradSeconds),
            weightGradSeconds: add(timing.weightGradSeconds, worse.weightGradSeconds),
            overheadSeconds: timing.overheadSeconds + worse.overheadSeconds,
            links: timing.links.map((link, index) => ({
              ...link,
              latencySeconds: link.latencySeconds + worse.links[index]!.latencySeconds,
              occupancySeconds: link.occupancySeconds + worse.links[index]!.occupancySeconds,
            })),
          };
          const before = iterationSeconds(generator, microbatches, timing);
          expect(iterationSeconds(generator, microbatches, slower)).toBeGreaterThanOrEqual(before);
        }),
      );
    },
  );
});
