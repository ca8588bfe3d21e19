// Random scenarios. Every draw has streams of its own by name, so that one more choice in one place shifts nothing else.
//   paper-open  the paper's setting with everything that it leaves open drawn too: rules, time model, sharing, arrivals
//   paper-like  six regions, 25 to 100 Gbit/s, the paper's prices; iterations timed by their schedule, latency included
//   wan         regions, round trips and rates as measured between real ones, 1 to 10 Gbit/s; the year's mean prices
//   wan-hourly  the same with hourly prices from a random hour of 2024
//   wan-deadlines  the same, and every job may take half a day to four days longer than it would alone
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import type { Fleet, Link, Region } from "../fleet/fleet.ts";
import type { GpuType } from "../fleet/gpu-types.ts";
import { flat, mean, type Series } from "../fleet/series.ts";
import type { PolicyOverrides } from "../scheduler/registry.ts";
import { idealOf } from "../scheduler/target.ts";
import { exponential } from "../simulator/exponential.ts";
import { type RandomStream, randomStream } from "../simulator/random.ts";
import { SECONDS_PER_DAY, SECONDS_PER_HOUR } from "../units.ts";
import { SEQUENCE_LENGTH, STATE_BYTES_PER_PARAMETER, STUDY_MODELS, STUDY_TOKENS } from "./models.ts";

export const FAMILIES = ["paper-open", "paper-like", "wan", "wan-hourly", "wan-deadlines"] as const;
export type Family = (typeof FAMILIES)[number];

/** A real network: what scenarios/data holds. */
export interface RealWorld {
  readonly regions: readonly { readonly name: string; readonly prices: Series }[];
  /** Directed, by name. */
  readonly links: readonly {
    readonly from: string;
    readonly to: string;
    readonly bitsPerSecond: number;
    readonly roundTripSeconds: number;
  }[];
}

export interface DrawnScenario {
  readonly fleet: Fleet;
  readonly jobs: readonly Job[];
  readonly timeModel: TimeModel;
  readonly payIdleGpus: boolean;
  readonly policies: PolicyOverrides;
}

export interface Scale {
  readonly gpus: number;
  readonly bandwidth: number;
  /** Drawn between 8 and 24 where absent. */
  readonly jobs?: number | undefined;
}

export const UNSCALED: Scale = { gpus: 1, bandwidth: 1 };

const A6000: GpuType = {
  name: "A6000",
  peakFlopsPerSecond: 154.8e12,
  memoryBytes: 48e9,
  busyWatts: 300,
  idleWatts: 75,
};
const PAPER_CITIES = ["ireland", "ohio", "frankfurt", "tokyo", "singapore", "sydney"];
const GPU_COUNTS = [16, 32, 64, 128];

export function drawScenario(
  family: Family,
  seed: number,
  world: RealWorld,
  scale: Scale = UNSCALED,
): DrawnScenario {
  const stream = (name: string) => randomStream(seed, `${family}/${name}`);
  const rules = family === "paper-open" ? drawRules(stream("rules")) : TRUE_RULES;
  const hardware = stream("hardware");
  const gpus = () => Math.max(1, Math.round(pick(hardware, GPU_COUNTS) * scale.gpus));
  const cities = family.startsWith("wan")
    ? sample(
        stream("cities"),
        world.regions.map(({ name }) => name),
        6,
      )
    : PAPER_CITIES;
  const prices = stream("prices");
  const startSeconds = Math.floor(prices() * 300 * 24) * SECONDS_PER_HOUR;
  const regions = cities.map((name): Region => {
    const known = world.regions.find((region) => region.name === name)?.prices;
    const tariff =
      family === "wan-hourly" || family === "wan-deadlines"
        ? shifted(known!, startSeconds)
        : family === "wan"
          ? flat(yearMean(known!))
          : flat(between(prices, 0.156, 0.295));
    return { name, gpuType: A6000, gpus: gpus(), tariff, pue: 1 };
  });
  const links = drawLinks(stream("links"), family, cities, world, scale.bandwidth * rules.bandwidthShare);
  const linkModel = rules.linkModel === "share" ? { linkModel: "share" as const } : {};
  const fleet: Fleet = { name: `${family} ${seed}`, regions, links, ...linkModel };
  const jobs = drawJobs(stream("jobs"), fleet, rules, scale.jobs);
  const slack = stream("slack");
  return {
    fleet,
    jobs: family === "wan-deadlines" ? jobs.map((job) => withDeadline(job, fleet, slack)) : jobs,
    timeModel: rules.timeModel,
    payIdleGpus: rules.payIdleGpus,
    policies: rules.policies,
  };
}

