// When bace-plus starts a job, and when it waits: reservations for the overdue, and releases that are near.
// One region unless a test says otherwise, and stages of whole layers: t = 3 s/k + 1 ms, an iteration is (m+k−1)·t.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Job } from "../../src/cost/job.ts";
import type { PlusOptions } from "../../src/scheduler/plus/options.ts";
import type { Decision, View } from "../../src/scheduler/policy.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { idealOf } from "../../src/scheduler/target.ts";
import { simulate } from "../../src/simulator/engine.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { runningIn, viewOf } from "../support/views.ts";

const UNLINKED = () => 0;

const plus = (options: Partial<PlusOptions> = {}) => createPolicy("bace-plus", { "bace-plus": options });

/** What becomes of each job of the queue, by its id. */
function explained(view: View, options: Partial<PlusOptions> = {}): Record<string, Decision> {
  return Object.fromEntries(
    plus(options)
      .explain(view)
      .map((decision) => [decision.jobId, decision]),
  );
}

describe("no starvation", () => {
  const fleet = fleetOf([{ gpus: 8 }], UNLINKED);
  const gang = jobOf("gang", { submitSeconds: 60, iterations: 1, minGpus: 8, maxGpus: 8 });
  const gangSeconds = 71 * 0.376;
  const smallSeconds = 2 * 67 * 0.751;
  const small = (id: string, submitSeconds: number): Job =>
    jobOf(id, { submitSeconds, iterations: 2, minGpus: 4, maxGpus: 4 });
  /** One every 50 s, each with half of the GPUs for 100.6 s: there is never a moment without one. */
  const stream = Array.from({ length: 60 }, (_, i) => small(`small-${i}`, 50 * i));

  const waitSeconds = (options: Partial<PlusOptions>) => {
    const jobs = [gang, ...stream];
    const { jobs: results } = simulate({ fleet, jobs, policy: plus(options), timeModel: "1f1b" });
    expect(results.every(({ outcome }) => outcome === "finished")).toBe(true);
    return results[0]!.waitSeconds!;
  };

  it("a gang that a stream of small jobs keeps out starts within the bound", () => {
    const before = stream.filter(({ submitSeconds }) => submitSeconds < gang.submitSeconds).length;
    for (const patience of [5, 20]) {
      const wait = waitSeconds({ patience });
      expect(wait).toBeGreaterThan(patience * gangSeconds); // until then nothing is done for it
      expect(wait).toBeLessThan(patience * gangSeconds + (1 + before) * smallSeconds);
    }
  });

  it("without patience it waits until the stream ends", () => {
    expect(waitSeconds({ patience: 0 })).toBeGreaterThan(50 * stream.length - 2 * smallSeconds);
  });

  it("while it has a reservation, others start only if they end before", () => {
    // Half of the GPUs are free now, all of them in 150 s.
    const nowSeconds = gang.submitSeconds + 20 * gangSeconds + 1;
    const running = [runningIn(0, 4, nowSeconds + 150)];
    const queue = [gang, small("short", 500), { ...small("long", 500), iterations: 3 }];
    const overdue = explained(viewOf(fleet, queue, { nowSeconds, running }));
    expect(overdue.gang).toMatchObject({ kind: "wait", why: { position: 1 } });
    expect(overdue.short!.kind).toBe("start");
    const alone = [gang, queue[2]!];
    const held = explained(viewOf(fleet, alone, { nowSeconds, running }));
    expect(held.long).toMatchObject({ kind: "wait", why: { reservedFor: "gang" } });
    const notYet = explained(viewOf(fleet, alone, { nowSeconds: nowSeconds - 2, running }));
    expect(notYet.long!.kind).toBe("start");
  });

  it("nobody waits longer than patience, and then once the longest run for itself and each one before it", () => {
    // Two linked regions. Jobs of three to five GPUs keep coming, so that all eight are hardly ever free together.
    const linked = fleetOf([{ gpus: 5 }, { gpus: 3 }], () => 20);
    const job = (gpus: fc.Arbitrary<number>, gapSeconds: fc.Arbitrary<number>) =>
      fc.record({ gpus, gapSeconds, iterations: fc.integer({ min: 1, max: 2 }) });
    const gangs = fc.array(job(fc.constant(8), fc.integer({ min: 1, max: 9 })), {
      minLength: 1,
      maxLength: 3,
    });
    const others = fc.array(job(fc.integer({ min: 3, max: 5 }), fc.integer({ min: 1, max: 30 })), {
      minLength: 40,
      maxLength: 60,
    });
    const workload = fc.tuple(gangs, others).map(([first, [zero, ...rest]]) => {
      let submitSeconds = 0;
      return [zero!, ...first, ...rest].map(({ gapSeconds, gpus, iterations }, i) => {
        submitSeconds += gapSeconds;
        return jobOf(`j${i}`, { submitSeconds, iterations, minGpus: gpus, maxGpus: gpus });
      });
    });
    const patience = 1;
    /** The longest wait as a share of the bound for that patience. */
    const worst = (jobs: readonly Job[], options: Partial<PlusOptions>) => {
      const { jobs: results } = simulate({ fleet: linked, jobs, policy: plus(options), timeModel: "1f1b" });
      const longest = Math.max(...results.map(({ endSeconds, startSeconds }) => endSeconds! - startSeconds!));
      const shares = results.map(({ waitSeconds: wait }, before) => {
        const asked = jobs[before]!;
        const ideal = asked.iterations * idealOf(asked, linked).bestSeconds;
        return wait! / (patience * ideal + (1 + before) * longest);
      });
      return Math.max(...shares);
    };
    let starved = 0;
    fc.assert(
      fc.property(workload, (jobs) => {
        expect(worst(jobs, { patience })).toBeLessThanOrEqual(1);
        if (worst(jobs, { patience: 0 }) > 1) starved++;
      }),
      { numRuns: 50 },
    );
    expect(starved).toBeGreaterThan(25); // without patience the bound is broken
  });
});

