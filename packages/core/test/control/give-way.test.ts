// Who is stopped where a region has lost GPUs that jobs hold: when, how many, whom, and what becomes of them.
import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/control/event.ts";
import { CAPACITY_GRACE_SECONDS } from "../../src/control/give-way.ts";
import { fromSnapshot, toSnapshot } from "../../src/control/state.ts";
import type { Job } from "../../src/cost/job.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { type Plane, planeOf, replayed } from "../support/operations.ts";

const north = fleetOf(
  [
    { gpus: 8, price: 0.1 },
    { gpus: 4, price: 0.3 },
  ],
  () => 0,
);
const withClasses: Fleet = {
  ...north,
  tenants: [{ name: "t", weight: 1 }],
  priorityClasses: [
    { name: "urgent", value: 10, mayPreempt: false, preemptible: false },
    { name: "idle", value: -1, mayPreempt: false, preemptible: true },
  ],
};
const two = (id: string, fields: Partial<Job> = {}) =>
  jobOf(id, { minGpus: 2, maxGpus: 2, iterations: 10_000, ...fields });
const nothing: Fact = { kind: "held", jobId: "nobody" };
const lose = (gpus: number): Fact => ({ kind: "capacity-changed", region: "r0", gpus });

/** Jobs of two GPUs in r0, ten seconds apart, that run. */
function running(jobs: readonly Job[], fleet: Fleet = north): Plane {
  const plane = planeOf();
  plane.at(0, { kind: "fleet-loaded", fleet });
  jobs.forEach((job, i) => {
    plane.at(10 * i, { kind: "submitted", job });
    plane.start(job.id);
    expect(plane.state().jobs.get(job.id)!.epoch!.placement.regions).toEqual([0]);
  });
  return plane;
}

/** Two jobs of four GPUs, of a class that gives way to the urgent one. */
function crowded(): Plane {
  const fleet: Fleet = {
    ...fleetOf([{ gpus: 8, price: 0.1 }], () => 0),
    tenants: [{ name: "t", weight: 1 }],
    priorityClasses: [
      { name: "urgent", value: 10, mayPreempt: true, preemptible: false },
      { name: "idle", value: -1, mayPreempt: false, preemptible: true },
    ],
  };
  const four = { minGpus: 4, maxGpus: 4, tenant: "t", priorityClass: "idle" };
  return running([two("a", four), two("b", four)], fleet);
}
const urgent = two("u", { minGpus: 3, maxGpus: 3, tenant: "t", priorityClass: "urgent" });

const stopped = (plane: Plane) =>
  plane.events.flatMap((event) => (event.kind === "replan-requested" ? [event.jobId] : []));
const done = (jobId: string, step: number): Fact => ({
  ...{ kind: "progress", jobId, epoch: 1, step, loss: null, stepSeconds: 100 },
});
const committed = (jobId: string, step: number): Fact => ({
  ...{ kind: "checkpoint-committed", jobId, epoch: 1, step },
});

