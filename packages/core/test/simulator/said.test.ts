// A simulation that is told what a service was told, at the same times. Worked out by hand: a job alone on four GPUs takes
// (5 + 4 − 1) · 3 s / 4 = 6 s per iteration, 60 s in all.
import { describe, expect, it } from "vitest";
import type { Job } from "../../src/cost/job.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import { createPolicy, POLICIES, type PolicyName } from "../../src/scheduler/registry.ts";
import { simulate } from "../../src/simulator/engine.ts";
import type { Said, SaidFact } from "../../src/simulator/said.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";

const four = (id: string, submitSeconds = 0, fields: Partial<Job> = {}) =>
  jobOf(id, {
    ...{ minGpus: 4, maxGpus: 4, overheadSeconds: 0, microbatches: 5, iterations: 10, submitSeconds },
    ...fields,
  });
const cheapFirst = fleetOf(
  [
    { gpus: 4, price: 0.1 },
    { gpus: 4, price: 0.2 },
  ],
  () => 0,
);
const oneRegion = fleetOf([{ gpus: 4, price: 0.2 }], () => 0);

const at = (atSeconds: number, fact: SaidFact): Said => ({ atSeconds, fact });
const run = (fleet: Fleet, jobs: readonly Job[], said: readonly Said[], policy: PolicyName = "lcf") =>
  simulate({ fleet, jobs, said, policy: createPolicy(policy), timeModel: "overlapped" });
const stays = ({ jobs }: ReturnType<typeof run>) =>
  jobs.map(({ endSeconds, placement, startSeconds }) => [
    ...[startSeconds, endSeconds],
    placement.map(({ region }) => region).join(),
  ]);
const observed = (observedAtSeconds: number) => ({ source: "test", observedAtSeconds });

describe("operators", () => {
  it("cordon a region: what runs there goes on, nobody starts there until it is open", () => {
    const said = [
      at(10, { kind: "region-cordoned", region: "r0" }),
      at(100, { kind: "region-uncordoned", region: "r0" }),
    ];
    const jobs = [four("a"), four("b", 20), four("c", 70), four("d", 110)];
    expect(stays(run(cheapFirst, jobs, said))).toEqual([
      [0, 60, "r0"],
      [20, 80, "r1"],
      [80, 140, "r1"],
      [110, 170, "r0"],
    ]);
  });

  it("drain a region: its jobs go on elsewhere from the last whole iteration, and have not failed", () => {
    const result = run(cheapFirst, [four("a")], [at(33, { kind: "region-drained", region: "r0" })]);
    expect(stays(result)).toEqual([[0, 33 + 5 * 6, "r1"]]);
    expect(result.jobs[0]).toMatchObject({ epochs: 2, outcome: "finished" });
  });

  it("hold a job, which runs or waits, until they release it; of others it means nothing", () => {
    const said = [
      at(1, { kind: "held", jobId: "c" }),
      at(33, { kind: "held", jobId: "a" }),
      at(40, { kind: "held", jobId: "b" }),
      at(100, { kind: "released", jobId: "a" }),
      at(200, { kind: "released", jobId: "b" }),
    ];
    const result = run(oneRegion, [four("a"), four("b", 36), four("c", 230)], said);
    // b begins at 36, is stopped at 40 before its first iteration is done, and comes back when it may.
    expect(stays(result)).toEqual([
      [0, 100 + 5 * 6, "r0"],
      [36, 200 + 60, "r0"],
      [260, 320, "r0"],
    ]);
  });
});

