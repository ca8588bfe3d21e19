// The search of bace-plus: the beam against the exact search, and that nothing but the view decides.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openLedger, placedGpus, reserve } from "../../src/fleet/ledger.ts";
import type { Decision } from "../../src/scheduler/policy.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { fleetOf, fleets, jobOf, workloads } from "../support/fleets.ts";
import { runningIn, viewOf } from "../support/views.ts";

describe("the beam, which takes over beyond exactRegions", () => {
  it("places a job validly, and never better than the exact search does", () => {
    const regions = fc.array(
      fc.record({
        gpus: fc.integer({ min: 0, max: 12 }),
        price: fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      }),
      { minLength: 2, maxLength: 7 },
    );
    const speeds = fc.array(fc.constantFrom(0, 0.5, 3, 20), { minLength: 49, maxLength: 49 });
    const jobs = fc.tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 0, max: 48 }));
    let crossing = 0;
    fc.assert(
      fc.property(regions, speeds, jobs, (sketches, gbps, [minGpus, more]) => {
        const fleet = fleetOf(sketches, (a, b) => gbps[7 * a + b]!);
        const job = jobOf("a", { minGpus, maxGpus: Math.min(64, minGpus + more) });
        // Communication hides behind computation: the formula that ranks is then the time that is judged.
        const view = viewOf(fleet, [job], { timeModel: "overlapped" });
        const [exact] = createPolicy("bace-plus").explain(view);
        const [beam] = createPolicy("bace-plus", { "bace-plus": { exactRegions: 1 } }).explain(view);
        if (beam!.kind !== "start") return;
        const { placement } = beam!;
        reserve(openLedger(fleet), placement); // throws if it is not there
        expect(placedGpus(placement)).toBeGreaterThanOrEqual(job.minGpus);
        expect(placedGpus(placement)).toBeLessThanOrEqual(job.maxGpus);
        if (placement.regions.length > 1) crossing++;
        expect(exact!.kind).toBe("start");
        const score = ({ why }: Decision) =>
          why.candidates.find(({ outcome }) => outcome === "chosen")!.score!;
        // The ranking adds a thousandth per hop, so that the fewer of nearly equal paths is taken.
        expect(score(exact!)).toBeLessThanOrEqual(1.006 * score(beam!));
      }),
      { numRuns: 300 },
    );
    expect(crossing).toBeGreaterThan(50); // the property was not vacuous
  });

  it("starts a job that needs nearly all that a link has", () => {
    // 16 stages: 2 × 21 MB per 0.14 s are 2.7 Gbit/s.
    const fleet = fleetOf([{ gpus: 8 }, { gpus: 8 }], () => 3);
    const view = viewOf(fleet, [jobOf("a", { minGpus: 16, maxGpus: 16 })], { timeModel: "overlapped" });
    const [decision] = createPolicy("bace-plus", { "bace-plus": { exactRegions: 1 } }).explain(view);
    expect(decision!.kind).toBe("start");
  });

  it("finds the six neighbours of a row of fourteen regions that have the GPUs", () => {
    const sizes = [1, 1, 1, 1, 4, 4, 4, 4, 4, 4, 1, 1, 1, 1];
    const fleet = fleetOf(
      sizes.map((gpus) => ({ gpus })),
      (a, b) => (b === a + 1 ? 50 : 0),
    );
    const view = viewOf(fleet, [jobOf("a", { minGpus: 24, maxGpus: 24 })]);
    const [decision] = createPolicy("bace-plus").decide(view).decisions;
    const placement = { regions: [4, 5, 6, 7, 8, 9], gpus: [4, 4, 4, 4, 4, 4] };
    expect(decision).toMatchObject({ kind: "start", placement });
  });
});

describe("the same view", () => {
  it("starts the first by name of two equal jobs where there is room for one", () => {
    const [a, b] = ["a", "b"].map((id) => jobOf(id, { minGpus: 4, maxGpus: 4 }));
    for (const queue of [
      [a!, b!],
      [b!, a!],
    ]) {
      const { decisions } = createPolicy("bace-plus").decide(
        viewOf(
          fleetOf([{ gpus: 7 }], () => 0),
          queue,
        ),
      );
      expect(decisions).toMatchObject([{ kind: "start", jobId: "a" }]);
    }
  });

  it("gives the same place in the line, whatever was asked before", () => {
    const queue = [jobOf("b", { minGpus: 6, maxGpus: 6 }), jobOf("c", { minGpus: 1, maxGpus: 1 })];
    const view = viewOf(
      fleetOf([{ gpus: 9 }], () => 0),
      queue,
      { running: [runningIn(0, 4, 500)] },
    );
    const policy = createPolicy("bace-plus");
    const [first, second] = [policy.decide(view), policy.decide(view)];
    expect(first.decisions).toMatchObject([{ jobId: "c", why: { position: 2 } }]);
    expect(second).toEqual(first);
  });

  const queues = workloads.chain((jobs) =>
    fc.tuple(fc.constant(jobs), fc.shuffledSubarray(jobs, { minLength: jobs.length })),
  );
  const nows = fc.integer({ min: 0, max: 100_000 });

  it("gives the same decisions and explanations, however the queue is stored", () => {
    let starts = 0;
    fc.assert(
      fc.property(fleets, queues, nows, (fleet, [jobs, shuffled], nowSeconds) => {
        const policy = createPolicy("bace-plus");
        const half = Math.floor(fleet.regions[0]!.gpus / 2);
        const running = half > 0 ? [runningIn(0, half, nowSeconds + 500)] : [];
        const [view, stored] = [jobs, shuffled].map((queue) => viewOf(fleet, queue, { nowSeconds, running }));
        const told = (decisions: readonly Decision[]) =>
          decisions.flatMap((each) => {
            if (each.kind === "wait") return [];
            if (each.kind === "start") starts++;
            return [[each.jobId, each.kind, each.kind === "start" ? each.placement : undefined]];
          });
        const round = policy.decide(view!);
        for (const again of [policy.decide(view!), createPolicy("bace-plus").decide(stored!)]) {
          expect(told(again.decisions)).toEqual(told(round.decisions));
          expect(again.reconsiderAtSeconds).toBe(round.reconsiderAtSeconds);
        }
        const explained = policy.explain(view!);
        expect(told(explained)).toEqual(told(round.decisions));
        expect(policy.explain(stored!)).toEqual(explained);
      }),
      { numRuns: 200 },
    );
    expect(starts).toBeGreaterThan(200); // the property was not vacuous
  });
});
