// One life of the service: the real writer, loop, rendezvous and API, over what is durable and what the executors know.
import { createPolicy, type Fleet, type PolicyName, type State } from "@bace-pipe/core";
import { pino } from "pino";
import { createApp } from "../src/api/app.ts";
import { steadyClock } from "../src/clock.ts";
import type { Executor } from "../src/executors/executor.ts";
import { loadFleet } from "../src/fleet.ts";
import { fleetHistory } from "../src/fleet-history.ts";
import { createLoop } from "../src/loop.ts";
import { createRendezvous } from "../src/rendezvous.ts";
import type { Log } from "../src/store/log.ts";
import { createWriter, type Writer } from "../src/writer.ts";
import type { Life } from "./lives.ts";
import { EPOCH_SECONDS } from "./operators.ts";
import type { Timeline } from "./timeline.ts";
import type { Answer, Listener } from "./wire.ts";

const RENDEZVOUS_DEADLINE_SECONDS = 60;
const SNAPSHOT_EVERY = 30;
const HEADERS = { "content-type": "application/json" };

export interface Setting {
  readonly fleet: Fleet;
  readonly policy: PolicyName;
}

export interface Service {
  readonly writer: Writer;
  readonly listener: Listener;
  cycle(): Promise<void>;
}

export interface Opening {
  readonly life: Life;
  readonly log: Log;
  readonly state: State;
  readonly executors: readonly Executor[];
  readonly setting: Setting;
  readonly timeline: Timeline;
  /** By which the wall clock is wrong in this life. */
  readonly clockErrorSeconds: number;
}

/** Rejects where the life may not begin, as the program itself would refuse to start. */
export async function openService(opening: Opening): Promise<Service> {
  const { clockErrorSeconds, executors, life, log, setting, state, timeline } = opening;
  const policy = createPolicy(setting.policy);
  const timeModel = "1f1b";
  const logger = pino({ level: "silent" });
  const nowSeconds = steadyClock(state.nowSeconds, {
    wallSeconds: () => EPOCH_SECONDS + timeline.nowSeconds() + clockErrorSeconds,
    monotonicSeconds: timeline.nowSeconds,
  });
  let keys = 0;
  const deciding = { policy, timeModel, newLaunchKey: () => `key-${life.number}-${keys++}` } as const;
  const writer = createWriter({ log, state, deciding, nowSeconds, logger, snapshotEvery: SNAPSHOT_EVERY });
  const rendezvous = createRendezvous(RENDEZVOUS_DEADLINE_SECONDS, nowSeconds());
  const planOptions = {
    controlUrl: "http://10.0.0.1:1",
    rendezvousDeadlineSeconds: RENDEZVOUS_DEADLINE_SECONDS,
    timeModel,
    checkpointsFolder: "/checkpoints",
  } as const;
  const loop = createLoop({ writer, executors, watch: rendezvous.lateFacts, planOptions, logger });
  await loadFleet(writer, setting.fleet);
  const app = createApp({
    ...{ writer, log, rendezvous, policy, timeModel, logger },
    fleets: fleetHistory(await log.fleets()),
    efficiency: 0.4,
    version: "0.0.0",
    host: "127.0.0.1",
  });
  return {
    writer,
    cycle: loop.cycle,
    async listener(method, path, body): Promise<Answer> {
      const init = body === undefined ? { method } : { method, headers: HEADERS, body: JSON.stringify(body) };
      const response = await app.request(`http://localhost${path}`, init);
      return { status: response.status, body: (await response.json()) as Answer["body"] };
    },
  };
}