describe("feeds", () => {
  it("prices and carbon intensities are paid from when they were heard of until they expire", () => {
    const said = [
      at(30, { kind: "price-changed", region: "r0", priceUsdPerKwh: 0.4, ...observed(30) }),
      at(30, { kind: "carbon-changed", region: "r0", carbonGramsPerKwh: 500, ...observed(20) }),
    ];
    const [job] = run(oneRegion, [four("a")], said).jobs;
    expect(job!.electricityUsd).toBeCloseTo((4 * 300 * (30 * 0.2 + 30 * 0.4)) / 3.6e6, 12);
    expect(job!.carbonKg).toBeCloseTo((4 * 300 * 30 * 0.5) / 3.6e6, 12);
    const long = four("a", 0, { iterations: 10_000 });
    const priced = run(oneRegion, [long], [said[0]!]).jobs[0]!;
    const freshSeconds = 3 * 3600;
    expect(priced.electricityUsd).toBeCloseTo(
      (4 * 300 * (freshSeconds * 0.4 + (60_000 - freshSeconds) * 0.2)) / 3.6e6,
      9,
    );
  });

  it("a link carries what was last said of it, and is believed to as long as that is fresh", () => {
    // Two GPUs, one on each side: a message of 2 Gbit takes 2 s at 1 Gbit/s, so an iteration 5 · 2 s, and twice that at half.
    const twoSides = fleetOf([{ gpus: 1 }, { gpus: 1 }], () => 1);
    const pair = four("a", 0, {
      ...{ minGpus: 2, maxGpus: 2, microbatches: 4, activationBytes: 250e6, iterations: 1000 },
    });
    const halved: SaidFact = {
      ...{ kind: "link-changed", from: "r0", to: "r1", bandwidthBitsPerSecond: 0.5e9 },
      ...observed(34),
    };
    const ends = (said: readonly Said[]) => run(twoSides, [pair], said, "cr-lcf").jobs[0]!.endSeconds!;
    const [whole, half] = [ends([]) / 1000, (2 * ends([])) / 1000];
    expect(ends([at(35, halved)])).toBeCloseTo(35 + (1000 - 35 / whole) * half, 6);
    // And back, by another observation.
    const restored = { ...halved, bandwidthBitsPerSecond: 1e9, ...observed(5034) };
    const done = 35 / whole + 5000 / half;
    expect(ends([at(35, halved), at(5035, restored)])).toBeCloseTo(5035 + (1000 - done) * whole, 6);
    // Who comes later reserves what is planned with, 94 % of what was observed, and gets no more.
    expect(ends([at(0, { ...halved, ...observed(0) })]) / 1000 / half).toBeCloseTo(1 / 0.936, 6);
  });

  it("what cannot be, or is too old, changes nothing, as in the service", () => {
    const said = [
      at(10, { kind: "price-changed", region: "nowhere", priceUsdPerKwh: 0.4, ...observed(10) }),
      at(10, { kind: "price-changed", region: "r0", priceUsdPerKwh: 1e9, ...observed(10) }),
      at(10, { kind: "price-changed", region: "r0", priceUsdPerKwh: 0.4, ...observed(-1e6) }),
    ];
    expect(run(oneRegion, [four("a")], said)).toEqual(run(oneRegion, [four("a")], []));
  });
});

describe("the fleet", () => {
  it("gets smaller and greater: who runs stays, who waits is not infeasible", () => {
    const said = [
      at(10, { kind: "capacity-changed", region: "r0", gpus: 0 }),
      at(100, { kind: "capacity-changed", region: "r0", gpus: 4 }),
    ];
    for (const name of Object.keys(POLICIES) as PolicyName[])
      expect([name, stays(run(oneRegion, [four("a"), four("b", 20)], said, name))]).toEqual([
        name,
        [
          [0, 60, "r0"],
          [100, 160, "r0"],
        ],
      ]);
  });

  it("is loaded again: what was said of it before still holds, where the file says nothing new", () => {
    const [cheap, dear] = cheapFirst.regions;
    const greater: Fleet = { ...cheapFirst, regions: [cheap!, { ...dear!, gpus: 8 }] };
    const said = [
      at(10, { kind: "region-cordoned", region: "r0" }),
      at(20, { kind: "fleet-loaded", fleet: greater }),
    ];
    const jobs = [four("a"), four("b", 15), four("c", 30)];
    expect(stays(run(cheapFirst, jobs, said))).toEqual([
      [0, 60, "r0"],
      [15, 75, "r1"],
      [30, 90, "r1"],
    ]);
  });
});
