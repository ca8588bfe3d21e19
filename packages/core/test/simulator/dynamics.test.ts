// What time does to jobs that run: shared links, links that change, regions that shrink or fail, random interruptions.
// Worked out by hand. Jobs are placed as told, so that only the simulator's physics is tested.
//
// The job below on two GPUs, one on each side of a link, times by `overlapped`: t = (1 + 2) s / 2 = 1.5 s, a message of
// 2 Gbit takes 2 s at 1 Gbit/s, so an iteration takes (4 + 2 − 1) · max(1.5, 2) = 10 s, and 20 s at half the rate.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { State } from "../../src/control/state.ts";
import { iterationSeconds } from "../../src/cost/iteration-time.ts";
import type { Job } from "../../src/cost/job.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import { copyLedger, holdAnyway, openLedger, type Placement, reserve } from "../../src/fleet/ledger.ts";
import type { Decision, Explanation, Policy } from "../../src/scheduler/policy.ts";
import { createPolicy, POLICIES, type PolicyName } from "../../src/scheduler/registry.ts";
import type { Disruption } from "../../src/simulator/disruption.ts";
import { type Simulation, simulate } from "../../src/simulator/engine.ts";
import { fleetOf, fleets, jobOf, workloads } from "../support/fleets.ts";

const GBIT = 1e9;
const across: Placement = { regions: [0, 1], gpus: [1, 1], hopBitsPerSecond: [0.4 * GBIT] };
const twoSides = fleetOf([{ gpus: 4 }, { gpus: 4 }], () => 1);
const pair = (id: string, fields: Partial<Job> = {}) =>
  jobOf(id, {
    ...{ microbatches: 4, iterations: 10, activationBytes: 250e6, overheadSeconds: 0 },
    ...{ minGpus: 2, maxGpus: 2 },
    ...fields,
  });

/** In one region, four GPUs, alone: an iteration takes (5 + 4 − 1) · 3 s / 4 = 6 s, the job 60 s. */
const four = (id: string, fields: Partial<Job> = {}) =>
  jobOf(id, { minGpus: 4, maxGpus: 4, overheadSeconds: 0, microbatches: 5, iterations: 10, ...fields });
const oneRegion = fleetOf([{ gpus: 4, price: 0.2 }], () => 0);

/** Starts each job on the placement that it is told, as soon as there is room. */
function asTold(placementOf: (jobId: string) => Placement): Policy {
  const why: Explanation = {
    ...{ policy: "as-told", position: 1, order: { kind: "fcfs", submitSeconds: 0 } },
    ...{ targetGpus: 1, neededGpus: 1, candidates: [], iterationLowerBoundSeconds: 0 },
  };
  const decide: Policy["decide"] = ({ ledger, queue }) => {
    const left = copyLedger(ledger);
    const decisions = queue.flatMap(({ id }): Decision[] => {
      const placement = placementOf(id);
      if (placement.regions.some((region, i) => left.freeGpus[region]! < placement.gpus[i]!)) return [];
      reserve(left, placement);
      return [{ kind: "start", jobId: id, placement, why }];
    });
    return { decisions };
  };
  return { name: "as-told", description: "", decide, explain: (view) => decide(view).decisions };
}

function run(
  fleet: Fleet,
  jobs: readonly Job[],
  placement: Placement | ((jobId: string) => Placement),
  more: Partial<Simulation> = {},
) {
  const placementOf = typeof placement === "function" ? placement : () => placement;
  return simulate({ fleet, jobs, policy: asTold(placementOf), timeModel: "overlapped", ...more });
}

const ends = ({ jobs }: { jobs: readonly { endSeconds: number | null }[] }) =>
  jobs.map(({ endSeconds }) => endSeconds);

describe("jobs that share a link", () => {
  const shared: Fleet = { ...twoSides, linkModel: "share" };

  it("slow down when another starts and speed up when it ends, between iterations too", () => {
    // a alone for 25 s: 2.5 iterations. Both at half the rate: b's four take 80 s, until 105, and a does four.
    // a's last 3.5 alone: 35 s.
    const jobs = [pair("a"), pair("b", { submitSeconds: 25, iterations: 4 })];
    expect(ends(run(shared, jobs, across))).toEqual([140, 105]);
  });

  it("do not lose time together: a link that is the bottleneck is busy until the last of them ends", () => {
    const iterations = [3, 7, 11, 2];
    const jobs = iterations.map((count, i) => pair(`j${i}`, { iterations: count, submitSeconds: i }));
    // 23 iterations of 10 s each if alone.
    const narrow: Placement = { ...across, hopBitsPerSecond: [0.2 * GBIT] };
    expect(run(shared, jobs, narrow).makespanSeconds).toBeCloseTo(230, 9);
  });

  it("are as fast as they reserved, no faster and no slower, where links are reserved", () => {
    // 2 Gbit at 0.4 Gbit/s: 5 s, an iteration 25 s, for each of them and whoever else is there.
    const jobs = [pair("a"), pair("b", { submitSeconds: 25, iterations: 4 })];
    expect(ends(run(twoSides, jobs, across))).toEqual([250, 125]);
  });
});

