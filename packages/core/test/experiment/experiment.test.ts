// Random scenarios, what is compared on them, what the paper says about it, and the statistics of it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BASELINES,
  contender,
  DIRECTIONS,
  deadlinesKeptShare,
  drawScenario,
  FAMILIES,
  type Family,
  LENIENT_BASELINES,
  meanOf,
  moreJobs,
  type Outcomes,
  PLUS_ABLATIONS,
  quantile,
  quartilesOf,
  type RealWorld,
  STUDY_POLICIES,
  savings,
  scaledFleet,
  shareOf,
  spreadOf,
  TREND_DIRECTION,
  UNSCALED,
} from "../../src/experiment/index.ts";
import { POLICIES } from "../../src/scheduler/registry.ts";
import { simulate } from "../../src/simulator/engine.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";

/** Eight regions with a price for every hour of a year; two of them were never measured against each other. */
const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"];
const WORLD: RealWorld = {
  regions: NAMES.map((name, i) => ({
    name,
    prices: {
      kind: "series",
      startSeconds: 0,
      stepSeconds: 3600,
      values: Array.from({ length: 366 * 24 }, (_, hour) => 0.05 + 0.01 * i + 0.001 * (hour % 24)),
    },
  })),
  links: NAMES.flatMap((from, i) =>
    NAMES.slice(i + 1).flatMap((to) =>
      from === "a" && to === "b"
        ? []
        : [
            { from, to, bitsPerSecond: 2e9, roundTripSeconds: 0.1 },
            { from: to, to: from, bitsPerSecond: 1e9, roundTripSeconds: 0.12 },
          ],
    ),
  ),
};
const anyFamily = fc.constantFrom(...FAMILIES);
const anySeed = fc.integer({ min: 1, max: 100_000 });
const draw = (family: Family, seed: number, scale = UNSCALED) => drawScenario(family, seed, WORLD, scale);

