// The lower bound on average JCT: valid against exhaustive search and against every policy, tight where it should be.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { averageJctBoundOf, averageJctLowerBound, type Choices } from "../../../src/scheduler/bound/index.ts";
import { createPolicy, POLICIES, type PolicyName } from "../../../src/scheduler/registry.ts";
import { simulate } from "../../../src/simulator/engine.ts";
import { fleets, workloads } from "../../support/fleets.ts";

const tiny: fc.Arbitrary<Choices[]> = fc.array(
  fc.record({
    submitSeconds: fc.integer({ min: 0, max: 6 }),
    choices: fc.array(
      fc.record({ gpus: fc.integer({ min: 1, max: 4 }), seconds: fc.integer({ min: 1, max: 9 }) }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

describe("the lower bound", () => {
  it("is never above the best of all schedules, and never below every job alone", () => {
    let gain = 0;
    fc.assert(
      fc.property(tiny, (jobs) => {
        const { seconds, trivialSeconds } = averageJctLowerBound(jobs, 4);
        expect(seconds).toBeLessThanOrEqual(bestAverage(jobs, 4) + 1e-9);
        expect(seconds).toBeGreaterThanOrEqual(trivialSeconds - 1e-9);
        if (seconds > trivialSeconds + 1e-9) gain++;
      }),
      { numRuns: 1500 },
    );
    expect(gain).toBeGreaterThan(100); // it says something
  });

  it("is exact for a job alone and for jobs that do not meet", () => {
    const choices = [
      { gpus: 1, seconds: 9 },
      { gpus: 4, seconds: 3 },
    ];
    expect(averageJctLowerBound([{ submitSeconds: 5, choices }], 4).seconds).toBeCloseTo(3, 9);
    const apart = [0, 100, 200].map((submitSeconds) => ({ submitSeconds, choices }));
    expect(averageJctLowerBound(apart, 4).seconds).toBeCloseTo(3, 9);
  });

  it("is exact for jobs that each need the whole fleet", () => {
    const jobs = [1, 2, 3].map((seconds) => ({ submitSeconds: 0, choices: [{ gpus: 4, seconds }] }));
    expect(averageJctLowerBound(jobs, 4).seconds).toBeCloseTo((1 + 3 + 6) / 3, 9);
  });

  it("is below what any policy achieves", () => {
    fc.assert(
      fc.property(
        fleets,
        workloads,
        fc.constantFrom(...(Object.keys(POLICIES) as PolicyName[])),
        (fleet, jobs, name) => {
          const result = simulate({ fleet, jobs, policy: createPolicy(name), timeModel: "overlapped" });
          if (result.finishedJobs < jobs.length) return;
          expect(averageJctBoundOf(jobs, fleet).seconds).toBeLessThanOrEqual(
            result.averageJctSeconds! * (1 + 1e-9),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Every order and choice, each job as early as it can after those before it: one of them is optimal. */
function bestAverage(jobs: readonly Choices[], gpus: number): number {
  const visit = (left: readonly number[], placed: readonly Run[], total: number): number => {
    if (left.length === 0) return total;
    return Math.min(
      ...left.flatMap((job) =>
        jobs[job]!.choices.map((choice) => {
          const start = earliest(jobs[job]!.submitSeconds, choice, placed, gpus);
          const run = { start, end: start + choice.seconds, gpus: choice.gpus };
          const flow = run.end - jobs[job]!.submitSeconds;
          return visit(
            left.filter((other) => other !== job),
            [...placed, run],
            total + flow,
          );
        }),
      ),
    );
  };
  return visit([...jobs.keys()], [], 0) / jobs.length;
}

interface Run {
  readonly start: number;
  readonly end: number;
  readonly gpus: number;
}

function earliest(
  from: number,
  choice: { readonly gpus: number; readonly seconds: number },
  placed: readonly Run[],
  gpus: number,
): number {
  const starts = [from, ...placed.map(({ end }) => end).filter((end) => end > from)].sort((a, b) => a - b);
  const usedAt = (at: number) =>
    placed.filter(({ end, start }) => start <= at && at < end).reduce((sum, run) => sum + run.gpus, 0);
  return starts.find((start) => {
    const instants = [start, ...placed.map((run) => run.start)].filter(
      (at) => at >= start && at < start + choice.seconds,
    );
    return instants.every((at) => usedAt(at) + choice.gpus <= gpus);
  })!;
}
