// The line in which a round tries jobs: lazily sorted, and where it ends.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Job } from "../../src/cost/job.ts";
import { bySubmission, lineUp, placesIn } from "../../src/scheduler/order.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { runningIn, viewOf } from "../support/views.ts";

const rank = ({ iterations }: Job) => iterations;
const queues = fc
  .array(
    fc.record({ iterations: fc.integer({ min: 1, max: 5 }), submitSeconds: fc.integer({ min: 0, max: 3 }) }),
  )
  .map((jobs) => jobs.map((fields, i) => jobOf(`j${i}`, fields)));
const sorted = (jobs: readonly Job[]) => [...jobs].sort((a, b) => rank(a) - rank(b) || bySubmission(a, b));

describe("a line of jobs", () => {
  it("comes out by rank, equals by submission and then by name", () => {
    fc.assert(
      fc.property(queues, (jobs) => {
        const line = lineUp(jobs, { rank });
        expect(Array.from(jobs, () => line.next())).toEqual(sorted(jobs));
        expect(line.next()).toBeUndefined();
      }),
    );
  });

  it("has the others left whenever somebody asks", () => {
    fc.assert(
      fc.property(queues, fc.nat(10), (jobs, taken) => {
        const line = lineUp(jobs, { rank });
        for (let i = 0; i < taken; i++) line.next();
        expect(sorted(line.rest())).toEqual(sorted(jobs).slice(taken));
      }),
    );
  });

  it("gives everybody the place that sorting would", () => {
    fc.assert(
      fc.property(queues, (jobs) => {
        const place = placesIn(jobs, { rank });
        expect(sorted(jobs).map(place)).toEqual(jobs.map((_, i) => i + 1));
      }),
    );
  });
});

describe("depth", () => {
  // Four GPUs are free, twelve more in a minute: on them each of the large jobs ends sooner, so all of them wait.
  const fleet = fleetOf([{ gpus: 16 }], () => 0);
  const large = [1, 2, 3].map((i) => jobOf(`large-${i}`, { iterations: 100, submitSeconds: i, maxGpus: 16 }));
  const longer = jobOf("longer", { iterations: 2000, maxGpus: 4 });
  const view = viewOf(fleet, [...large, longer], { nowSeconds: 4, running: [runningIn(0, 12, 64)] });
  const plus = (depth: number) => createPolicy("bace-plus", { "bace-plus": { depth } });

  it("is how many jobs a round looks at in vain, before it leaves the rest to the next one", () => {
    expect(plus(4).decide(view).decisions).toMatchObject([{ kind: "start", jobId: "longer" }]);
    expect(plus(3).decide(view).decisions).toEqual([]);
  });

  it("is said of those that it keeps waiting", () => {
    const told = plus(3).explain(view);
    expect(told.at(-1)).toMatchObject({ kind: "wait", jobId: "longer", why: { depth: 3 } });
    expect(told.slice(0, 3)).toMatchObject(large.map(({ id }) => ({ jobId: id, kind: "wait" })));
    expect(told.some(({ why }) => why.postponed === undefined && why.depth === undefined)).toBe(false);
  });
});
