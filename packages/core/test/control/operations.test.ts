// What operators do to regions and jobs, and what it does to those that run: cordon, drain, hold, other capacity.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/control/event.ts";
import { fromSnapshot, toSnapshot } from "../../src/control/state.ts";
import { type Fleet, topologyOf } from "../../src/fleet/fleet.ts";
import { POLICIES } from "../../src/scheduler/registry.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { type Plane, planeOf, replayed } from "../support/operations.ts";

const fleet = fleetOf([{ gpus: 4, price: 0.1 }, { gpus: 4 }], () => 5);
const loaded: Fact = { kind: "fleet-loaded", fleet };
const submitted = (id: string, gpus = 4, fields = {}): Fact => ({
  kind: "submitted",
  job: jobOf(id, { minGpus: gpus, maxGpus: gpus, layers: gpus, ...fields }),
});
const job = (plane: Plane, id: string) => plane.state().jobs.get(id)!;
const regionsOf = (plane: Plane, id: string) => job(plane, id).epoch?.placement.regions;
const free = (plane: Plane) => [...plane.state().ledger!.freeGpus];
const observed = { source: "test", observedAtSeconds: 0 };

function running(...ids: string[]): Plane {
  const plane = planeOf();
  plane.at(0, loaded);
  for (const id of ids) {
    plane.at(0, submitted(id));
    plane.start(id);
  }
  return plane;
}

describe("a region that is cordoned", () => {
  it("gets no new jobs, and what runs there goes on", () => {
    const plane = running("a");
    expect(regionsOf(plane, "a")).toEqual([0]);
    plane.at(10, { kind: "region-cordoned", region: "r0" });
    plane.end("a");
    plane.at(20, submitted("b"), submitted("c"));
    expect(regionsOf(plane, "b")).toEqual([1]);
    expect(job(plane, "c").phase).toBe("queued");
    plane.at(30, { kind: "region-uncordoned", region: "r0" });
    expect(regionsOf(plane, "c")).toEqual([0]);
  });

  it("makes no job infeasible: a job that needs it waits until it is open again", () => {
    const plane = planeOf();
    plane.at(0, loaded, { kind: "region-cordoned", region: "r0" });
    plane.at(1, submitted("wide", 8));
    expect(job(plane, "wide").phase).toBe("queued");
    plane.at(2, { kind: "region-uncordoned", region: "r0" });
    expect(job(plane, "wide").phase).toBe("starting");
  });

  it("stays so when the fleet is loaded again", () => {
    const plane = planeOf();
    plane.at(0, loaded, { kind: "region-cordoned", region: "r0" });
    plane.at(1, { kind: "fleet-loaded", fleet: { ...fleet, name: "again" } });
    plane.at(2, submitted("a"));
    expect(regionsOf(plane, "a")).toEqual([1]);
  });
});

describe("a region that is drained", () => {
  it("stops what runs there, which goes on elsewhere at once and has not failed", () => {
    const plane = running("a");
    const epoch = 1;
    plane.at(50, { kind: "checkpoint-committed", jobId: "a", epoch, step: 7 });
    plane.at(60, { kind: "region-drained", region: "r0" });
    expect(job(plane, "a")).toMatchObject({ phase: "stopping", reason: "r0 is being drained" });
    plane.obey();
    expect(job(plane, "a")).toMatchObject({ phase: "starting", epochs: 2, excusedEpochs: 1 });
    expect(job(plane, "a").epoch).toMatchObject({ fromStep: 7, placement: { regions: [1] } });
    expect(free(plane)).toEqual([4, 0]);
  });

  it("leaves jobs of other regions alone, and twice is once", () => {
    const plane = running("a", "b");
    plane.at(60, { kind: "region-drained", region: "r0" });
    const before = JSON.stringify(toSnapshot(plane.state()).jobs);
    plane.at(60, { kind: "region-drained", region: "r0" });
    expect(JSON.stringify(toSnapshot(plane.state()).jobs)).toBe(before);
    expect(job(plane, "b").phase).toBe("running");
  });
});

describe("a job that is held", () => {
  it("is not placed until it is released", () => {
    const plane = planeOf();
    plane.at(0, submitted("a"), { kind: "held", jobId: "a" }, loaded);
    expect(job(plane, "a").phase).toBe("queued");
    plane.at(1, { kind: "released", jobId: "a" });
    expect(job(plane, "a").phase).toBe("starting");
  });

  it("is stopped if it runs, and waits without having failed", () => {
    const plane = running("a");
    plane.at(30, { kind: "held", jobId: "a" });
    plane.obey();
    expect(job(plane, "a")).toMatchObject({
      phase: "queued",
      held: true,
      excusedEpochs: 1,
      notBeforeSeconds: 30,
    });
    expect(free(plane)).toEqual([4, 4]);
    plane.at(40, { kind: "released", jobId: "a" });
    expect(job(plane, "a")).toMatchObject({ phase: "starting", epochs: 2 });
    expect(job(plane, "a").held).toBeUndefined();
  });

  it("can be cancelled", () => {
    const plane = running("a");
    plane.at(30, { kind: "held", jobId: "a" }, { kind: "cancel-requested", jobId: "a" });
    plane.obey();
    expect(job(plane, "a").outcome).toEqual({ kind: "cancelled" });
  });
});

