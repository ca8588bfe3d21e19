// When a running job is moved because electricity has become cheaper elsewhere, and when it is not.
//
// Two regions of eight GPUs without a link, and a job that wants eight: a step takes (64 + 7) · (3 s / 8 + 1 ms) = 26.7 s,
// 1,000 of them 7.4 h. Eight GPUs of 300 W draw 2.4 kW: at 0.10 USD/kWh 0.24 USD in an hour, 1.78 USD for the whole job.
import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/control/event.ts";
import { ASK_PAUSE_SECONDS } from "../../src/control/replan-price.ts";
import { REPLAN_PAUSE_SECONDS } from "../../src/control/replanning.ts";
import { fromSnapshot, toSnapshot } from "../../src/control/state.ts";
import type { Job } from "../../src/cost/job.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { type Plane, planeOf, replayed } from "../support/operations.ts";

const HOUR = 3600;
const STEP_SECONDS = (64 + 7) * (3 / 8 + 0.001);
const KW = 8 * 0.3;
const apart = fleetOf(
  [
    { gpus: 8, price: 0.1 },
    { gpus: 8, price: 0.2 },
  ],
  () => 0,
);
const eight = (fields: Partial<Job> = {}) => jobOf("a", { minGpus: 8, maxGpus: 8, ...fields });

function running(asked = eight(), fleet: Fleet = apart, policy = createPolicy("bace-plus")): Plane {
  const plane = planeOf(policy);
  plane.at(0, { kind: "fleet-loaded", fleet }, { kind: "submitted", job: asked });
  plane.start("a");
  expect(plane.state().jobs.get("a")!.epoch!.placement.regions).toEqual([0]);
  return plane;
}

/** A price from an hour on, for a time. */
const price = (region: string, usd: number, fromSeconds: number, hours: number): Fact => ({
  ...{ kind: "price-curve", region, source: "auction", observedAtSeconds: fromSeconds },
  ...{ fromSeconds: [fromSeconds], values: [usd], untilSeconds: fromSeconds + hours * HOUR },
});
const kinds = (plane: Plane) =>
  plane.events.map(({ kind }) => kind).filter((kind) => kind.startsWith("replan"));
const last = (plane: Plane, kind: "replan-requested" | "replan-declined") =>
  plane.events.findLast((event) => event.kind === kind);
const job = (plane: Plane) => plane.state().jobs.get("a")!;

describe("a price that rises where a job runs", () => {
  it("moves it: gain and cost are those of the steps left, by the prices that are known", () => {
    const plane = running();
    plane.at(HOUR, price("r0", 0.5, HOUR, 24));
    const left = 1000 - Math.floor(HOUR / STEP_SECONDS); // 866 steps, 6.4 h
    const kwh = (KW * left * STEP_SECONDS) / HOUR;
    const downSeconds = 10 + 0 + STEP_SECONDS; // stop, start at once, one step again
    const costUsd = (KW * (10 * 0.5 + (downSeconds - 10) * 0.2)) / HOUR;
    expect(last(plane, "replan-requested")).toMatchObject({
      why: {
        ...{ trigger: "price", action: "move", from: ["r0"], to: ["r1"] },
        gainUsd: expect.closeTo(kwh * (0.5 - 0.2), 9), // 4.6 USD
        costUsd: expect.closeTo(costUsd, 9), // 0.7 cents
        gainSeconds: expect.closeTo(0, 6),
        costSeconds: expect.closeTo(downSeconds, 9),
      },
    });
    expect(job(plane).reason).toMatch(
      /^moved at step 0 for cheaper electricity, r0 to r1: gain \$?4\.6.* for a cost of/,
    );
    plane.obey();
    expect(job(plane)).toMatchObject({ phase: "starting", epochs: 2, excusedEpochs: 1 });
    expect(job(plane).epoch!.placement.regions).toEqual([1]);
    expect(plane.events.at(-1)).toMatchObject({ kind: "placed", replan: { trigger: "price" } });
    expect(toSnapshot(replayed(plane.events))).toEqual(toSnapshot(plane.state()));
    expect(toSnapshot(fromSnapshot(toSnapshot(plane.state())))).toEqual(toSnapshot(plane.state()));
  });

  it("leaves it where it is if the rise is over before it is worth it, and says the figures", () => {
    const plane = running();
    // An hour of 6.4 at 0.12 and the rest at 0.10: mean 0.103, and the other region has 0.20.
    plane.at(HOUR, price("r0", 0.12, HOUR, 1));
    expect(kinds(plane)).toEqual(["replan-declined"]);
    const { asked } = job(plane);
    const kwh = (KW * 866 * STEP_SECONDS) / HOUR;
    expect(asked).toMatchObject({ because: "price", presentUsd: expect.closeTo(kwh * 0.1 + KW * 0.02, 6) });
    expect(asked!.mostUsd).toBeCloseTo(0, 6);
  });

  it("is as good as any other where the policy does not look at prices", () => {
    for (const policy of [
      createPolicy("fcfs"),
      createPolicy("bace-plus", { "bace-plus": { costWeight: 0 } }),
    ]) {
      const plane = running(eight(), apart, policy);
      plane.at(HOUR, price("r0", 0.5, HOUR, 24));
      expect(kinds(plane)).toEqual([]);
    }
  });

  it("moves nobody at the end of a job: what is left does not pay for the way", () => {
    const plane = running(eight({ iterations: 137 })); // 3 left after an hour, 80 s: 2.7 cents at 0.5, of which 1.6 are saved
    plane.at(HOUR, price("r0", 0.5, HOUR, 24));
    // Cost: 0.33 cents for stopping, 0.36 for the step again. 1.6 are more than twice that, but 80 s become 117.
    expect(job(plane).asked).toMatchObject({ because: "time" });
    const fewer = running(eight({ iterations: 135 }));
    fewer.at(HOUR, price("r0", 0.5, HOUR, 24));
    expect(job(fewer).asked).toMatchObject({ because: "gain" });
  });

  it("moves nobody who would miss its deadline by it", () => {
    const whole = 1000 * STEP_SECONDS;
    const late = running(eight({ deadlineSeconds: whole + 20 })); // it takes 36.7 s more
    late.at(HOUR, price("r0", 0.5, HOUR, 24));
    expect(job(late).asked).toMatchObject({ because: "deadline" });
    const inTime = running(eight({ deadlineSeconds: whole + 60 }));
    inTime.at(HOUR, price("r0", 0.5, HOUR, 24));
    expect(kinds(inTime)).toEqual(["replan-requested"]);
  });
});

