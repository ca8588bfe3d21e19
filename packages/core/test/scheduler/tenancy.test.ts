// Tenants and classes: whose turn it is, how much they may have, who gives way to whom, and why a job waits.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dryRun } from "../../src/control/decide.ts";
import type { Fact } from "../../src/control/event.ts";
import { lostGpuSeconds, PREEMPTION_PAUSE_SECONDS } from "../../src/control/preempt.ts";
import { toSnapshot } from "../../src/control/state.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import { placedGpus } from "../../src/fleet/ledger.ts";
import type { PriorityClass, Tenant } from "../../src/fleet/tenancy.ts";
import { createPolicy, POLICIES, type PolicyName } from "../../src/scheduler/registry.ts";
import { simulate } from "../../src/simulator/engine.ts";
import { fleetOf, fleets, jobOf, workloads } from "../support/fleets.ts";
import { type Plane, planeOf, replayed } from "../support/operations.ts";

const CLASSES: readonly PriorityClass[] = [
  { name: "urgent", value: 10, preemptible: false, mayPreempt: true },
  { name: "batch", value: -10, preemptible: true, mayPreempt: false },
];
const fleetWith = (
  tenants: readonly Tenant[] | undefined,
  classes: readonly PriorityClass[] = [],
  gpus: readonly number[] = [4],
): Fleet => ({
  ...fleetOf(
    gpus.map((count) => ({ gpus: count, price: 0.1 })),
    () => 5,
  ),
  ...(tenants ? { tenants } : {}),
  ...(classes.length > 0 ? { priorityClasses: classes } : {}),
});
const submitted = (id: string, gpus: number, fields = {}): Fact => ({
  kind: "submitted",
  job: jobOf(id, { minGpus: gpus, maxGpus: gpus, layers: gpus, iterations: 1e5, ...fields }),
});
const job = (plane: Plane, id: string) => plane.state().jobs.get(id)!;
const active = (plane: Plane) => [...plane.state().active].sort();
const whyOf = (plane: Plane, id: string, policy: PolicyName = "bace-plus") =>
  dryRun(plane.state(), plane.state().nowSeconds, { policy: createPolicy(policy), timeModel: "1f1b" }).find(
    ({ jobId }) => jobId === id,
  )!;

describe.each<PolicyName>(["bace", "bace-plus", "fcfs"])("%s with tenants", (name) => {
  const policy = () => createPolicy(name);

  it("gives tenants turns: one that sent its whole queue first has not sent it before the others'", () => {
    const plane = planeOf(policy());
    const tenants = ["a", "b"].map((tenant) => ({ name: tenant, weight: 1 }));
    plane.at(0, ...["a1", "a2", "a3", "a4"].map((id) => submitted(id, 1, { tenant: "a" })));
    plane.at(1, ...["b1", "b2"].map((id) => submitted(id, 1, { tenant: "b", submitSeconds: 1 })));
    plane.at(2, { kind: "fleet-loaded", fleet: fleetWith(tenants) });
    expect(active(plane)).toEqual(["a1", "a2", "b1", "b2"]);
  });

  it("gives twice the turns for twice the weight", () => {
    const plane = planeOf(policy());
    const tenants = [
      { name: "a", weight: 1 },
      { name: "b", weight: 2 },
    ];
    plane.at(
      0,
      { kind: "fleet-loaded", fleet: fleetWith(tenants, [], [6]) },
      { kind: "region-cordoned", region: "r0" },
    );
    for (let i = 1; i <= 6; i++)
      plane.at(i, submitted(`a${i}`, 1, { tenant: "a" }), submitted(`b${i}`, 1, { tenant: "b" }));
    plane.at(10, { kind: "region-uncordoned", region: "r0" });
    expect(active(plane)).toEqual(["a1", "a2", "b1", "b2", "b3", "b4"]);
  });

  it("remembers who has used how much", () => {
    const plane = planeOf(policy());
    const tenants = ["a", "b"].map((tenant) => ({ name: tenant, weight: 1 }));
    plane.at(0, { kind: "fleet-loaded", fleet: fleetWith(tenants) }, submitted("a1", 4, { tenant: "a" }));
    plane.start("a1");
    plane.at(100, submitted("a2", 4, { tenant: "a", submitSeconds: 100 }));
    plane.at(5000, submitted("b1", 4, { tenant: "b", submitSeconds: 5000 }));
    plane.end("a1");
    expect(active(plane)).toEqual(["b1"]);
    const { precedence } = whyOf(plane, "a2", name).why;
    expect(precedence).toMatchObject({ tenant: "a", priorityClass: null });
    expect(precedence!.weightedGpuSeconds).toBeGreaterThan(4 * 4900);
  });

  it("keeps a tenant within its GPUs, and says which quota keeps a job waiting", () => {
    const plane = planeOf(policy());
    const tenants = [{ name: "a", gpuQuota: 3, weight: 1 }];
    plane.at(0, ...["a1", "a2", "a3"].map((id) => submitted(id, 2, { tenant: "a" })));
    plane.at(1, { kind: "fleet-loaded", fleet: fleetWith(tenants, [], [4, 4]) });
    expect(active(plane)).toHaveLength(1);
    const waiting = ["a1", "a2", "a3"].filter((id) => job(plane, id).phase === "queued");
    expect(waiting).toHaveLength(2);
    const { kind, why } = whyOf(plane, waiting[0]!, name);
    expect(kind).toBe("wait");
    expect(why.overQuota).toEqual({ kind: "gpus", tenant: "a", quota: 3, held: 2, needed: 2 });
  });

  it("starts a job with fewer GPUs where a quota leaves no more", () => {
    const plane = planeOf(policy());
    const tenants = [{ name: "a", gpuQuota: 3, weight: 1 }];
    const wide = submitted("a1", 8, { tenant: "a", minGpus: 1, layers: 8 });
    plane.at(0, { kind: "fleet-loaded", fleet: fleetWith(tenants, [], [8]) }, wide);
    expect(placedGpus(job(plane, "a1").epoch!.placement)).toBeLessThanOrEqual(3);
  });

  it("lets others pass who are within theirs", () => {
    const plane = planeOf(policy());
    const tenants = [
      { name: "a", gpuQuota: 0, weight: 1 },
      { name: "b", weight: 1 },
    ];
    plane.at(0, submitted("a1", 2, { tenant: "a" }), submitted("b1", 2, { tenant: "b", submitSeconds: 1 }));
    plane.at(1, { kind: "fleet-loaded", fleet: fleetWith(tenants) });
    expect(active(plane)).toEqual(["b1"]);
    expect(job(plane, "a1").phase).toBe("queued");
  });
});