describe("a link that changes", () => {
  const whole: Placement = { ...across, hopBitsPerSecond: [GBIT] };
  const halved = (atSeconds: number, bitsPerSecond: number): Disruption => ({
    ...{ kind: "link", from: 0, to: 1, atSeconds },
    bandwidthBitsPerSecond: bitsPerSecond,
  });

  it("moves the end of a job that runs, to the second", () => {
    // 3.5 iterations in 35 s; 6.5 at 20 s.
    const disruptions = [halved(35, 0.5 * GBIT)];
    expect(ends(run(twoSides, [pair("a")], whole, { disruptions }))).toEqual([35 + 6.5 * 20]);
  });

  it("and back again", () => {
    // 3.5 iterations, then 40 s at half the rate: 5.5; 4.5 left.
    const disruptions = [halved(35, 0.5 * GBIT), halved(75, GBIT)];
    expect(ends(run(twoSides, [pair("a")], whole, { disruptions }))).toEqual([75 + 4.5 * 10]);
  });

  it("gives each job its part of what is left", () => {
    // Two jobs with 0.4 Gbit/s each on what is now 0.4 Gbit/s: 0.2 each, so 10 s per message, 50 s per iteration.
    const disruptions = [halved(50, 0.4 * GBIT)];
    const result = run(twoSides, [pair("a"), pair("b", { iterations: 4 })], across, { disruptions });
    // Two iterations of 25 s each by then; b's last two take 100 s; a has four and goes on at 25 s.
    expect(ends(result)).toEqual([150 + 6 * 25, 150]);
  });

  it("by its latency alone, where the time model knows latency", () => {
    const job = pair("a", { activationBytes: 1e6 });
    const slow = { ...twoSides, links: twoSides.links.map((link) => ({ ...link, latencySeconds: 0.5 })) };
    const [before, after] = [twoSides, slow].map((fleet) => iterationSeconds(job, fleet, whole, "1f1b"));
    expect(after!).toBeGreaterThan(before!);
    const disruptions = (
      [
        [0, 1],
        [1, 0],
      ] as const
    ).map(([from, to]): Disruption => ({ kind: "link", from, to, atSeconds: 20, latencySeconds: 0.5 }));
    const [end] = ends(run(twoSides, [job], whole, { disruptions, timeModel: "1f1b" }));
    expect(end).toBeCloseTo(20 + (10 - 20 / before!) * after!, 9);
  });
});

describe("a region that shrinks", () => {
  const capacity = (atSeconds: number, gpus: number): Disruption => ({
    ...{ kind: "capacity", region: 0 },
    atSeconds,
    gpus,
  });
  const policy = createPolicy("lcf");

  it("keeps the jobs that run and starts nobody; growing again starts who waited", () => {
    const jobs = [four("a"), four("b", { submitSeconds: 5 })];
    const disruptions = [capacity(10, 0), capacity(100, 4)];
    const result = run(oneRegion, jobs, { regions: [0], gpus: [4], hopBitsPerSecond: [] }, { disruptions });
    expect(result.jobs.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds])).toEqual([
      [0, 60],
      [100, 160],
    ]);
  });

  it("for good: who waited is infeasible, and GPUs that are still held are still there", () => {
    const jobs = [four("a"), four("b", { submitSeconds: 5 })];
    const disruptions = [capacity(10, 0)];
    const result = simulate({ fleet: oneRegion, jobs, policy, timeModel: "overlapped", disruptions });
    expect(result.jobs.map(({ outcome }) => outcome)).toEqual(["finished", "infeasible"]);
    expect(result.gpuUtilization).toBe(1);
  });
});

