// The simulator against cases worked out by hand, and its determinism.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPolicy, POLICIES, type PolicyName } from "../../src/scheduler/registry.ts";
import { simulate } from "../../src/simulator/engine.ts";
import { createEventHeap } from "../../src/simulator/heap.ts";
import { randomStream } from "../../src/simulator/random.ts";
import { fleetOf, fleets, jobOf, workloads } from "../support/fleets.ts";

const run = (
  policy: string,
  fleet: Parameters<typeof simulate>[0]["fleet"],
  jobs: ReturnType<typeof jobOf>[],
) => simulate({ fleet, jobs, policy: createPolicy(policy as PolicyName), timeModel: "overlapped" });

describe("simulate", () => {
  it("times, waits and pays as worked out by hand: two jobs for the one region, one after the other", () => {
    const fleet = fleetOf([{ gpus: 4, price: 0.2 }], () => 0);
    const job = { minGpus: 4, maxGpus: 4, overheadSeconds: 0, microbatches: 5, iterations: 10 };
    const result = run("lcf", fleet, [jobOf("a", job), jobOf("b", { ...job, submitSeconds: 10 })]);
    // t = 3 s / 4; an iteration (5 + 4 − 1)·0.75 = 6 s; a job 60 s.
    expect(result.jobs.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds])).toEqual([
      [0, 60],
      [60, 120],
    ]);
    expect(result).toMatchObject({
      averageJctSeconds: 85,
      p95JctSeconds: 110,
      averageWaitSeconds: 25,
      maxWaitSeconds: 50,
    });
    expect(result).toMatchObject({ makespanSeconds: 120, gpuUtilization: 1, linkUtilization: 0 });
    expect(result.electricityUsd).toBeCloseTo((120 * 4 * 300 * 0.2) / 3.6e6, 12);
  });

  it("lets what ends at an instant free its GPUs for what is submitted at that instant", () => {
    const fleet = fleetOf([{ gpus: 4 }], () => 0);
    const job = { minGpus: 4, maxGpus: 4, overheadSeconds: 0, microbatches: 5, iterations: 10 };
    const { jobs } = run("lcf", fleet, [jobOf("a", job), jobOf("b", { ...job, submitSeconds: 60 })]);
    expect(jobs[1]!.waitSeconds).toBe(0);
  });

  it("pools regions for a job that none has the GPUs for, and says infeasible where a policy cannot", () => {
    const fleet = fleetOf([{ gpus: 4 }, { gpus: 4 }], () => 10);
    const job = jobOf("a", { minGpus: 8, maxGpus: 8 });
    expect(run("bace", fleet, [job]).jobs[0]!.placement).toEqual([
      { region: "r0", gpus: 4 },
      { region: "r1", gpus: 4 },
    ]);
    expect(run("ldf", fleet, [job]).jobs[0]!.outcome).toBe("infeasible");
  });

  it("gives the same bytes for the same input", () => {
    fc.assert(
      fc.property(fleets, workloads, fc.constantFrom(...Object.keys(POLICIES)), (fleet, jobs, policy) => {
        expect(JSON.stringify(run(policy, fleet, jobs))).toBe(JSON.stringify(run(policy, fleet, jobs)));
      }),
      { numRuns: 100 },
    );
  });
});

describe("the event heap", () => {
  it("gives events in order of time, ties in order of insertion", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (times) => {
        const heap = createEventHeap<number>();
        for (const [order, time] of times.entries()) heap.push(time, order);
        const sorted = times
          .map((time, order) => ({ time, order }))
          .sort((a, b) => a.time - b.time || a.order - b.order);
        for (const { time, order } of sorted) {
          expect(heap.nextSeconds()).toBe(time);
          expect(heap.pop()).toBe(order);
        }
        expect(heap.nextSeconds()).toBeUndefined();
      }),
    );
  });
});

describe("random streams", () => {
  it("are told apart by seed and by name, and are uniform", () => {
    const take = (seed: number, name: string) => Array.from({ length: 8 }, randomStream(seed, name));
    expect(take(1, "arrivals")).toEqual(take(1, "arrivals"));
    expect(take(1, "arrivals")).not.toEqual(take(2, "arrivals"));
    expect(take(1, "arrivals")).not.toEqual(take(1, "lengths"));
    const draws = Array.from({ length: 100_000 }, randomStream(7, "uniform"));
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThan(1);
  });
});