describe("a quota of money", () => {
  // 4 GPUs of 300 W at 0.1 USD/kWh: 0.12 USD an hour, 2.88 a day.
  const start = (usdPerDayQuota: number) => {
    const plane = planeOf();
    const tenants = [{ name: "a", usdPerDayQuota, weight: 1 }];
    plane.at(0, { kind: "fleet-loaded", fleet: fleetWith(tenants, [], [4, 4]) });
    return plane;
  };

  it("counts what a placement is expected to spend within the day", () => {
    const plane = start(4);
    plane.at(
      0,
      submitted("a1", 4, { tenant: "a", iterations: 1e7 }),
      submitted("a2", 4, { tenant: "a", iterations: 1e7 }),
    );
    expect(active(plane)).toEqual(["a1"]);
    const { overQuota } = whyOf(plane, "a2").why;
    expect(overQuota).toMatchObject({ kind: "usd-per-day", tenant: "a", quota: 4, spent: 0 });
    expect((overQuota as { needed: number }).needed).toBeGreaterThan(1);
  });

  it("lets a tenant spend it all, day after day, and no more in any day", () => {
    const plane = start(3.2);
    plane.at(0, submitted("a1", 4, { tenant: "a", iterations: 1e7 }));
    plane.start("a1");
    plane.at(30 * 3600, { kind: "held", jobId: "a1" });
    plane.obey();
    // 2.88 were spent in the last 24 hours, and 0.48 more would be in two: too much now, not four hours later.
    plane.at(30 * 3600 + 60, submitted("wide", 8, { tenant: "a", iterations: 270 }));
    expect(job(plane, "wide").phase).toBe("queued");
    plane.at(34 * 3600, { kind: "cancel-requested", jobId: "nobody" });
    expect(job(plane, "wide").phase).toBe("starting");
    plane.end("wide");
    plane.at(34 * 3600 + 60, { kind: "released", jobId: "a1" });
    expect(job(plane, "a1").phase).toBe("starting"); // at the pace that its quota allows for ever
  });

  it("that is too small for one job does not keep the next from trying", () => {
    const plane = start(0.5);
    plane.at(
      0,
      submitted("dear", 4, { tenant: "a", iterations: 1e7 }),
      submitted("cheap", 4, { tenant: "a", iterations: 10 }),
    );
    expect(active(plane)).toEqual(["cheap"]);
  });
});