describe("a random scenario", () => {
  it("is the same for the same family and seed, and another one for another", () => {
    fc.assert(
      fc.property(anyFamily, anySeed, (family, seed) => {
        expect(draw(family, seed)).toEqual(draw(family, seed));
        expect(draw(family, seed)).not.toEqual(draw(family, seed + 1));
      }),
      { numRuns: 30 },
    );
  });

  it("has links both ways, GPUs everywhere, jobs in order of submission that can run, and a bound on them", () => {
    const scales = fc.record({
      gpus: fc.constantFrom(0.01, 0.5, 1, 1.25),
      bandwidth: fc.constantFrom(0.3, 1),
      jobs: fc.constantFrom(undefined, 1, 24),
    });
    fc.assert(
      fc.property(anyFamily, anySeed, scales, (family, seed, scale) => {
        const { fleet, jobs } = draw(family, seed, scale);
        expect(new Set(fleet.regions.map(({ name }) => name)).size).toBe(6);
        for (const { gpus, tariff } of fleet.regions) {
          expect(gpus).toBeGreaterThanOrEqual(1);
          expect(tariff.kind).toBe(family === "wan-hourly" || family === "wan-deadlines" ? "series" : "flat");
        }
        expect(fleet.links).toHaveLength(6 * 5);
        for (const { bandwidthBitsPerSecond, from, latencySeconds, to } of fleet.links) {
          expect(Number.isInteger(bandwidthBitsPerSecond) && bandwidthBitsPerSecond > 0).toBe(true);
          expect(latencySeconds > 0 || !family.startsWith("wan")).toBe(true);
          expect(fleet.links).toContainEqual(
            expect.objectContaining({ from: to, to: from, bandwidthBitsPerSecond, latencySeconds }),
          );
        }
        expect(scale.jobs ?? Math.min(24, Math.max(8, jobs.length))).toBe(jobs.length);
        expect(new Set(jobs.map(({ id }) => id)).size).toBe(jobs.length);
        jobs.forEach((job, i) => {
          expect(job.submitSeconds).toBeGreaterThanOrEqual(i === 0 ? 0 : jobs[i - 1]!.submitSeconds);
          expect(job.minGpus).toBeGreaterThanOrEqual(1);
          expect(job.maxGpus).toBeGreaterThanOrEqual(job.minGpus);
          expect(job.layers).toBeGreaterThanOrEqual(job.maxGpus);
          expect(job.iterations).toBeGreaterThanOrEqual(1);
          expect(job.deadlineSeconds !== undefined).toBe(family === "wan-deadlines");
          expect(job.deadlineSeconds ?? 1).toBeGreaterThan(0);
        });
      }),
      { numRuns: 60 },
    );
  });

  it("changes in nothing but bandwidth with the scale of bandwidth", () => {
    fc.assert(
      fc.property(anyFamily, anySeed, (family, seed) => {
        const [whole, half] = [draw(family, seed), draw(family, seed, { gpus: 1, bandwidth: 0.5 })];
        const links = whole.fleet.links.map((link) => ({
          ...link,
          bandwidthBitsPerSecond: expect.closeTo(link.bandwidthBitsPerSecond / 2, -1),
        }));
        expect(half).toEqual({ ...whole, fleet: { ...whole.fleet, links } });
      }),
      { numRuns: 30 },
    );
  });

  it("keeps rules, prices, links and the work of its jobs whatever the GPUs and the number of jobs", () => {
    const works = (jobs: ReturnType<typeof draw>["jobs"]) =>
      jobs.map(({ id, iterations, microbatches, work }) => ({ id, iterations, microbatches, work }));
    fc.assert(
      fc.property(anyFamily, anySeed, (family, seed) => {
        const whole = draw(family, seed);
        const scaled = draw(family, seed, { gpus: 0.5, bandwidth: 1, jobs: 40 });
        expect(scaled.policies).toEqual(whole.policies);
        expect(scaled.fleet.links).toEqual(whole.fleet.links);
        expect(scaled.fleet.regions).toEqual(
          whole.fleet.regions.map((region) => ({ ...region, gpus: region.gpus / 2 })),
        );
        expect(scaled.jobs).toHaveLength(40);
        expect(works(scaled.jobs).slice(0, whole.jobs.length)).toEqual(works(whole.jobs));
      }),
      { numRuns: 30 },
    );
  });

  it("takes regions that were never measured to be far apart, and the slower direction for both", () => {
    const seen = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const { links, regions } = draw("wan", seed).fleet;
      for (const { from, latencySeconds, to } of links) {
        const pair = [regions[from]!.name, regions[to]!.name].sort().join("");
        expect(latencySeconds).toBe(pair === "ab" ? 0.125 : 0.06);
        seen.add(latencySeconds);
      }
    }
    expect(seen.size).toBe(2);
  });
});

describe("scales of a scenario from a file", () => {
  const fleet = fleetOf([{ gpus: 3 }, { gpus: 64 }], () => 10);

  it("leaves no region without a GPU", () => {
    const scaled = scaledFleet(fleet, { gpus: 0.1, bandwidth: 0.3 });
    expect(scaled.regions.map(({ gpus }) => gpus)).toEqual([1, 6]);
    expect(scaled.links.map(({ bandwidthBitsPerSecond }) => bandwidthBitsPerSecond)).toEqual([3e9, 3e9]);
  });

  it("adds copies of the jobs, each with the iterations of one of them", () => {
    const jobs = [jobOf("a", { iterations: 1 }), jobOf("b", { iterations: 2, minGpus: 8 })];
    const more = moreJobs(jobs, 5, 1);
    expect(more.map(({ id }) => id)).toEqual(["a", "b", "a-2", "b-2", "a-3"]);
    expect(more.map(({ minGpus }) => minGpus)).toEqual([4, 8, 4, 8, 4]);
    for (const { iterations } of more) expect([1, 2]).toContain(iterations);
    expect(moreJobs(jobs, 5, 1)).toEqual(more);
    expect(moreJobs(jobs, 1, 1)).toEqual([jobs[0]]);
  });
});