/** What the paper leaves open, besides the fleet and the jobs. */
interface Rules {
  readonly timeModel: TimeModel;
  readonly linkModel: "reserve" | "share";
  readonly payIdleGpus: boolean;
  readonly policies: PolicyOverrides;
  /** Part of the nominal bandwidth that is usable. */
  readonly bandwidthShare: number;
  readonly arrivals: "at-once" | "poisson" | "either";
  readonly microbatches: readonly number[];
  /** Share of the GPU's dense peak; 2 is the marketing peak that some studies compute with. */
  readonly efficiency: readonly [least: number, most: number];
  readonly mostGpus: "layers" | number;
}

const TRUE_RULES: Rules = {
  timeModel: "1f1b",
  linkModel: "reserve",
  payIdleGpus: false,
  policies: {},
  bandwidthShare: 1,
  arrivals: "either",
  microbatches: [64, 128, 256],
  efficiency: [0.3, 0.55],
  mostGpus: "layers",
};

function drawRules(stream: RandomStream): Rules {
  const start = pick(stream, ["exact", "minimum"] as const);
  const bandwidthNeed = pick(stream, ["forward", "full"] as const);
  const round = { start, bandwidthNeed };
  const baseline = { ...round, queue: pick(stream, ["skip", "block"] as const) };
  const pooled = { ...baseline, hopTest: pick(stream, ["floor", "need"] as const) };
  const bace = {
    ...round,
    alpha: pick(stream, ["mean", "max"] as const),
    normalization: pick(stream, ["max", "rank"] as const),
    reorder: pick(stream, ["round", "start"] as const),
    seed: pick(stream, ["most-free", "cheapest", "all"] as const),
    ends: pick(stream, ["tail", "both"] as const),
    trim: pick(stream, [true, false]),
  };
  return {
    timeModel: pick(stream, ["overlapped", "serial"] as const),
    linkModel: pick(stream, ["reserve", "share"] as const),
    payIdleGpus: pick(stream, [true, false]),
    policies: { bace, lcf: baseline, ldf: baseline, "cr-lcf": pooled, "cr-ldf": pooled },
    bandwidthShare: pick(stream, [0.25, 1]),
    arrivals: pick(stream, ["at-once", "poisson"] as const),
    microbatches: [pick(stream, [32, 64, 128, 256])],
    efficiency: pick(stream, [
      [0.4, 0.4],
      [1, 1],
      [2, 2],
    ] as const),
    mostGpus: pick(stream, ["layers", 64, 128] as const),
  };
}

function drawLinks(
  stream: RandomStream,
  family: Family,
  cities: readonly string[],
  world: RealWorld,
  share: number,
): Link[] {
  const ends = cities.map(() => between(stream, 25e9, 100e9));
  return cities.flatMap((_, a) =>
    cities.slice(a + 1).flatMap((__, offset): Link[] => {
      const b = a + 1 + offset;
      const measured = measuredBetween(world, cities[a]!, cities[b]!);
      const gateways = 1 + Math.floor(stream() * 3);
      const nominal = family.startsWith("wan")
        ? Math.min(10e9, Math.max(1e9, gateways * measured.bitsPerSecond))
        : (ends[a]! + ends[b]!) / 2;
      const link = {
        bandwidthBitsPerSecond: Math.floor(nominal * share),
        latencySeconds: measured.roundTripSeconds / 2,
        egressUsdPerGb: 0, // electricity is the only cost, as in the paper
      };
      return [
        { from: a, to: b, ...link },
        { from: b, to: a, ...link },
      ];
    }),
  );
}

