// bace-plus and deadlines: a job that has time waits for cheaper electricity, and meets its deadline.
import { describe, expect, it } from "vitest";
import type { Job } from "../../src/cost/job.ts";
import type { Series } from "../../src/fleet/series.ts";
import type { PlusOptions } from "../../src/scheduler/plus/options.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { simulate } from "../../src/simulator/engine.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { viewOf } from "../support/views.ts";

const UNLINKED = () => 0;
const HOUR = 3600;

const plus = (options: Partial<PlusOptions> = {}) => createPolicy("bace-plus", { "bace-plus": options });

describe("deferral", () => {
  // 45 minutes on eight GPUs. Electricity is a sixth of its price from 3:00 to 6:00.
  const job = jobOf("a", { iterations: 100, minGpus: 8, maxGpus: 8 });
  const runSeconds = 100 * 71 * 0.376;
  const hourly = (values: readonly number[]): Series => ({
    kind: "series",
    startSeconds: 0,
    stepSeconds: HOUR,
    values,
  });
  const window = (price: number, usual = 0.3) => {
    const values = Array.from({ length: 24 }, (_, hour) => (hour >= 3 && hour < 6 ? price : usual));
    return fleetOf([{ gpus: 8, tariff: hourly(values) }], UNLINKED);
  };
  const run = (fields: Partial<Job>, fleet = window(0.05), options: Partial<PlusOptions> = {}) => {
    const jobs = [{ ...job, ...fields }];
    return simulate({ fleet, jobs, policy: plus(options), timeModel: "1f1b" });
  };
  const startOf = (...args: Parameters<typeof run>) => run(...args).jobs[0]!.startSeconds!;

  it("waits for the cheap window where the deadline leaves the time, and meets it", () => {
    const deferred = run({ deadlineSeconds: 5 * HOUR });
    expect(deferred.jobs[0]).toMatchObject({ startSeconds: 3 * HOUR });
    expect(deferred.jobs[0]!.endSeconds).toBeLessThan(5 * HOUR);
    expect(deferred.electricityUsd).toBeCloseTo(run({}).electricityUsd / 6, 9);
  });

  it("says so: until when, and to look again every hour", () => {
    const view = viewOf(window(0.05), [{ ...job, deadlineSeconds: 5 * HOUR }], { nowSeconds: 600 });
    const why = { postponed: { kind: "cheaper", untilSeconds: 3 * HOUR } };
    expect(plus().explain(view)).toMatchObject([{ kind: "wait", why }]);
    expect(plus().decide(view).reconsiderAtSeconds).toBe(HOUR);
  });

  it("starts at once without a deadline, or if it is told not to defer", () => {
    expect(startOf({})).toBe(0);
    expect(startOf({ deadlineSeconds: 5 * HOUR }, window(0.05), { deferral: false })).toBe(0);
  });

  it("starts at once where the window is too late, a run a fifth longer than predicted included", () => {
    expect(startOf({ deadlineSeconds: 3 * HOUR + 1.21 * runSeconds })).toBe(3 * HOUR);
    expect(startOf({ deadlineSeconds: 3 * HOUR + 1.19 * runSeconds })).toBe(0);
  });

  it("starts at once where a fifth of the cost is not to be had", () => {
    expect(startOf({ deadlineSeconds: 5 * HOUR }, window(0.23))).toBe(3 * HOUR);
    expect(startOf({ deadlineSeconds: 5 * HOUR }, window(0.25))).toBe(0);
  });

  it("waits to be paid for electricity, and for less to pay below zero", () => {
    expect(startOf({ deadlineSeconds: 5 * HOUR }, window(-0.05, 0.01))).toBe(3 * HOUR);
    expect(startOf({ deadlineSeconds: 5 * HOUR }, window(-0.05, -0.01))).toBe(3 * HOUR);
    expect(startOf({ deadlineSeconds: 5 * HOUR }, window(-0.05, -0.06))).toBe(0);
  });

  it("starts as soon as somebody else is in the queue, who could take what it leaves", () => {
    const rival = jobOf("b", { submitSeconds: 60, iterations: 1000, minGpus: 8, maxGpus: 8 });
    const jobs = [{ ...job, deadlineSeconds: 5 * HOUR }, rival];
    const result = simulate({ fleet: window(0.05), jobs, policy: plus(), timeModel: "1f1b" });
    expect(result.jobs[0]).toMatchObject({ startSeconds: 60 });
  });
});