describe("the wait test", () => {
  // On the four GPUs that are free: 100 × 67 × 0.751 s = 5032 s. On all sixteen: 100 × 79 × 0.1885 s = 1489 s.
  const fleet = fleetOf([{ gpus: 16 }], UNLINKED);
  const job = jobOf("a", { iterations: 100, maxGpus: 16 });
  const crumbs = (releaseSeconds: number, of: Job = job) =>
    viewOf(fleet, [of], { running: [runningIn(0, 12, releaseSeconds)] });

  it("does not start on crumbs if a near release finishes the job sooner", () => {
    const release = 5032 / 1.02 - 1489 - 10;
    const { a } = explained(crumbs(release));
    expect(a).toMatchObject({ kind: "wait", why: { postponed: { kind: "faster", untilSeconds: release } } });
    expect(plus().decide(crumbs(release)).reconsiderAtSeconds).toBe(release);
  });

  it("starts on what there is if the release is too far", () => {
    const { a } = explained(crumbs(5032 / 1.02 - 1489 + 10));
    expect(a).toMatchObject({ kind: "start", placement: { gpus: [4] } });
    expect(plus().decide(crumbs(5000)).reconsiderAtSeconds).toBeUndefined();
  });

  it("starts on what there is if it is told not to wait, if it is overdue, or if more GPUs are no use", () => {
    expect(explained(crumbs(60), { waitGain: 0 }).a!.kind).toBe("start");
    const overdue = { ...job, submitSeconds: -20.1 * 1489 };
    expect(explained(crumbs(60, overdue)).a!.kind).toBe("start");
    expect(explained(crumbs(60, { ...job, maxGpus: 4 })).a!.kind).toBe("start");
  });

  it("finishes sooner for it", () => {
    const first = jobOf("first", { iterations: 10, minGpus: 12, maxGpus: 12, layers: 60 });
    const finish = (options: Partial<PlusOptions>) => {
      const jobs = [first, { ...job, submitSeconds: 1 }];
      return simulate({ fleet, jobs, policy: plus(options), timeModel: "1f1b" }).jobs[1]!.endSeconds!;
    };
    expect(finish({ waitGain: 0 })).toBeCloseTo(1 + 5031.7, 1);
    expect(finish({})).toBeCloseTo(10 * 75 * 0.251 + 1489.15, 1);
  });

  it("does not wait for GPUs that it cannot reach from those that it has", () => {
    // Eight GPUs here, and eight there that are about to be free; sixteen would take half as long.
    const halves = (gbps: number) =>
      viewOf(
        fleetOf([{ gpus: 8 }, { gpus: 8 }], () => gbps),
        [jobOf("a", { iterations: 100, maxGpus: 16 })],
        { running: [runningIn(1, 8, 60)] },
      );
    expect(explained(halves(0)).a!.kind).toBe("start");
    expect(explained(halves(50)).a).toMatchObject({ why: { postponed: { kind: "faster" } } });
  });
});