describe("priority classes", () => {
  it("come before the policy's order, and say who was put before whom", () => {
    const plane = planeOf();
    const short = submitted("short", 4, { iterations: 10 });
    plane.at(0, short, submitted("urgent", 4, { priorityClass: "urgent", submitSeconds: 1 }));
    plane.at(1, { kind: "fleet-loaded", fleet: fleetWith(undefined, CLASSES) });
    expect(active(plane)).toEqual(["urgent"]);
    plane.at(2, submitted("later", 4, { priorityClass: "urgent", submitSeconds: 2 }));
    const { precedence } = whyOf(plane, "short").why;
    expect(precedence).toMatchObject({ classValue: 0, behind: "later", because: "class" });
    expect(whyOf(plane, "later").why.precedence!.behind).toBeUndefined();
  });

  const busy = (fields: Record<string, object>) => {
    const plane = planeOf();
    plane.at(0, { kind: "fleet-loaded", fleet: fleetWith(undefined, CLASSES, [2, 2]) });
    for (const [id, more] of Object.entries(fields)) {
      plane.at(0, submitted(id, 2, { priorityClass: "batch", ...more }));
      plane.start(id);
    }
    return plane;
  };

  it("stop the job that loses least since its last checkpoint, and give its GPUs to nobody else", () => {
    const plane = busy({ a: {}, b: {} });
    for (const id of ["a", "b"]) {
      const epoch = 1;
      for (const step of [1, 2, 3, 4, 5])
        plane.at(100 * step, { kind: "progress", jobId: id, epoch, step, loss: 1, stepSeconds: 100 });
    }
    plane.at(500, { kind: "checkpoint-committed", jobId: "b", epoch: 1, step: 4 });
    expect(lostGpuSeconds(job(plane, "a"), 500)).toBe(2 * 500);
    expect(lostGpuSeconds(job(plane, "b"), 500)).toBe(2 * 100);
    plane.at(600, submitted("u", 2, { priorityClass: "urgent" }), submitted("small", 1));
    expect(job(plane, "b")).toMatchObject({ phase: "stopping", preempted: { by: "u" } });
    expect(job(plane, "a").phase).toBe("running");
    plane.obey();
    expect(active(plane)).toEqual(["a", "u"]);
    expect(job(plane, "b")).toMatchObject({ phase: "queued", excusedEpochs: 1, notBeforeSeconds: 600 });
    expect(job(plane, "b").reason).toBe("preempted by u, which is of a higher class");
  });

  it("stop as many jobs as it takes, and none where all together would not do", () => {
    const plane = busy({ a: {}, b: {} });
    plane.at(600, submitted("u", 4, { priorityClass: "urgent" }));
    expect([job(plane, "a").phase, job(plane, "b").phase]).toEqual(["stopping", "stopping"]);
    plane.end("a", 75);
    expect(active(plane)).toEqual(["b"]); // its GPUs are kept for the one they were freed for
    plane.end("b", 75);
    expect(active(plane)).toEqual(["u"]);

    const other = busy({ a: { priorityClass: undefined }, b: {} });
    other.at(600, submitted("u", 4, { priorityClass: "urgent" }));
    expect(active(other)).toEqual(["a", "b"]);
    expect(job(other, "b").phase).toBe("running");
  });

  it("let a job alone for a while after it was placed again", () => {
    const plane = busy({ a: {}, b: { priorityClass: undefined } });
    plane.at(600, submitted("u1", 2, { priorityClass: "urgent" }));
    plane.obey();
    plane.end("u1");
    expect(job(plane, "a").phase).toBe("starting");
    plane.start("a");
    plane.at(700, submitted("u2", 2, { priorityClass: "urgent" }));
    expect(job(plane, "a").phase).toBe("running");
    plane.at(600 + PREEMPTION_PAUSE_SECONDS, submitted("any", 9));
    expect(job(plane, "a")).toMatchObject({ phase: "stopping", preempted: { by: "u2" } });
  });
});

