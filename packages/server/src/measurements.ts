// What the ranks of running jobs measure, until it is written down. Between two facts reports are added up: of a link the
// bytes and the seconds in which it was busy, of a stage the newest medians. A job's measurement becomes a fact
//   at most every five seconds, and only with four messages of a link or some stage's times
//   if something moved by more than 10 %, or a hop is outside the interval that its schedule was chosen for and that was
//   not yet seen three times; otherwise once a minute, so that estimates do not age
// The log grows with what happens to links and not with reports. Kept in memory alone: after a restart collecting begins
// anew. Figures that cannot be are left out here, and again where facts are folded in.
import {
  blockRatioOf,
  type Fact,
  type HopMeasurement,
  isWithin,
  LEAST_MEASUREMENTS,
  type Measured,
  placementInUnits,
  type StageMeasurement,
  stageRegions,
  unitGpusOf,
} from "@bace-pipe/core";
import type { LiveJob } from "./gate.ts";
import type { Report, StageReport } from "./telemetry.ts";

const PAUSE_SECONDS = 5;
const REFRESH_SECONDS = 60;
const MOVED = 0.1;
const LEAST_MESSAGES = 4;
/** Beyond these a figure is a defect of whoever reports it. */
const MOST_BYTES = 1e18;
const MOST_SECONDS = 1e6;

type Direction = HopMeasurement["direction"];

/** Of one rank to one other, since the last fact. */
interface Traffic {
  readonly hop: number;
  readonly direction: Direction;
  bytes: number;
  seconds: number;
  messages: number;
  roundTripSeconds: number | null;
}

interface Collected {
  readonly epoch: number;
  /** Newest report by rank. */
  readonly sequences: Map<number, number>;
  /** By sender and receiver. */
  readonly traffic: Map<string, Traffic>;
  readonly stages: Map<number, StageMeasurement>;
}

export interface Measurements {
  /** Adds a report of a rank that has been admitted; one that came before adds nothing. */
  add(live: LiveJob, report: Report): void;
  /** What is to be written down now. Asking changes nothing. */
  facts(live: LiveJob, nowSeconds: number): Fact[];
  /** It has been: collecting begins anew. */
  written(fact: Extract<Fact, { kind: "measured" }>): void;
  /** Forgets jobs that do not run. */
  keep(active: ReadonlySet<string>): void;
}

export function createMeasurements(): Measurements {
  const jobs = new Map<string, Collected>();

  const collectedOf = ({ epoch, job }: LiveJob): Collected => {
    const known = jobs.get(job.id);
    if (known?.epoch === epoch.number) return known;
    const fresh = {
      epoch: epoch.number,
      sequences: new Map<number, number>(),
      traffic: new Map<string, Traffic>(),
      stages: new Map<number, StageMeasurement>(),
    };
    jobs.set(job.id, fresh);
    return fresh;
  };

  return {
    add(live, { links, rank, sequence, steps }) {
      const { sequences, stages, traffic } = collectedOf(live);
      if (sequence <= (sequences.get(rank) ?? 0)) return;
      sequences.set(rank, sequence);
      for (const { bytes, messages, roundTripSeconds, seconds, toRank } of links) {
        if (
          !isAmount(bytes, MOST_BYTES) ||
          !isAmount(seconds, MOST_SECONDS) ||
          !isAmount(messages, MOST_BYTES)
        )
          continue;
        const place = hopBetween(live, rank, toRank);
        if (!place) continue;
        const key = `${rank} ${toRank}`;
        const known = traffic.get(key) ?? {
          ...place,
          bytes: 0,
          seconds: 0,
          messages: 0,
          roundTripSeconds: null,
        };
        known.bytes += bytes;
        known.seconds += seconds;
        known.messages += messages;
        if (isAmount(roundTripSeconds, MOST_SECONDS))
          known.roundTripSeconds = Math.min(roundTripSeconds, known.roundTripSeconds ?? roundTripSeconds);
        traffic.set(key, known);
      }
      for (const report of steps.at(-1)?.stages ?? []) {
        const measured = measurementOf(report, live, rank);
        if (measured) stages.set(measured.stage, measured);
      }
    },

    facts(live, nowSeconds) {
      const { epoch, job, phase } = live;
      const collected = jobs.get(job.id);
      if (phase !== "running" || collected?.epoch !== epoch.number) return [];
      const { measured } = epoch;
      if (measured && nowSeconds < measured.atSeconds + PAUSE_SECONDS) return [];
      const hops = hopsOf(collected);
      const stages = [...collected.stages.values()];
      if (hops.length === 0 && stages.length === 0) return [];
      const isNews =
        !measured ||
        nowSeconds >= measured.atSeconds + REFRESH_SECONDS ||
        hops.some((each) => isHopNews(each, live, measured)) ||
        isStageNews(stages, measured);
      return isNews ? [{ kind: "measured", jobId: job.id, epoch: epoch.number, hops, stages }] : [];
    },

    written({ epoch, jobId }) {
      const known = jobs.get(jobId);
      if (known?.epoch !== epoch) return;
      for (const [key, { messages }] of known.traffic)
        if (messages >= LEAST_MESSAGES) known.traffic.delete(key);
      known.stages.clear();
    },

    keep(active) {
      // Asked at every report: while there are no more than jobs that run, those that no longer do may stay a little.
      if (jobs.size <= active.size) return;
      for (const jobId of jobs.keys()) if (!active.has(jobId)) jobs.delete(jobId);
    },
  };
}

