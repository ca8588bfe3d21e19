// The whole service but for ports, processes and real time: loop, rendezvous and API over a database in memory.
import { POLICIES, type Policy, type Snapshot, type TimeModel, toSnapshot } from "@bace-pipe/core";
import { parseScenario } from "@bace-pipe/core/spec";
import { type DestinationStream, pino } from "pino";
import type { Access } from "../../src/access/open-access.ts";
import { requestMixin } from "../../src/access/request.ts";
import { createApp } from "../../src/api/app.ts";
import { type Client, createClient } from "../../src/client.ts";
import type { Executor } from "../../src/executors/executor.ts";
import { loadFleet } from "../../src/fleet.ts";
import { fleetHistory } from "../../src/fleet-history.ts";
import { createLoop, type Loop } from "../../src/loop.ts";
import { createRendezvous } from "../../src/rendezvous.ts";
import { archiveOf } from "../../src/store/archive.ts";
import type { Database } from "../../src/store/database.ts";
import { openLog } from "../../src/store/log.ts";
import { createWriter, type Writer } from "../../src/writer.ts";

export const DEADLINE_SECONDS = 90;

/** Two regions of two emulated GPUs each; 300 W each, free of overhead, at 0.10 and 0.20 USD/kWh. */
export const SCENARIO = `
version: 1
name: two-regions
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
  - {name: east, gpuType: slot, gpus: 2, priceUsdPerKwh: 0.10}
  - {name: west, gpuType: slot, gpus: 2, priceUsdPerKwh: 0.20}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 1 Gbit/s, latencySeconds: 10 ms}
`;

/** A job that takes all four GPUs of both regions. */
export function jobText(
  name: string,
  { gpus = 4, iterations = 5, minGpus }: { gpus?: number; iterations?: number; minGpus?: number } = {},
): string {
  return `
name: ${name}
model: tiny-byte
sequenceLength: 64
microbatchSize: 2
microbatches: 8
iterations: ${iterations}
minGpus: ${minGpus ?? gpus}
maxGpus: ${gpus}
training: {learningRate: 3e-3, seed: 1, data: {paths: [texts], suffixes: [.md]}}
`;
}

export interface Clock {
  seconds: number;
}

export interface TestService {
  readonly writer: Writer;
  readonly loop: Loop;
  readonly client: Client;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string): Promise<Response>;
  submit(text: string): ReturnType<Client["submit"]>;
  /** As the app takes it. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** What a server of its port is given. */
  readonly fetch: (request: Request, env?: object) => Response | Promise<Response>;
  snapshot(): Snapshot;
}

export interface Sketch {
  readonly scenario?: string;
  readonly timeModel?: TimeModel;
  /** Anybody may do anything where absent. */
  readonly access?: Access;
  readonly stateDirectory?: string;
  readonly controlUrl?: string;
  /** Where lines of the service's log go; nowhere where absent. */
  readonly logTo?: DestinationStream;
  /** Of the dashboard, where it is to be served. */
  readonly dashboardDirectory?: string;
  /** Executors besides the one. */
  readonly others?: readonly Executor[];
}

/** Opens the service on what the database holds: a second call is a restart. Cycles are run by the test. */
export async function openService(
  database: Database,
  executor: Executor,
  clock: Clock,
  policy: Policy = POLICIES["bace"]!(),
  {
    access,
    controlUrl,
    dashboardDirectory,
    logTo,
    others = [],
    scenario = SCENARIO,
    stateDirectory,
    timeModel = "1f1b",
  }: Sketch = {},
): Promise<TestService> {
  const parsed = parseScenario(scenario, "two-regions.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const { fleet } = parsed.value;
  const { log, state } = await openLog(database);
  const rendezvous = createRendezvous(DEADLINE_SECONDS, clock.seconds);
  const logger = logTo ? pino({ base: null, mixin: requestMixin }, logTo) : pino({ level: "silent" });
  const planOptions = {
    controlUrl: "http://127.0.0.1:1",
    rendezvousDeadlineSeconds: DEADLINE_SECONDS,
    timeModel,
  };
  const writer = createWriter({
    log,
    state,
    deciding: { policy, timeModel, newLaunchKey: () => `key-${writer.state().seq}` },
    nowSeconds: () => clock.seconds,
    logger,
  });
  const watch = rendezvous.lateFacts;
  const loop = createLoop({ writer, executors: [executor, ...others], watch, planOptions, logger });
  await loadFleet(writer, fleet);
  const app = createApp({
    writer,
    log,
    rendezvous,
    fleets: fleetHistory(await log.fleets()),
    policy,
    timeModel,
    efficiency: 0.4,
    version: "0.0.0",
    host: "127.0.0.1",
    controlUrl,
    logger,
    readEvents: archiveOf(database).events,
    executors: [executor, ...others],
    access,
    dashboardDirectory,
    stateDirectory,
  });
  const client = createClient("http://localhost", async (input, init) => app.request(input as URL, init));
  return {
    writer,
    loop,
    client,
    fetch: app.fetch,
    request: async (path, init) => app.request(path, init),
    get: async (path) => app.request(path),
    post: async (path, body, headers = { "Content-Type": "application/json" }) =>
      app.request(path, {
        method: "POST",
        headers,
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    submit: (text) => client.submit({ file: "job.yaml", text, directory: "/data" }),
    snapshot: () => structuredClone(toSnapshot(writer.state())),
  };
}

/** Ranks of the job's live epoch, as workers would speak for them. */
export function ranksOf({ writer, post }: TestService, jobId: string) {
  const { epoch } = writer.state().jobs.get(jobId)!;
  const { number, launchKey, placement } = epoch!;
  const count = placement.gpus.reduce((sum, gpus) => sum + gpus, 0);
  const path = `/v1/launches/${jobId}/${number}`;
  const checkIn = (rank: number, dataHash: string | null = null, storePort?: number) =>
    post(`${path}/rendezvous`, {
      launchKey,
      rank,
      host: "127.0.0.1",
      port: 40000 + rank,
      storePort,
      dataHash,
    });
  const report = (
    rank: number,
    sequence: number,
    steps: readonly { step: number; loss: number | null }[],
    more: object = {},
  ) =>
    post(`${path}/telemetry`, {
      ...{ launchKey, rank, sequence },
      steps: steps.map((step) => ({
        ...step,
        ...{ stepSeconds: 0.5, idleSeconds: 0.1, updateSeconds: 0.01, stages: [] },
      })),
      ...{ links: [], memoryPeakBytes: null, peakActivations: 0, committedStep: null, finished: false },
      ...more,
    });
  return {
    count,
    checkIn,
    report,
    /** All ranks check in; resolves to the last answer. */
    async meet(): Promise<unknown> {
      let answer: unknown;
      for (let rank = 0; rank < count; rank++) answer = await (await checkIn(rank)).json();
      return answer;
    },
  };
}
