// The wiring of the service, and nothing else: what is made of what, in which order it starts and stops.
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  createPolicy,
  DEFAULT_POLICY,
  isPolicyName,
  POLICIES,
  type PolicyName,
  type State,
  type TimeModel,
} from "@bace-pipe/core";
import { pino } from "pino";
import { createApp } from "./api/app.ts";
import { certificateOf } from "./certificate.ts";
import { steadyClock } from "./clock.ts";
import { createLocalExecutor } from "./executors/local.ts";
import { loadFleet, readScenario } from "./fleet.ts";
import { fleetHistory } from "./fleet-history.ts";
import { LOOPBACK, listen } from "./http-server.ts";
import { createLoop } from "./loop.ts";
import { createRendezvous } from "./rendezvous.ts";
import { StartError } from "./start-error.ts";
import { type ScenarioText, takeStateFolder } from "./state-folder.ts";
import { openLog } from "./store/log.ts";
import { openPglite } from "./store/pglite.ts";
import { createWriter } from "./writer.ts";

export interface ServiceOptions {
  readonly stateDirectory: string;
  /** Default: the port of the last time, or any that is free. */
  readonly port?: number;
  /** Address to listen on, where ranks on other machines reach it. Default: that of the last time, or 127.0.0.1. */
  readonly host?: string;
  /** The fleet; needed the first time. Its jobs are not submitted. */
  readonly scenario?: ScenarioText;
  /** Default: bace. */
  readonly policy?: string;
  /** Default: the scenario's. */
  readonly timeModel?: TimeModel;
  /** Python with PyTorch: a path, or a name on the search path. */
  readonly python: string;
  /** Folder that holds the package bace_worker. */
  readonly workerDirectory: string;
  /** Folder of the built dashboard, served at "/" if it is there. */
  readonly dashboardDirectory?: string;
  readonly rendezvousDeadlineSeconds?: number;
  readonly logLevel?: string;
}

export interface Service {
  readonly url: string;
  /** Stops the service in good order; launches go on. */
  close(): Promise<void>;
  /** Rejects when the service cannot go on. It is closed by then. */
  readonly failed: Promise<never>;
}

const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
const { version } = JSON.parse(manifest) as { version: string };

/** Starts the service of a state folder. Throws a StartError for what the caller can mend. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const policyName = knownPolicy(options.policy ?? DEFAULT_POLICY);
  const folder = await takeStateFolder(resolve(options.stateDirectory));
  const undo: (() => Promise<void>)[] = [() => folder.release()];
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= undoAll(undo);
    return closing;
  };
  try {
    const {
      fleet,
      efficiency,
      timeModel: ownTimeModel,
      policies,
    } = readScenario(options.scenario ?? folder.config.scenario);
    const policy = createPolicy(policyName, policies);
    const { rendezvousDeadlineSeconds = 90, timeModel = ownTimeModel } = options;
    const logger = openLogFile(folder.logFile, options.logLevel ?? "info");
    const database = await openPglite(folder.databaseDirectory);
    undo.push(() => database.close());
    const { log, state } = await openLog(database);

    const host = options.host ?? folder.config.host ?? LOOPBACK;
    refuseOtherPort(options.port, folder.config.port, state);
    refuseOtherHost(host, folder.config.host ?? LOOPBACK, state);
    const nowSeconds = steadyClock(state.nowSeconds);
    const deciding = { policy, timeModel, newLaunchKey: () => randomBytes(24).toString("base64url") };
    const writer = createWriter({ log, state, deciding, nowSeconds, logger });
    undo.push(() => writer.close());
    await loadFleet(writer, fleet);

    const rendezvous = createRendezvous(rendezvousDeadlineSeconds, nowSeconds());
    const fleets = fleetHistory(await log.fleets());
    const context = { writer, log, rendezvous, fleets, policy, timeModel, efficiency, version };
    const app = createApp({ ...context, logger, host, dashboardDirectory: options.dashboardDirectory });
    const server = await listen(app.fetch, options.port ?? folder.config.port, host);
    undo.push(() => server.close());
    const { url, port } = server;

    const { python, workerDirectory } = options;
    const local = createLocalExecutor({
      launchesDirectory: folder.launchesDirectory,
      python: /[\\/]/.test(python) ? resolve(python) : python,
      workerDirectory: resolve(workerDirectory),
    });
    const loop = createLoop({
      writer,
      executors: [local],
      planOptions: {
        controlUrl: url,
        rendezvousDeadlineSeconds,
        timeModel,
        checkpointsFolder: folder.checkpointsDirectory,
        certificateOf,
      },
      watch: rendezvous.lateFacts,
      logger,
    });
    undo.push(() => loop.stop());
    await folder.saveConfig({
      ...folder.config,
      host,
      port,
      ...(options.scenario ? { scenario: options.scenario } : {}),
    });
    await folder.announce(url);
    loop.start();
    logger.info({ url, policy: policy.name, timeModel, seq: writer.state().seq }, "service started");

    const failed = writer.failed.catch(async (error: unknown) => {
      await close();
      throw error;
    });
    failed.catch(() => {}); // whoever cares awaits it
    return { url, close, failed };
  } catch (error) {
    await close();
    throw error;
  }
}

function knownPolicy(name: string): PolicyName {
  if (isPolicyName(name)) return name;
  const known = Object.keys(POLICIES).join(", ");
  throw new StartError("unknown-policy", `there is no policy "${name}"; known: ${known}`);
}

/** Ranks that run know the service by its port. */
function refuseOtherPort(asked: number | undefined, kept: number | undefined, { active }: State): void {
  if (asked === undefined || kept === undefined || asked === kept || active.size === 0) return;
  throw new StartError(
    "port-kept",
    `${[...active].join(", ")} run and report to port ${kept}: start without another port, or wait until they have ended`,
  );
}

function refuseOtherHost(asked: string, kept: string, { active }: State): void {
  if (asked === kept || active.size === 0) return;
  throw new StartError(
    "host-kept",
    `${[...active].join(", ")} run and report to ${kept}: start with that host, or wait until they have ended`,
  );
}

function openLogFile(path: string, level: string) {
  mkdirSync(dirname(path), { recursive: true });
  return pino({ level, base: null }, pino.destination({ dest: path, sync: true }));
}

/** Last made, first undone; one step that fails does not keep the others from being done. */
async function undoAll(steps: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