/** Which hop lies between two ranks of neighbouring regions. Ranks come replica by replica, stage by stage. */
function hopBetween(
  { epoch, job }: LiveJob,
  from: number,
  to: number,
): Pick<Traffic, "hop" | "direction"> | undefined {
  const positions = stageRegions(placementInUnits(epoch.placement, unitGpusOf(job)).gpus);
  const [a, b] = [positions[from % positions.length], positions[to % positions.length]];
  if (a === undefined || b === undefined || Math.abs(a - b) !== 1) return undefined;
  return { hop: Math.min(a, b), direction: a < b ? "forth" : "back" };
}

/** Replicas that share a hop send at the same time: together they carry what all of them carry. */
function hopsOf({ traffic }: Collected): HopMeasurement[] {
  const hops = new Map<string, HopMeasurement & { bytes: number; seconds: number }>();
  for (const { bytes, direction, hop, messages, roundTripSeconds, seconds } of traffic.values()) {
    if (messages < LEAST_MESSAGES) continue;
    const key = `${hop} ${direction}`;
    const known = hops.get(key);
    const all = { bytes: bytes + (known?.bytes ?? 0), seconds: Math.max(seconds, known?.seconds ?? 0) };
    const least = [roundTripSeconds, known?.roundTripSeconds ?? null].filter((each) => each !== null);
    hops.set(key, {
      ...{ hop, direction, ...all },
      bitsPerSecond: Math.max(1, Math.round((8 * all.bytes) / all.seconds)),
      roundTripSeconds: least.length === 0 ? null : Math.min(...least),
    });
  }
  return Array.from(hops.values(), ({ bytes: _, seconds: __, ...hop }) => hop);
}

/** Undefined where a report has no whole set of times, and of ranks with several stages, of which nothing was predicted. */
function measurementOf(
  report: StageReport,
  { epoch, job }: LiveJob,
  rank: number,
): StageMeasurement | undefined {
  const { backwardSeconds, forwardSeconds, inputGradSeconds, stage, weightGradSeconds } = report;
  const stages = stageRegions(placementInUnits(epoch.placement, unitGpusOf(job)).gpus).length;
  if (stage !== rank % stages || !isAmount(forwardSeconds, MOST_SECONDS)) return undefined;
  if (isAmount(backwardSeconds, MOST_SECONDS)) return { stage, forwardSeconds, backwardSeconds };
  if (!isAmount(inputGradSeconds, MOST_SECONDS) || !isAmount(weightGradSeconds, MOST_SECONDS))
    return undefined;
  return { stage, forwardSeconds, backwardSeconds: inputGradSeconds + weightGradSeconds };
}

function isHopNews({ bitsPerSecond, direction, hop }: HopMeasurement, { epoch }: LiveJob, known: Measured) {
  const before = known.hops[hop]?.[direction];
  const last = before?.recentBitsPerSecond.at(-1);
  if (before === undefined || last === undefined || hasMoved(bitsPerSecond, last)) return true;
  const interval = epoch.chosenFor?.hops[hop];
  return interval !== undefined && !isWithin(interval, bitsPerSecond) && before.outside < LEAST_MEASUREMENTS;
}

function isStageNews(stages: readonly StageMeasurement[], known: Measured): boolean {
  if (stages.length > 0 && blockRatioOf(known) === undefined) return true;
  const before = known.stages.filter((each) => stages.some(({ stage }) => stage === each.stage));
  return before.length < stages.length || hasMoved(blockSeconds(stages), blockSeconds(before));
}

function blockSeconds(stages: readonly StageMeasurement[]): number {
  return stages.reduce(
    (sum, { backwardSeconds, forwardSeconds }) => sum + forwardSeconds + backwardSeconds,
    0,
  );
}

function hasMoved(now: number, before: number): boolean {
  return Math.abs(now - before) > MOVED * before;
}

function isAmount(value: number | null, most: number): value is number {
  return value !== null && value > 0 && value <= most;
}
