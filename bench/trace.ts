// The whole Philly trace over 20 regions with the GPUs for a load of 0.8. A process of its own, so that its peak memory
// is the simulation's: `node --expose-gc --import tsx bench/trace.ts bace`, which prints one line of JSON.
// Memory is what is in use after garbage collections that are forced at times, over what was in use before the run; the
// time that they take is not counted. Jobs are made as they come and not kept, nor are results.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Job } from "../packages/core/src/cost/job.ts";
import { createPolicy, type PolicyName } from "../packages/core/src/scheduler/registry.ts";
import { simulate } from "../packages/core/src/simulator/engine.ts";
import { randomStream } from "../packages/core/src/simulator/random.ts";
import { tracedJobs } from "../packages/core/src/spec/import/traces.ts";
import { randomFleet } from "./networks.ts";

const REGIONS = 20;
const LOAD = 0.8;
const SAMPLES = 40;
const MB = 1e6;

export interface TraceRun {
  readonly jobs: number;
  readonly gpus: number;
  readonly seconds: number;
  readonly events: number;
  readonly finishedJobs: number;
  readonly mostLiveJobs: number;
  /** Of the whole process. */
  readonly peakMb: number;
  /** What the simulation held at most, and in the end, when no job was alive. */
  readonly mostHeldMb: number;
  readonly endHeldMb: number;
}

if (process.argv[1] === import.meta.filename)
  process.stdout.write(JSON.stringify(runTrace(process.argv[2] as PolicyName)));

function runTrace(policyName: PolicyName): TraceRun {
  const { gc } = globalThis;
  if (!gc) throw new Error("run with --expose-gc");
  const jobs = readJobs();
  const fleet = fleetFor(jobs);
  const heldMb = (): number => {
    gc();
    return process.memoryUsage().heapUsed / MB;
  };
  const before = heldMb();
  let [events, mostLiveJobs, mostHeldMb, instants, samplingMs] = [0, 0, 0, 0, 0];
  const begun = performance.now();
  const result = simulate({
    fleet,
    jobs: asTheyCome(jobs),
    policy: createPolicy(policyName),
    timeModel: "1f1b",
    onResult: () => {},
    onInstant: ({ jobs: live, seq }) => {
      events = seq;
      mostLiveJobs = Math.max(mostLiveJobs, live.size);
      if (++instants % Math.ceil((2 * jobs.length) / SAMPLES) !== 0) return;
      const start = performance.now();
      mostHeldMb = Math.max(mostHeldMb, heldMb() - before);
      samplingMs += performance.now() - start;
    },
  });
  const seconds = (performance.now() - begun - samplingMs) / 1000;
  return {
    jobs: jobs.length,
    gpus: fleet.regions.reduce((sum, { gpus }) => sum + gpus, 0),
    seconds,
    events,
    finishedJobs: result.finishedJobs,
    mostLiveJobs,
    peakMb: process.resourceUsage().maxRSS / 1000,
    mostHeldMb,
    endHeldMb: heldMb() - before,
  };
}

/** Where Microsoft's Philly trace is, as CSV, if it is anywhere. */
export function traceFile(): string | undefined {
  const beside = fileURLToPath(new URL("../../shared/data/jobs/philly.csv", import.meta.url));
  const file = process.env["PHILLY_TRACE"] ?? beside;
  return existsSync(file) ? file : undefined;
}

function readJobs(): readonly Job[] {
  const file = traceFile();
  if (file === undefined) throw new Error("no trace: PHILLY_TRACE=FILE.csv says where it is");
  const traced = tracedJobs(readFileSync(file, "utf8"), file);
  if (!traced.ok) throw new Error(traced.diagnostics.map(({ message }) => message).join("\n"));
  return traced.value;
}

function* asTheyCome(jobs: readonly Job[]): Iterable<Job> {
  for (const job of jobs) yield { ...job };
}

/** Regions of equal size. GPU-seconds follow from a job's work: the trace runs with nothing lost to communication. */
function fleetFor(jobs: readonly Job[]) {
  const gpuSeconds = jobs.reduce((sum, { iterations, maxGpus, microbatches, work }) => {
    if (work.kind !== "seconds") throw new Error("a traced job has its times outright");
    return sum + iterations * (microbatches + maxGpus - 1) * (work.forwardSeconds + work.backwardSeconds);
  }, 0);
  const gpus = Math.round(gpuSeconds / jobs.at(-1)!.submitSeconds / LOAD / REGIONS);
  const fleet = randomFleet(randomStream(1, "trace"), REGIONS, "mean of ends");
  return { ...fleet, regions: fleet.regions.map((region) => ({ ...region, gpus })) };
}