describe("a region that fails", () => {
  const outage = (atSeconds: number, downSeconds: number, region = 0): Disruption => ({
    ...{ kind: "outage", region },
    atSeconds,
    downSeconds,
  });
  const here: Placement = { regions: [0], gpus: [4], hopBitsPerSecond: [] };
  const checkpoints = { gpuSecondsBetween: 1e12, checkpointIterations: 4 };

  it("interrupts its jobs, which go on from their last checkpoint when it is back; both epochs are paid", () => {
    // 5.5 iterations in 33 s, 4 of them in a checkpoint; 6 more from 133 s.
    const disruptions = [outage(33, 100)];
    const result = run(oneRegion, [four("a")], here, { disruptions, failures: checkpoints });
    expect(result.jobs[0]).toMatchObject({ epochs: 2, startSeconds: 0, endSeconds: 133 + 36 });
    expect(result.electricityUsd).toBeCloseTo((4 * 300 * (33 + 36) * 0.2) / 3.6e6, 12);
    expect(result.energyKwh).toBeCloseTo((4 * 300 * (33 + 36)) / 3.6e6, 12);
  });

  it("costs what was begun of an iteration, no more, where nothing is said of checkpoints", () => {
    const result = run(oneRegion, [four("a")], here, { disruptions: [outage(33, 100)] });
    expect(ends(result)).toEqual([133 + 5 * 6]);
  });

  it("lets its jobs back no sooner than after the pause that the service makes after a failure", () => {
    const result = run(oneRegion, [four("a")], here, { disruptions: [outage(33, 1)] });
    expect(ends(result)).toEqual([35 + 5 * 6]);
  });

  it("leaves nobody infeasible who only has to wait until it is back", () => {
    const jobs = [four("a"), four("b", { submitSeconds: 40 })];
    const disruptions = [outage(33, 100)];
    for (const name of Object.keys(POLICIES) as PolicyName[]) {
      const result = simulate({
        ...{ fleet: oneRegion, jobs, timeModel: "overlapped", disruptions },
        policy: createPolicy(name),
      });
      // One of them from 133 s on, the other after it: 5 and 10 iterations of 6 s.
      expect([name, result.finishedJobs, result.makespanSeconds]).toEqual([name, 2, 133 + 15 * 6]);
    }
  });

  it("ends a job that has only a part there, and gives back its GPUs elsewhere and its bandwidth", () => {
    // b takes the other side's four GPUs as soon as a's launch there is gone.
    const all: Placement = { ...across, gpus: [4, 4] };
    const jobs = [pair("a", { minGpus: 8, maxGpus: 8 }), four("b", { submitSeconds: 1 })];
    const placementOf = (id: string) => (id === "a" ? all : { ...here, regions: [1] });
    const result = run(twoSides, jobs, placementOf, { disruptions: [outage(20, 1000)] });
    expect(result.jobs[1]).toMatchObject({ startSeconds: 20, endSeconds: 80 });
    expect(result.jobs[0]).toMatchObject({ epochs: 2, outcome: "finished" });
  });

  it("twice at once is back when both are over", () => {
    const disruptions = [outage(33, 100), outage(50, 10)];
    expect(ends(run(oneRegion, [four("a")], here, { disruptions }))).toEqual([133 + 30]);
  });

  it("comes back with the capacity that it was given meanwhile, not sooner", () => {
    const small = run(oneRegion, [four("a")], here, {
      disruptions: [outage(33, 100), { kind: "capacity", atSeconds: 40, region: 0, gpus: 3 }],
    });
    expect(small.jobs[0]!.outcome).toBe("unfinished");
    const same = run(oneRegion, [four("a")], here, {
      disruptions: [outage(33, 100), { kind: "capacity", atSeconds: 40, region: 0, gpus: 4 }],
    });
    expect(ends(same)).toEqual([133 + 30]);
  });
});