describe("capacity", () => {
  it("that shrinks under a job leaves it alone, and nothing new is placed there", () => {
    const plane = running("a");
    plane.at(10, { kind: "capacity-changed", region: "r0", gpus: 1 });
    expect(free(plane)).toEqual([-3, 4]);
    plane.at(11, submitted("b"), submitted("c"));
    expect(regionsOf(plane, "b")).toEqual([1]);
    expect(job(plane, "c").phase).toBe("queued");
    plane.end("a");
    expect(free(plane)).toEqual([1, 0]);
    expect(job(plane, "c").phase).toBe("queued");
    plane.at(20, { kind: "capacity-changed", region: "r0", gpus: 4 });
    expect(regionsOf(plane, "c")).toEqual([0]);
  });

  it("that grows lets jobs in that were infeasible", () => {
    const plane = planeOf();
    plane.at(0, loaded, submitted("wide", 12));
    expect(job(plane, "wide").phase).toBe("infeasible");
    plane.at(1, { kind: "capacity-changed", region: "r0", gpus: 8 });
    expect(job(plane, "wide").phase).toBe("starting");
  });

  it("is the file's again when the file says something else", () => {
    const plane = planeOf();
    plane.at(0, loaded, { kind: "capacity-changed", region: "r0", gpus: 1 });
    plane.at(1, { kind: "fleet-loaded", fleet: { ...fleet, name: "the same figures" } });
    expect(free(plane)).toEqual([1, 4]);
    plane.at(2, { kind: "fleet-loaded", fleet: fleetOf([{ gpus: 6 }, { gpus: 4 }], () => 5) });
    expect(free(plane)).toEqual([6, 4]);
  });
});

describe("facts that cannot be", () => {
  it.each<[string, Fact]>([
    ["of a region that is not there", { kind: "region-drained", region: "nowhere" }],
    ["of GPUs in part", { kind: "capacity-changed", region: "r0", gpus: 1.5 }],
    [
      "of a negative bandwidth",
      { kind: "link-changed", from: "r0", to: "r1", bandwidthBitsPerSecond: -1, ...observed },
    ],
    ["of a price in another unit", { kind: "price-changed", region: "r0", priceUsdPerKwh: 100, ...observed }],
    [
      "of another time",
      { kind: "price-changed", region: "r0", priceUsdPerKwh: 0.2, source: "t", observedAtSeconds: 9e9 },
    ],
  ])("%s change nothing but the place in the log", (_, fact) => {
    const plane = running("a");
    const before = toSnapshot(plane.state());
    plane.at(0, fact);
    expect(toSnapshot(plane.state())).toEqual({ ...before, seq: before.seq + 1 });
  });
});