describe("the paper's findings", () => {
  /** All nine hold. */
  const AS_PUBLISHED: Outcomes = {
    bace: { jctSeconds: 100, usd: 100 },
    lcf: { jctSeconds: 160, usd: 115 },
    ldf: { jctSeconds: 140, usd: 130 },
    "cr-lcf": { jctSeconds: 180, usd: 120 },
    "cr-ldf": { jctSeconds: 150, usd: 125 },
    "bace-no-pathfinder": { jctSeconds: 152, usd: 121 },
    "bace-no-priority": { jctSeconds: 142, usd: 105 },
    "bace-no-costmin": { jctSeconds: 105, usd: 114 },
  };
  const failing = (outcomes: Outcomes) =>
    DIRECTIONS.filter(({ holds }) => !holds(outcomes)).map(({ number }) => number);
  const changed = (figure: "jctSeconds" | "usd", figures: Readonly<Record<string, number>>): Outcomes => ({
    ...AS_PUBLISHED,
    ...Object.fromEntries(
      Object.entries(figures).map(([name, value]) => [name, { ...AS_PUBLISHED[name]!, [figure]: value }]),
    ),
  });
  const baselines = (value: number) => Object.fromEntries(BASELINES.map((name) => [name, value]));

  it("hold in outcomes as published", () => {
    expect(failing(AS_PUBLISHED)).toEqual([]);
    expect(DIRECTIONS.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const [least, most] = savings(AS_PUBLISHED, ({ jctSeconds }) => jctSeconds);
    expect([least, most]).toEqual([1 - 100 / 140, 1 - 100 / 180]);
  });

  it.each([
    [1, "a baseline has as good a JCT", changed("jctSeconds", { ldf: 100 })],
    [2, "a baseline has as low a cost", changed("usd", { "cr-ldf": 100 })],
    [3, "CR-LDF does as well as LDF", changed("jctSeconds", { "cr-ldf": 140 })],
    [4, "CR-LCF does better than LCF", changed("jctSeconds", { "cr-lcf": 150 })],
    [5, "cost-min is missed more than priority in JCT", changed("jctSeconds", { "bace-no-costmin": 143 })],
    [5, "priority is missed most in JCT", changed("jctSeconds", { "bace-no-priority": 153 })],
    [6, "priority is missed more than cost-min in cost", changed("usd", { "bace-no-priority": 115 })],
    [
      7,
      "BACE saves too little JCT",
      changed("jctSeconds", { lcf: 120, ldf: 130, "cr-lcf": 125, "cr-ldf": 135 }),
    ],
    [
      7,
      "BACE saves too much JCT",
      changed("jctSeconds", { lcf: 400, ldf: 300, "cr-lcf": 450, "cr-ldf": 350 }),
    ],
    [8, "BACE saves too little cost", changed("usd", baselines(105))],
    [8, "BACE saves too much cost", changed("usd", baselines(200))],
  ])("(%i) fails alone where %s", (number, _, outcomes) => {
    expect(failing(outcomes)).toEqual([number]);
  });

  it("(9) holds where BACE has the best JCT at every scale, and at none less", () => {
    const { holds, number } = TREND_DIRECTION;
    expect(number).toBe(9);
    expect(holds([AS_PUBLISHED, AS_PUBLISHED])).toBe(true);
    expect(holds([AS_PUBLISHED, changed("jctSeconds", { lcf: 99 })])).toBe(false);
  });
});

describe("statistics", () => {
  it("of ratios, in any order", () => {
    const ratios = [4, 1, 2, 8, 16];
    expect(spreadOf(ratios)).toEqual({
      geometricMean: expect.closeTo(4, 12),
      lowerQuartile: 2,
      median: 4,
      upperQuartile: 8,
    });
    expect(ratios).toEqual([4, 1, 2, 8, 16]);
  });

  it("between two values, linearly", () => {
    expect(quartilesOf([1, 2])).toEqual({ lowerQuartile: 1.25, median: 1.5, upperQuartile: 1.75 });
    expect(quantile([0, 10], 0)).toBe(0);
    expect(quantile([0, 10], 1)).toBe(10);
  });

  it("of one value, of ties, of a saving and a loss that cancel out", () => {
    expect(spreadOf([2])).toEqual({
      geometricMean: expect.closeTo(2, 12),
      lowerQuartile: 2,
      median: 2,
      upperQuartile: 2,
    });
    expect(quartilesOf([3, 1, 3, 3, 3])).toEqual({ lowerQuartile: 3, median: 3, upperQuartile: 3 });
    expect(spreadOf([0.5, 2]).geometricMean).toBeCloseTo(1, 12);
  });

  it("of nothing are not numbers", () => {
    const none = Number.NaN;
    expect(spreadOf([])).toEqual({
      geometricMean: none,
      lowerQuartile: none,
      median: none,
      upperQuartile: none,
    });
    expect(meanOf([])).toBeNaN();
    expect(shareOf([], () => true)).toBeNaN();
  });

  it("shares and means", () => {
    expect(shareOf([1, 2, 3, 4], (value) => value > 1)).toBe(0.75);
    expect(meanOf([1, 2, 6])).toBe(3);
  });
});

describe("deadlines kept", () => {
  const jobs = [
    jobOf("kept", { deadlineSeconds: 10, submitSeconds: 100 }),
    jobOf("late", { deadlineSeconds: 10 }),
    jobOf("never", { deadlineSeconds: 10 }),
    jobOf("free"),
  ];
  const results = [
    { id: "kept", jctSeconds: 10 },
    { id: "late", jctSeconds: 10.5 },
    { id: "never", jctSeconds: null },
    { id: "free", jctSeconds: 1000 },
  ];

  it("count from submission, over the jobs that have one; who never finishes misses its own", () => {
    expect(deadlinesKeptShare(jobs, results)).toBe(1 / 3);
  });

  it("are null where no job has one", () => {
    expect(deadlinesKeptShare([jobOf("free")], results)).toBeNull();
  });
});

describe("contenders", () => {
  it.each([
    ...Object.keys(POLICIES),
    ...STUDY_POLICIES,
    ...LENIENT_BASELINES,
    ...Object.keys(PLUS_ABLATIONS),
  ])("%s is a policy that decides", (name) => {
    const { fleet, jobs, payIdleGpus, policies, timeModel } = draw("wan", 1);
    const policy = contender(name, policies);
    const first = jobs.slice(0, 2);
    expect(simulate({ fleet, jobs: first, payIdleGpus, timeModel, policy }).finishedJobs).toBe(2);
  });

  it.each(["", "best", "bace-lenient", "lcf-lenient-lenient"])("%j is none", (name) => {
    expect(() => contender(name, {})).toThrow(`there is no contender "${name}"`);
  });

  it("a lenient baseline lets others pass a job that has to wait, and takes fewer GPUs than the best number", () => {
    const fleet = fleetOf([{ gpus: 8 }], () => 0);
    const jobs = [
      jobOf("first", { minGpus: 6, maxGpus: 6 }),
      jobOf("large", { minGpus: 8, maxGpus: 8 }),
      jobOf("small", { minGpus: 1, maxGpus: 4 }),
    ];
    const startsAndGpus = (name: string) => {
      const result = simulate({ fleet, jobs, timeModel: "1f1b", policy: contender(name, {}) });
      const { placement, startSeconds } = result.jobs.find(({ id }) => id === "small")!;
      return { now: startSeconds === 0, gpus: placement[0]!.gpus };
    };
    expect(startsAndGpus("lcf")).toEqual({ now: false, gpus: 4 });
    expect(startsAndGpus("lcf-lenient")).toEqual({ now: true, gpus: 2 });
  });
});