describe("a region that has lost GPUs", () => {
  it("stops nobody before a minute has passed, and nobody at all if it has them back by then", () => {
    const plane = running([two("a"), two("b")]);
    plane.at(100, lose(2));
    expect(plane.state().ledger!.freeGpus[0]).toBe(-2);
    plane.at(100 + CAPACITY_GRACE_SECONDS - 1, nothing);
    expect(stopped(plane)).toEqual([]);
    plane.at(160 - 0.5, lose(8));
    plane.at(170, nothing);
    expect(stopped(plane)).toEqual([]);
    // Lost again: the minute begins anew.
    plane.at(180, lose(2));
    plane.at(200, lose(3));
    plane.at(239, nothing);
    expect(stopped(plane)).toEqual([]);
    plane.at(240, nothing);
    expect(stopped(plane)).toHaveLength(1);
  });

  it("stops as many as needed, with a checkpoint, and they are placed anew at once where there is room", () => {
    const plane = running([two("a"), two("b"), two("c")]);
    plane.at(100, lose(3)); // six are held: two jobs have to go
    plane.at(160, nothing);
    expect(stopped(plane)).toHaveLength(2);
    plane.at(170, nothing);
    expect(stopped(plane)).toHaveLength(2); // those that are being stopped are counted
    const [first] = stopped(plane) as [string];
    expect(plane.state().jobs.get(first)).toMatchObject({
      ...{ phase: "stopping", reason: "moved at step 0: r0 has 3 GPUs left, and jobs held 6" },
      replan: { trigger: "capacity", region: "r0", gpus: 3, heldGpus: 6 },
    });
    plane.obey();
    expect(plane.state().ledger!.freeGpus[0]).toBe(1);
    for (const id of stopped(plane)) {
      const { epoch, excusedEpochs, notBeforeSeconds } = plane.state().jobs.get(id)!;
      expect({ excusedEpochs, isLater: notBeforeSeconds > plane.state().nowSeconds }).toEqual({
        ...{ excusedEpochs: 1, isLater: false },
      });
      expect(epoch!.placement.regions).toEqual([1]);
    }
    expect(toSnapshot(replayed(plane.events))).toEqual(toSnapshot(plane.state()));
    expect(toSnapshot(fromSnapshot(toSnapshot(plane.state())))).toEqual(toSnapshot(plane.state()));
  });

  it("keeps those whom it does not need: one that is large enough alone", () => {
    const plane = running([two("a"), jobOf("b", { minGpus: 4, maxGpus: 4, iterations: 10_000 })]);
    // Three are missing. In order of what is lost, a would go first, and b would have to all the same.
    plane.at(90, done("a", 1), done("a", 2), committed("a", 2), done("b", 1), done("b", 2));
    plane.at(100, lose(3));
    plane.at(160, nothing);
    expect(stopped(plane)).toEqual(["b"]);
  });

  it("takes the lowest class first, whatever is lost", () => {
    const plane = running(
      [
        two("a", { tenant: "t", priorityClass: "urgent" }),
        two("b", { tenant: "t", priorityClass: "idle" }),
        two("c", { tenant: "t" }),
      ],
      withClasses,
    );
    plane.at(90, done("b", 1), done("b", 50));
    plane.at(100, lose(4));
    plane.at(160, nothing);
    expect(stopped(plane)).toEqual(["b"]);
  });

  it("then the one that loses least: a checkpoint of a moment ago", () => {
    const plane = running([two("a"), two("b"), two("c")]);
    plane.at(90, done("a", 1), done("a", 9), done("b", 1), done("b", 9), committed("b", 9));
    plane.at(91, done("c", 1), done("c", 9));
    plane.at(100, lose(4));
    plane.at(160, nothing);
    expect(stopped(plane)).toEqual(["b"]);
  });

  it("then the one that was placed last", () => {
    const plane = running([two("a"), two("b")]);
    plane.at(90, done("a", 1), committed("a", 1), done("b", 1), committed("b", 1));
    plane.at(100, lose(2));
    plane.at(160, nothing);
    expect(stopped(plane)).toEqual(["b"]);
  });

  it("stops a gang that has not met yet before one that has worked", () => {
    const plane = running([two("a")]);
    plane.at(50, { kind: "submitted", job: two("b") });
    expect(plane.state().jobs.get("b")!.phase).toBe("starting");
    plane.at(55, done("a", 1));
    plane.at(60, lose(2));
    plane.at(60 + CAPACITY_GRACE_SECONDS, nothing);
    expect(stopped(plane)).toEqual(["b"]);
    plane.obey();
    expect(plane.state().jobs.get("b")!.epoch!.placement.regions).toEqual([1]);
  });

  it("is no failure of a job whose launches the cluster ends first", () => {
    const plane = running([two("a"), two("b")]);
    plane.at(100, lose(2));
    plane.at(110, {
      ...{ kind: "launch-observed", jobId: "b", epoch: 1, region: "r0" },
      status: { kind: "exited", exitCode: 137 },
    });
    expect(plane.state().jobs.get("b")).toMatchObject({ epochs: 2, excusedEpochs: 1, phase: "starting" });
    plane.at(170, nothing);
    expect(stopped(plane)).toEqual([]);
  });

  it("has jobs wait that fit nowhere else; none is called infeasible", () => {
    const plane = running([jobOf("a", { minGpus: 6, maxGpus: 6 })]);
    plane.at(100, lose(0));
    plane.at(160, nothing);
    plane.obey();
    expect(plane.state().jobs.get("a")).toMatchObject({ phase: "queued", excusedEpochs: 1 });
    plane.at(400, lose(8));
    expect(plane.state().jobs.get("a")).toMatchObject({ phase: "starting", epochs: 2 });
  });

  it("is given way to before anybody else is stopped for one of a higher class, who may need nobody's GPUs then", () => {
    const plane = crowded();
    plane.at(100, lose(7));
    plane.at(160, { kind: "submitted", job: urgent });
    plane.at(161, nothing);
    expect(stopped(plane)).toEqual(["b"]);
    plane.obey();
    expect(plane.state().jobs.get("u")!.phase).toBe("starting");
    expect(plane.state().jobs.get("a")!.phase).toBe("running");
    expect(plane.events.some(({ kind }) => kind === "preempted")).toBe(false);
  });

  it("has somebody stopped for one of a higher class all the same if it takes too long", () => {
    const plane = crowded();
    plane.at(100, lose(7));
    plane.at(160, { kind: "submitted", job: urgent });
    expect(plane.reconsiderAtSeconds()).toBe(170);
    plane.at(220, nothing);
    expect(plane.events.at(-1)).toMatchObject({ kind: "preempted", jobId: "a", by: "u" });
  });

  it("is named as the one that is short, and not another one that will have enough", () => {
    const pair = fleetOf(
      [
        { gpus: 8, price: 0.1 },
        { gpus: 8, price: 0.3 },
      ],
      () => 10,
    );
    const plane = planeOf();
    plane.at(0, { kind: "fleet-loaded", fleet: pair });
    plane.at(0, { kind: "submitted", job: two("x", { minGpus: 2, maxGpus: 2 }) });
    plane.start("x");
    plane.at(1, { kind: "submitted", job: jobOf("wide", { minGpus: 12, maxGpus: 12, iterations: 10_000 }) });
    plane.start("wide");
    expect(plane.state().jobs.get("wide")!.epoch!.placement).toMatchObject({ regions: [0, 1], gpus: [6, 6] });
    // r0 will have enough when x, which is being stopped, is gone; of r1 one GPU is missing.
    plane.at(100, { kind: "held", jobId: "x" }, lose(6), { ...lose(5), region: "r1" } as Fact);
    plane.at(160, nothing);
    expect(plane.state().jobs.get("wide")!.replan).toMatchObject({ region: "r1", gpus: 5, heldGpus: 6 });
  });

  it("is told of when the minute is over, though nothing else happens", () => {
    const plane = running([two("a")]);
    plane.at(100, lose(1));
    expect(plane.reconsiderAtSeconds()).toBe(160);
  });
});