describe("whatever is done to regions and jobs", () => {
  const region = fc.constantFrom("r0", "r1", "r2", "nowhere");
  const jobId = fc.constantFrom("a", "b", "c", "d");
  const facts: fc.Arbitrary<Fact> = fc.oneof(
    fc.record({ kind: fc.constantFrom("region-cordoned", "region-uncordoned", "region-drained"), region }),
    fc.record({ kind: fc.constantFrom("held", "released", "cancel-requested"), jobId }),
    fc.record({
      kind: fc.constant("capacity-changed" as const),
      region,
      gpus: fc.integer({ min: -1, max: 9 }),
    }),
    fc.record({
      kind: fc.constant("link-changed" as const),
      from: region,
      to: region,
      bandwidthBitsPerSecond: fc.constantFrom(1e8, 1e9, 5e9, 2e10, Number.NaN, -1),
      source: fc.constant("test"),
      observedAtSeconds: fc.integer({ min: 0, max: 4000 }),
    }),
    fc.record({
      kind: fc.constant("price-changed" as const),
      region,
      priceUsdPerKwh: fc.double({ min: -1, max: 2, noNaN: true }),
      source: fc.constant("test"),
      observedAtSeconds: fc.integer({ min: 0, max: 4000 }),
    }),
    fc
      .tuple(region, fc.integer({ min: 0, max: 4000 }), fc.constantFrom(0.1, 0.4, -0.1, Number.NaN))
      .map(([name, from, value]) => ({
        ...{ kind: "price-curve" as const, region: name, source: "test", observedAtSeconds: from },
        ...{ fromSeconds: [from, from + 900], values: [value, 0.2], untilSeconds: from + 1800 },
      })),
    fc.record({
      kind: fc.constant("power-changed" as const),
      region,
      busyWatts: fc.constantFrom(150, 280, -1),
      source: fc.constant("test"),
      observedAtSeconds: fc.integer({ min: 0, max: 4000 }),
    }),
    fc.constantFrom<Fact>(
      { kind: "fleet-loaded", fleet: fleetOf([{ gpus: 4 }, { gpus: 3 }, { gpus: 6 }], () => 5) },
      { kind: "fleet-loaded", fleet: ruled(7) },
      { kind: "fleet-loaded", fleet: ruled(3) },
    ),
  ) as fc.Arbitrary<Fact>;
  const steps = fc.array(
    fc.oneof(
      facts.map((fact) => ({ do: "fact" as const, fact })),
      fc.record({ do: fc.constantFrom("start" as const, "end" as const), jobId }),
      fc.constant({ do: "obey" as const }),
    ),
    { minLength: 5, maxLength: 40 },
  );

  it("the ledger holds what jobs hold, nothing new is placed where there is no room, and a replay agrees", () => {
    fc.assert(
      fc.property(steps, fc.constantFrom("bace" as const, "bace-plus" as const), (todo, policy) => {
        const plane = planeOf(POLICIES[policy]());
        plane.at(0, { kind: "fleet-loaded", fleet: ruled(7) });
        for (const [i, id] of ["a", "b", "c", "d"].entries())
          plane.at(
            0,
            submitted(id, 2 + i, { maxGpus: 6, layers: 6, priorityClass: i % 2 ? "urgent" : "batch" }),
          );
        todo.forEach((step, i) => {
          const { jobs } = plane.state();
          const known = "jobId" in step ? jobs.get(step.jobId)! : undefined;
          const heldBefore = heldGpus(plane);
          const closed = plane
            .state()
            .changes.regions.filter(({ cordon }) => cordon)
            .map(({ name }) => name);
          const seq = plane.state().seq;
          if (step.do === "fact") plane.at((i + 1) * 100, step.fact);
          else if (step.do === "obey") plane.obey();
          else if (step.do === "start" && known!.phase === "starting") plane.start(step.jobId);
          else if (step.do === "end" && known!.phase === "running") plane.end(step.jobId);
          check(plane, heldBefore, closed, seq);
        });
        expect(toSnapshot(replayed(plane.events))).toEqual(toSnapshot(plane.state()));
        const restored = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(plane.state()))));
        expect(restored.ledger!.freeGpus).toEqual(plane.state().ledger!.freeGpus);
        expect(restored.fleet).toEqual(plane.state().fleet);
        for (const name of ["r0", "r1", "r2"]) plane.at(1e5, { kind: "region-drained", region: name });
        plane.obey();
        expect(heldGpus(plane)).toEqual([0, 0, 0]);
        const { freeGpus, reservedBitsPerSecond } = plane.state().ledger!;
        expect([...freeGpus]).toEqual(plane.state().fleet!.regions.map(({ gpus }) => gpus));
        expect(reservedBitsPerSecond.every((bits) => bits === 0)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  /** All jobs are of one tenant, and some give way to others. */
  function ruled(gpuQuota: number): Fleet {
    return {
      ...fleetOf([{ gpus: 4 }, { gpus: 4 }, { gpus: 4 }], () => 5),
      tenants: [{ name: "t", gpuQuota, usdPerDayQuota: 50, weight: 1 }],
      priorityClasses: [
        { name: "urgent", value: 1, preemptible: false, mayPreempt: true },
        { name: "batch", value: 0, preemptible: true, mayPreempt: false },
      ],
    };
  }

  function heldGpus(plane: Plane): number[] {
    const { active, fleet: now, jobs } = plane.state();
    const held = now!.regions.map(() => 0);
    for (const id of active) {
      const { gpus, regions } = jobs.get(id)!.epoch!.placement;
      regions.forEach((index, i) => {
        held[index]! += gpus[i]!;
      });
    }
    return held;
  }

  function check(plane: Plane, before: readonly number[], closed: readonly string[], seq: number): void {
    const { fleet: now, ledger } = plane.state();
    const held = heldGpus(plane);
    const placed = plane.events.slice(seq).filter(({ kind }) => kind === "placed");
    for (const [index, { gpus, name }] of now!.regions.entries()) {
      expect(ledger!.freeGpus[index]).toBe(gpus - held[index]!);
      if (held[index]! > before[index]!) expect(held[index]!).toBeLessThanOrEqual(gpus);
      const opened = plane.events
        .slice(seq)
        .some((each) => each.kind === "region-uncordoned" && each.region === name);
      const gone = plane.events.slice(seq).some(({ kind }) => kind === "fleet-loaded");
      if (closed.includes(name) && !opened && !gone)
        for (const event of placed)
          if (event.kind === "placed") expect(event.placement.regions).not.toContain(index);
    }
    const [tenant] = now!.tenants ?? [];
    if (tenant && placed.length > 0)
      expect(held.reduce((sum, gpus) => sum + gpus, 0)).toBeLessThanOrEqual(tenant.gpuQuota!);
    const capacity = topologyOf(now!).bandwidthBitsPerSecond;
    if (placed.length > 0 && plane.events.every(({ kind }) => kind !== "link-changed"))
      ledger!.reservedBitsPerSecond.forEach((bits, i) => {
        expect(bits).toBeLessThanOrEqual(capacity[i]!);
      });
  }
});
