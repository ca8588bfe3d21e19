// The service as a whole: its state folder, its port, its database, and terms in which it is active.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  createPolicy,
  DEFAULT_POLICY,
  isPolicyName,
  POLICIES,
  type PolicyName,
  type TimeModel,
} from "@bace-pipe/core";
import { refuseOpenElsewhere } from "./access/open-access.ts";
import type { FeedsFile } from "./feeds/feeds.ts";
import { readScenario } from "./fleet.ts";
import { LOOPBACK, listen } from "./http-server.ts";
import { openLogFile } from "./log-file.ts";
import { standingBy } from "./standby.ts";
import { StartError } from "./start-error.ts";
import { type ScenarioText, takeStateFolder } from "./state-folder.ts";
import { checkUrl } from "./store/database-url.ts";
import { openPglite } from "./store/pglite.ts";
import { openPostgres } from "./store/postgres.ts";
import { beginTerm } from "./term.ts";
import { type Handler, startTerms, type Turn } from "./terms.ts";
import { undoAll } from "./undo.ts";

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
  /** A PostgreSQL server, such as postgres://bace@db.example/bace. Default: embedded, in the state folder. */
  readonly database?: string;
  /** What ranks are told: an address that leads to whichever instance is active. Default: where it listens. */
  readonly advertise?: string;
  /** Events of jobs that ended longer ago are deleted. Default: everything is kept. */
  readonly keepSeconds?: number;
  /** Read again when it changes: prices, carbon intensities, links and capacity (docs/reference/inputs.schema.json). */
  readonly inputsFile?: string;
  /** Asked by the active instance: sources of prices, carbon intensities, links and power (docs/reference/feeds.schema.json). */
  readonly feeds?: FeedsFile;
  /** The scenario's own file, to be loaded again when it changes. */
  readonly watchedScenario?: string;
  /** No token is needed. Only for services that nobody else's machine reaches. */
  readonly open?: boolean;
  /** Told when it becomes active, and when it stands by. */
  readonly onTurn?: (turn: Turn) => void;
  readonly rendezvousDeadlineSeconds?: number;
  readonly logLevel?: string;
}

export interface Service {
  readonly url: string;
  /** Stops the service in good order; launches go on. */
  close(): Promise<void>;
  /** Whether it is the active instance, as opposed to one that stands by. */
  active(): boolean;
}

const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
const { version } = JSON.parse(manifest) as { version: string };

/**
 * Starts the service of a state folder. Throws a StartError for what the caller can mend. Once it has started it goes on:
 * when its database fails it stands by until that is back.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const policyName = knownPolicy(options.policy ?? DEFAULT_POLICY);
  const { database: databaseUrl, rendezvousDeadlineSeconds = 90 } = options;
  if (databaseUrl !== undefined) checkUrl(databaseUrl);
  if (options.advertise !== undefined) checkAdvertised(options.advertise);
  const isServer = databaseUrl !== undefined;
  const folder = await takeStateFolder(resolve(options.stateDirectory), { shared: isServer });
  const undo: (() => Promise<void>)[] = [() => folder.release()];
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= undoAll(undo);
    return closing;
  };
  try {
    const config = await folder.readConfig();
    const scenario = readScenario(options.scenario ?? config.scenario);
    const { logger, close: closeLog } = openLogFile(folder.logFile, options.logLevel ?? "info");
    undo.push(async () => closeLog());

    let answer: Handler = standingBy;
    const host = options.host ?? config.host ?? LOOPBACK;
    refuseOpenElsewhere(options.open ?? false, host);
    const server = await listen((request, env) => answer(request, env), options.port ?? config.port, host);
    let isActive = false;
    const feeds = options.feeds && { current: options.feeds };
    const terms = startTerms({
      logger,
      open: async () =>
        databaseUrl === undefined ? openPglite(folder.databaseDirectory) : openPostgres(databaseUrl),
      begin: (database, isFirst) =>
        beginTerm(database, isFirst, {
          ...{ folder, isServer, logger, rendezvousDeadlineSeconds, scenario, server, version },
          scenarioText: options.scenario,
          policy: createPolicy(policyName, scenario.policies),
          timeModel: options.timeModel ?? scenario.timeModel,
          python: options.python,
          workerDirectory: options.workerDirectory,
          dashboardDirectory: options.dashboardDirectory,
          advertised: options.advertise,
          keepSeconds: options.keepSeconds,
          inputsFile: options.inputsFile,
          feeds,
          watchedScenario: options.watchedScenario,
          open: options.open ?? false,
        }),
      onTurn(turn) {
        isActive = turn.kind === "active";
        logger.info(turn, "turn");
        options.onTurn?.(turn);
      },
    });
    undo.push(() => terms.then((begun) => begun.close()).catch(() => {})); // that it did not begin is told below
    undo.push(() => server.close());
    answer = (await terms).fetch;
    return { url: server.url, close, active: () => isActive };
  } catch (error) {
    await close();
    throw error;
  }
}

function checkAdvertised(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  // Nothing but a place: it is written into every plan.
  if (parsed && /^https?:$/.test(parsed.protocol) && `${parsed.origin}/` === parsed.href) return;
  throw new StartError("invalid-address", `"${url}" is no address for ranks: write http://HOST:PORT`);
}

function knownPolicy(name: string): PolicyName {
  if (isPolicyName(name)) return name;
  const known = Object.keys(POLICIES).join(", ");
  throw new StartError("unknown-policy", `there is no policy "${name}"; known: ${known}`);
}