describe("a price that falls elsewhere", () => {
  it("moves it too", () => {
    const plane = running();
    plane.at(HOUR, price("r1", 0.02, HOUR, 24));
    expect(last(plane, "replan-requested")).toMatchObject({ why: { from: ["r0"], to: ["r1"] } });
  });

  it("moves nobody where no GPU is free", () => {
    const plane = running();
    plane.at(1, { kind: "submitted", job: eight({ id: "b" }) });
    plane.start("b");
    plane.at(HOUR, price("r1", 0.02, HOUR, 24));
    expect(plane.state().jobs.get("a")!.asked).toMatchObject({ because: "policy", gainUsd: 0 });
    expect(plane.state().jobs.get("a")!.asked!.mostUsd).toBeGreaterThan(1);
    expect(kinds(plane)).not.toContain("replan-requested");
  });

  it("moves nobody whose checkpoint costs more to send than it saves", () => {
    const linked = fleetOf(
      [
        { gpus: 8, price: 0.1 },
        { gpus: 8, price: 0.2 },
      ],
      () => 1,
    );
    const dear = { ...linked, links: linked.links.map((link) => ({ ...link, egressUsdPerGb: 0.05 })) };
    // 10 GB of gradients: a checkpoint of 30 GB, 240 s at 1 Gbit/s, 1.50 USD of egress; 6.4 h at 2.4 kW save 1.2 USD.
    const plane = running(eight({ gradientBytes: 10e9 }), dear);
    plane.at(HOUR, price("r1", 0.02, HOUR, 24));
    const { asked } = job(plane);
    expect(asked).toMatchObject({ because: "gain" });
    expect(asked!.costUsd).toBeGreaterThan(30 * 0.05);
    expect(asked!.costSeconds).toBeGreaterThan(240);
    expect(asked!.gainUsd).toBeLessThan(1.3);
  });

  it("does not take a job along that has to be near to another region for it: one move at a time", () => {
    const wide = fleetOf(
      [
        { gpus: 16, price: 0.1 },
        { gpus: 8, price: 0.2 },
      ],
      () => 0,
    );
    const plane = running(eight(), wide);
    plane.at(1, { kind: "submitted", job: eight({ id: "b" }) });
    plane.start("b");
    plane.at(HOUR, price("r1", 0.02, HOUR, 24));
    plane.at(HOUR + 2, { kind: "held", jobId: "nobody" });
    expect(kinds(plane).filter((kind) => kind === "replan-requested")).toHaveLength(1);
    plane.obey();
    plane.at(HOUR + 4, { kind: "held", jobId: "nobody" });
    // The other one finds the region full.
    expect(kinds(plane)).toEqual(["replan-requested", "replan-declined"]);
  });
});