describe("random failures", () => {
  const failures = { gpuSecondsBetween: 1000, checkpointIterations: 5 };
  const own = (jobId: string): Placement => ({
    regions: [jobId === "a" ? 0 : 1],
    gpus: [4],
    hopBitsPerSecond: [],
  });
  /** A job of 4 · 600 GPU-seconds: 2.4 interruptions if it lost nothing to them. */
  const long = (id: string) => four(id, { iterations: 100 });
  const outcome = (seed: number, ids = ["a"]) =>
    JSON.stringify(run(twoSides, ids.map(long), own, { failures, seed }).jobs[0]);

  it("are the same for the same seed and differ between seeds", () => {
    const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(seeds.map((seed) => outcome(seed))).toEqual(seeds.map((seed) => outcome(seed)));
    expect(new Set(seeds.map((seed) => outcome(seed))).size).toBeGreaterThan(15);
  });

  it("of one job do not depend on the others", () => {
    for (const seed of [1, 2, 3]) expect(outcome(seed, ["a", "b"])).toBe(outcome(seed));
  });

  it("come as often as is said: e^(−GPU-seconds / between) of the jobs see none", () => {
    const count = 1000;
    const fleet = fleetOf([{ gpus: count }], () => 0);
    const single = { minGpus: 1, maxGpus: 1, microbatches: 1, iterations: 100, overheadSeconds: 0 };
    const work = { kind: "seconds", forwardSeconds: 0.4, backwardSeconds: 0.6 } as const;
    const jobs = Array.from({ length: count }, (_, i) => jobOf(`j${i}`, { ...single, work }));
    const result = run(fleet, jobs, { regions: [0], gpus: [1], hopBitsPerSecond: [] }, { failures });
    const untouched = result.jobs.filter(({ epochs }) => epochs === 1).length;
    const expected = count * Math.exp(-100 / 1000);
    const deviation = Math.sqrt(expected * (1 - expected / count));
    expect(Math.abs(untouched - expected)).toBeLessThan(4 * deviation);
  });

  it("give a job up after five epochs, as the service does", () => {
    const often = { gpuSecondsBetween: 1, checkpointIterations: 100 };
    const [result] = run(twoSides, [long("a")], own, { failures: often }).jobs;
    expect(result).toMatchObject({ outcome: "failed", epochs: 5, endSeconds: null });
  });
});

describe("whatever happens to the fleet", () => {
  const second = fc.integer({ min: 0, max: 20_000 });
  const disruptionsOf = (fleet: Fleet): fc.Arbitrary<Disruption[]> => {
    const region = fc.nat({ max: fleet.regions.length - 1 });
    const gpus = fc.integer({ min: 0, max: 24 });
    const downSeconds = fc.integer({ min: 1, max: 5000 });
    const kinds: fc.Arbitrary<Disruption>[] = [
      fc.record({ kind: fc.constant("capacity" as const), atSeconds: second, region, gpus }),
      fc.record({ kind: fc.constant("outage" as const), atSeconds: second, region, downSeconds }),
    ];
    if (fleet.links.length > 0)
      kinds.push(
        fc
          .tuple(second, fc.constantFrom(...fleet.links), fc.integer({ min: 1, max: 20_000 }), fc.nat(300))
          .map(([atSeconds, { from, to }, megabits, milliseconds]) => ({
            ...({ kind: "link", from, to, atSeconds } as const),
            bandwidthBitsPerSecond: megabits * 1e6,
            latencySeconds: milliseconds / 1000,
          })),
      );
    return fc.array(fc.oneof(...kinds), { maxLength: 8 });
  };
  const cases = fleets.chain((fleet) =>
    fc.record({
      fleet: fc.boolean().map((share): Fleet => (share ? { ...fleet, linkModel: "share" } : fleet)),
      jobs: workloads,
      disruptions: disruptionsOf(fleet),
      failures: fc.constantFrom(undefined, { gpuSecondsBetween: 20_000, checkpointIterations: 7 }),
      seed: fc.nat(1000),
      policy: fc.constantFrom(...(Object.keys(POLICIES) as PolicyName[])),
      timeModel: fc.constantFrom("overlapped" as const, "1f1b" as const),
    }),
  );

  /** The ledger is what the active jobs hold, at every instant. */
  const expectBalance = ({ active, fleet, jobs, ledger }: State) => {
    const expected = openLedger(fleet!);
    for (const id of active) holdAnyway(expected, jobs.get(id)!.epoch!.placement);
    expect(ledger!.freeGpus).toEqual(expected.freeGpus);
    expect(ledger!.reservedBitsPerSecond).toEqual(expected.reservedBitsPerSecond);
    expect(ledger!.jobsOnHop).toEqual(expected.jobsOnHop);
  };

  it("the ledger balances at every instant, nobody is left running, and the same input gives the same bytes", () => {
    fc.assert(
      fc.property(cases, ({ failures, policy, ...input }) => {
        const once = () => {
          let last: State | undefined;
          const result = simulate({
            ...input,
            ...(failures ? { failures } : {}),
            policy: createPolicy(policy),
            onInstant: (state) => {
              last = state;
              expectBalance(state);
            },
          });
          expect(last!.active.size).toBe(0);
          return result;
        };
        const result = once();
        expect(result.jobs).toHaveLength(input.jobs.length);
        expect(result.gpuUtilization).toBeLessThanOrEqual(1);
        expect(JSON.stringify(once())).toBe(JSON.stringify(result));
      }),
      { numRuns: 150 },
    );
  });
});