/** The slower direction; what is not known is taken to be far away and thin. */
function measuredBetween({ links }: RealWorld, a: string, b: string) {
  const both = links.filter(({ from, to }) => (from === a && to === b) || (from === b && to === a));
  return {
    bitsPerSecond: both.reduce((least, link) => Math.min(least, link.bitsPerSecond), 4e9),
    roundTripSeconds: both.reduce((most, link) => Math.max(most, link.roundTripSeconds), 0) || 0.25,
  };
}

function drawJobs(stream: RandomStream, fleet: Fleet, rules: Rules, asked: number | undefined): Job[] {
  const drawn = 8 + Math.floor(stream() * 17);
  const count = asked ?? drawn;
  const flopsPerSecond = A6000.peakFlopsPerSecond * between(stream, ...rules.efficiency);
  const microbatches = pick(stream, rules.microbatches);
  const load = between(stream, 0.6, 1.2);
  const arrivals =
    rules.arrivals === "either" ? pick(stream, ["at-once", "poisson"] as const) : rules.arrivals;
  const total = fleet.regions.reduce((sum, { gpus }) => sum + gpus, 0);
  const jobs = Array.from({ length: count }, (_, i): Job => {
    const model = STUDY_MODELS[Math.floor(stream() * STUDY_MODELS.length)]!;
    const tokens = pick(stream, STUDY_TOKENS);
    const forwardSeconds = (2 * model.parameters * SEQUENCE_LENGTH) / flopsPerSecond;
    const leastGpus = Math.ceil((model.parameters * STATE_BYTES_PER_PARAMETER) / A6000.memoryBytes);
    const mostGpus = rules.mostGpus === "layers" ? model.layers : rules.mostGpus;
    return {
      id: `${i}-${model.name}`,
      tenant: "study",
      submitSeconds: 0,
      work: { kind: "seconds", forwardSeconds, backwardSeconds: 2 * forwardSeconds },
      layers: mostGpus,
      headLayers: 0,
      microbatches,
      iterations: Math.max(1, Math.round(tokens / (microbatches * SEQUENCE_LENGTH))),
      activationBytes: 2 * SEQUENCE_LENGTH * model.hiddenSize,
      overheadSeconds: 0.0005,
      minGpus: Math.min(leastGpus, mostGpus),
      maxGpus: mostGpus,
    };
  });
  if (arrivals === "at-once") return jobs;
  const gpuSeconds = jobs.reduce((sum, job) => sum + gpuSecondsOf(job), 0);
  const gapSeconds = gpuSeconds / total / count / load;
  let now = 0;
  return jobs.map((job, i) => {
    if (i > 0) now += exponential(stream) * gapSeconds;
    return { ...job, submitSeconds: now };
  });
}

function withDeadline(job: Job, fleet: Fleet, stream: RandomStream): Job {
  const aloneSeconds = job.iterations * idealOf(job, fleet).bestSeconds;
  return { ...job, deadlineSeconds: 1.5 * aloneSeconds + between(stream, 0.5, 4) * SECONDS_PER_DAY };
}

function gpuSecondsOf({ iterations, microbatches, work }: Job): number {
  return work.kind === "seconds"
    ? iterations * microbatches * (work.forwardSeconds + work.backwardSeconds)
    : 0;
}

function shifted(series: Series, startSeconds: number): Series {
  if (series.kind !== "series") return series;
  return { ...series, startSeconds: -startSeconds };
}

function yearMean(series: Series): number {
  if (series.kind !== "series") return mean(series, 0, 1);
  const { startSeconds, stepSeconds, values } = series;
  return mean(series, startSeconds, startSeconds + stepSeconds * values.length);
}

function between(stream: RandomStream, least: number, most: number): number {
  return least + (most - least) * stream();
}

function pick<T>(stream: RandomStream, choices: readonly T[]): T {
  return choices[Math.floor(stream() * choices.length)]!;
}

/** `count` different ones, in random order. */
function sample<T>(stream: RandomStream, from: readonly T[], count: number): T[] {
  const left = [...from];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(Math.floor(stream() * left.length), 1)[0]!,
  );
}