describe("a move and what else is decided at the time", () => {
  it("is not made to GPUs that somebody who waits is given: nobody is stopped for nothing", () => {
    const plane = running();
    // What is left of a is shorter, so that it would come first if it were in the queue.
    plane.at(HOUR, { kind: "submitted", job: eight({ id: "b" }) }, price("r1", 0.02, HOUR, 24));
    expect(plane.state().jobs.get("b")!.epoch!.placement.regions).toEqual([1]);
    expect(job(plane).phase).toBe("running");
    expect(plane.reconsiderAtSeconds()).toBe(HOUR);
    plane.at(HOUR, { kind: "held", jobId: "nobody" });
    expect(kinds(plane)).toEqual(["replan-declined"]);
    expect(job(plane).asked).toMatchObject({ because: "policy" });
  });

  it("does not wait for ever for one that a cluster does not end", () => {
    const wide = fleetOf(
      [
        { gpus: 8, price: 0.1 },
        { gpus: 8, price: 0.2 },
        { gpus: 8, price: 0.3 },
      ],
      () => 0,
    );
    const plane = running(eight(), wide);
    plane.at(1, { kind: "submitted", job: eight({ id: "b" }) });
    plane.start("b");
    plane.at(HOUR, price("r2", 0.02, HOUR, 24));
    const moved = () => plane.events.flatMap((e) => (e.kind === "replan-requested" ? [e.jobId] : []));
    expect(moved()).toHaveLength(1);
    plane.at(HOUR + REPLAN_PAUSE_SECONDS - 1, { kind: "held", jobId: "nobody" });
    expect(moved()).toHaveLength(1);
    plane.at(HOUR + REPLAN_PAUSE_SECONDS, { kind: "held", jobId: "nobody" });
    expect(moved()).toHaveLength(2);
  });
});

describe("prices that flap", () => {
  it("move a job after ever longer pauses: a forecast that was wrong each time is believed less often", () => {
    const plane = running(eight({ iterations: 20_000 }));
    for (let i = 0; i < 24 * 60; i++) {
      const now = HOUR + 60 * i;
      plane.at(now, price("r0", i % 2 === 0 ? 0.9 : 0.01, now, 48));
      plane.obey();
      if (job(plane).phase === "starting") plane.start("a");
    }
    const moves = plane.events.filter(({ kind }) => kind === "replan-requested");
    const pauses = gaps(moves.map(({ atSeconds }) => atSeconds));
    pauses.forEach((pause, i) => {
      expect(pause).toBeGreaterThanOrEqual(Math.min(REPLAN_PAUSE_SECONDS * 2 ** i, 6 * HOUR));
    });
    expect(moves.length).toBeGreaterThan(5);
    expect(moves.length).toBeLessThan(11);
    // A day without a move, and it is asked as at first.
    const already = moves.length;
    for (const [i, usd] of [0.01, 0.9, 0.01].entries()) {
      const now = 60 * HOUR + 700 * i;
      plane.at(now, price("r0", usd, now, 48));
      plane.obey();
      if (job(plane).phase === "starting") plane.start("a");
    }
    expect(plane.events.filter(({ kind }) => kind === "replan-requested").length).toBeGreaterThan(
      already + 1,
    );
  });

  it("move a job at most once in ten minutes, and ask at most every five", () => {
    const plane = running();
    for (let i = 0; i < 120; i++) {
      const now = HOUR + 30 * i;
      plane.at(now, price("r0", i % 2 === 0 ? 0.9 : 0.01, now, 24));
      plane.obey();
      if (job(plane).phase === "starting") plane.start("a");
    }
    const times = (kind: string) =>
      plane.events.filter((event) => event.kind === kind).map(({ atSeconds }) => atSeconds);
    const moves = times("replan-requested");
    expect(moves.length).toBeLessThanOrEqual(6); // in an hour
    expect(Math.min(...gaps(moves))).toBeGreaterThanOrEqual(REPLAN_PAUSE_SECONDS);
    expect(Math.min(...gaps(times("replan-declined")))).toBeGreaterThanOrEqual(ASK_PAUSE_SECONDS);
  });

  it("ask nobody again where nothing was said since", () => {
    const plane = running();
    plane.at(HOUR, price("r0", 0.12, HOUR, 24));
    for (let i = 1; i < 20; i++) plane.at(HOUR + 600 * i, { kind: "held", jobId: "nobody" });
    expect(kinds(plane)).toEqual(["replan-declined"]);
  });
});

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, i) => at - times[i]!);
}