describe("whatever is submitted", () => {
  const tenants: readonly Tenant[] = [
    { name: "a", gpuQuota: 5, weight: 1 },
    { name: "b", gpuQuota: 3, usdPerDayQuota: 2, weight: 3 },
    { name: "c", weight: 2 },
  ];
  const jobs = fc.array(
    fc.record({
      tenant: fc.constantFrom("a", "b", "c"),
      priorityClass: fc.constantFrom("urgent", "batch", "none"),
      submitSeconds: fc.integer({ min: 0, max: 5000 }),
      gpus: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 })),
      iterations: fc.integer({ min: 1, max: 60 }),
    }),
    { minLength: 1, maxLength: 14 },
  );
  const sketched = jobs.map((all) =>
    all.map(({ gpus, ...fields }, i) =>
      jobOf(`j${i}`, { ...fields, minGpus: Math.min(...gpus), maxGpus: Math.max(...gpus), layers: 8 }),
    ),
  );

  it("no tenant is ever over its GPUs, and every job that fits ends, by every policy", () => {
    fc.assert(
      fc.property(
        sketched,
        fc.constantFrom<PolicyName>("bace", "bace-plus", "fcfs", "easy", "cr-ldf"),
        (all, name) => {
          const result = simulate({
            fleet: fleetWith(tenants, CLASSES, [4, 4, 2]),
            jobs: all,
            policy: POLICIES[name](),
            timeModel: "1f1b",
            onInstant({ active: ids, jobs: known }) {
              const held = new Map<string, number>();
              for (const id of ids) {
                const { epoch, job: own } = known.get(id)!;
                held.set(own.tenant, (held.get(own.tenant) ?? 0) + placedGpus(epoch!.placement));
              }
              for (const { gpuQuota = 100, name: tenant } of tenants)
                expect(held.get(tenant) ?? 0).toBeLessThanOrEqual(gpuQuota);
            },
          });
          const never = all.filter(({ minGpus, tenant }) => tenant === "b" && minGpus > 3).length;
          expect(result.jobs.filter(({ outcome }) => outcome === "unfinished").length).toBeLessThanOrEqual(
            never,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it("no tenant ever spends more than its quota in 24 hours", () => {
    fc.assert(
      fc.property(sketched, fc.double({ min: 0.05, max: 1, noNaN: true }), (all, usdPerDayQuota) => {
        const spending: { from: number; to: number; usd: number }[] = [];
        let before = { seconds: 0, usdPerSecond: 0 };
        simulate({
          fleet: fleetWith([{ name: "b", usdPerDayQuota, weight: 1 }], CLASSES, [4, 4, 2]),
          jobs: all.map((each) => ({ ...each, tenant: "b", iterations: 100 * each.iterations })),
          policy: POLICIES["bace-plus"](),
          timeModel: "1f1b",
          onInstant({ active: ids, jobs: known, nowSeconds: to }) {
            const { seconds: from, usdPerSecond } = before;
            spending.push({ from, to, usd: (to - from) * usdPerSecond });
            const gpus = [...ids].reduce((sum, id) => sum + placedGpus(known.get(id)!.epoch!.placement), 0);
            before = { seconds: to, usdPerSecond: (gpus * 0.3 * 0.1) / 3600 };
          },
        });
        const day = 24 * 3600;
        const ends = spending.flatMap(({ from, to }) => [to, from + day]);
        for (const end of ends) {
          const spent = spending.reduce((sum, { from, to, usd }) => {
            const inside = Math.min(to, end) - Math.max(from, end - day);
            return inside > 0 ? sum + (usd * inside) / (to - from) : sum;
          }, 0);
          expect(spent).toBeLessThanOrEqual(usdPerDayQuota * (1 + 1e-9));
        }
      }),
      { numRuns: 20 },
    );
  });

  it("a replay gives the same state, tenants' accounts included", () => {
    const plane = planeOf();
    plane.at(0, { kind: "fleet-loaded", fleet: fleetWith(tenants, CLASSES, [4, 4]) });
    for (let i = 0; i < 6; i++) {
      plane.at(
        i * 1000,
        submitted(`j${i}`, 2, { tenant: "abc"[i % 3], priorityClass: i % 2 ? "urgent" : "batch" }),
      );
      for (const id of active(plane)) if (job(plane, id).phase === "starting") plane.start(id);
      plane.obey();
      if (job(plane, `j${i}`).phase === "running") plane.end(`j${i}`);
    }
    expect(plane.state().tenants.size).toBeGreaterThan(1);
    expect(toSnapshot(replayed(plane.events))).toEqual(toSnapshot(plane.state()));
  });

  it("lists with one tenant and one class that everybody is of change nothing", () => {
    fc.assert(
      fc.property(
        fleets,
        workloads,
        fc.constantFrom<PolicyName>("bace", "bace-plus", "easy"),
        (fleet, all, name) => {
          const run = (more: Partial<Fleet>) =>
            simulate({
              fleet: { ...fleet, ...more },
              jobs: all,
              policy: POLICIES[name](),
              timeModel: "1f1b",
            });
          expect(run({ priorityClasses: CLASSES })).toEqual(run({}));
        },
      ),
      { numRuns: 40 },
    );
  });
});
