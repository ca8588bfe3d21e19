// One term of the service: everything that stands on one reading of the log, made anew for each. What is made of what, in
// which order it starts and stops.
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import type { Policy, State, TimeModel } from "@bace-pipe/core";
import type { Scenario } from "@bace-pipe/core/spec";
import type { Logger } from "pino";
import { openAccess } from "./access/open-access.ts";
import { createApp } from "./api/app.ts";
import { addLog } from "./api/log.ts";
import { certificateOf } from "./certificate.ts";
import { steadyClock } from "./clock.ts";
import type { Executor } from "./executors/executor.ts";
import { createLocalExecutor } from "./executors/local.ts";
import { createCapacityWatch } from "./executors/slurm/capacity.ts";
import { followClusters } from "./executors/slurm/clusters.ts";
import { type FeedsFile, tokenVariables } from "./feeds/feeds.ts";
import { followFeeds } from "./feeds/followed.ts";
import { loadFleet } from "./fleet.ts";
import { fleetHistory } from "./fleet-history.ts";
import type { HttpServer } from "./http-server.ts";
import { createInputsWatch } from "./inputs-watch.ts";
import { createLoop } from "./loop.ts";
import { createMetrics } from "./metrics.ts";
import { createRendezvous } from "./rendezvous.ts";
import { createRetention } from "./retention.ts";
import { StartError } from "./start-error.ts";
import type { Config, ScenarioText, StateFolder } from "./state-folder.ts";
import { archiveOf } from "./store/archive.ts";
import type { Database } from "./store/database.ts";
import { openLog } from "./store/log.ts";
import type { Term } from "./terms.ts";
import { undoAll } from "./undo.ts";
import { createWriter } from "./writer.ts";

export interface TermOptions {
  readonly folder: StateFolder;
  /** Whether the database is a server's, which the folder is to be bound to. */
  readonly isServer: boolean;
  readonly server: HttpServer;
  readonly scenario: Scenario;
  /** Kept with the folder. */
  readonly scenarioText: ScenarioText | undefined;
  readonly policy: Policy;
  readonly timeModel: TimeModel;
  readonly python: string;
  readonly workerDirectory: string;
  readonly dashboardDirectory: string | undefined;
  readonly rendezvousDeadlineSeconds: number;
  /** Asked for; what ranks are told otherwise is the server's own address. */
  readonly advertised: string | undefined;
  /** Of events of jobs that have ended; everything is kept where absent. */
  readonly keepSeconds: number | undefined;
  /** Read again when it changes: what is said of the fleet. */
  readonly inputsFile: string | undefined;
  /** Where prices, carbon intensities, links and power are fetched from. */
  readonly feeds: { current: FeedsFile } | undefined;
  /** Read again when it changes: the scenario. */
  readonly watchedScenario: string | undefined;
  /** No token is needed. Only for services that nobody else's machine reaches. */
  readonly open: boolean;
  readonly version: string;
  readonly logger: Logger;
}

/** @param isFirst the user is there: what can be mended is refused with a StartError. Later it is lived with, and logged. */
export async function beginTerm(database: Database, isFirst: boolean, options: TermOptions): Promise<Term> {
  const { folder, isServer, logger, policy, rendezvousDeadlineSeconds, server, timeModel, version } = options;
  const undo: (() => Promise<void>)[] = [() => database.close()];
  const close = () => undoAll(undo);
  try {
    const { log, state } = await openLog(database);
    const archive = archiveOf(database);
    const config = await folder.readConfig();
    const databaseId = isServer ? await archive.id() : undefined;
    refuseOtherDatabase(config.databaseId, databaseId);

    const bearWith = (problem: StartError) => {
      if (isFirst) throw problem;
      logger.error({ code: problem.code }, problem.message);
    };
    const controlUrl = options.advertised ?? server.url;
    const moved = movedFrom(toldUrl(config), controlUrl, state);
    if (moved) bearWith(moved);
    const nowSeconds = steadyClock(state.nowSeconds);
    const deciding = { policy, timeModel, newLaunchKey: () => randomBytes(24).toString("base64url") };
    const writer = createWriter({ log, state, deciding, nowSeconds, logger });
    undo.push(() => writer.close());
    await loadFleet(writer, options.scenario.fleet).catch((error: unknown) => {
      if (!(error instanceof StartError)) throw error;
      bearWith(error); // the log's fleet stays in force until those jobs have ended
    });

    const rendezvous = createRendezvous(rendezvousDeadlineSeconds, nowSeconds());
    const fleets = fleetHistory(await log.fleets());
    const { efficiency } = options.scenario;
    const executors: Executor[] = [];
    const context = { writer, log, rendezvous, fleets, policy, timeModel, efficiency, version };
    const access = await openAccess({
      ...{ database, nowSeconds, open: options.open, host: server.host, stateDirectory: folder.directory },
      onError: (error) => logger.error(error, "access"),
    });
    undo.push(() => access.close());
    const metrics = createMetrics(writer.state);
    const app = createApp({
      ...{
        ...context,
        access,
        logger,
        metrics,
        executors,
        readEvents: archive.events,
        stateDirectory: folder.directory,
      },
      host: server.host,
      controlUrl,
      dashboardDirectory: options.dashboardDirectory,
    });
    addLog(app, { archive, writer });

    const { python } = options;
    const fleet = () => writer.state().fleet!;
    const local = createLocalExecutor({
      launchesDirectory: folder.launchesDirectory,
      python: /[\\/]/.test(python) ? resolve(python) : python,
      workerDirectory: resolve(options.workerDirectory),
      secretVariables: () => (options.feeds ? tokenVariables(options.feeds.current) : []),
      serves: (region) => !fleet().regions.some(({ name, slurm }) => name === region && slurm),
    });
    executors.push(metrics.counting(local));
    const capacity = createCapacityWatch({ writer, logger });
    const follow = followClusters({
      workerDirectory: resolve(options.workerDirectory),
      fleet,
      onCluster(executor, cluster) {
        executors.push(metrics.counting(executor));
        capacity.add(cluster);
      },
    });
    writer.listen({ appended: follow });
    const loop = createLoop({
      writer,
      executors,
      planOptions: {
        controlUrl,
        rendezvousDeadlineSeconds,
        timeModel,
        checkpointsFolder: folder.checkpointsDirectory,
        certificateOf,
      },
      watch: rendezvous.lateFacts,
      cycled: metrics.cycled,
      ...(isServer ? { confirm: () => database.query("select 1") } : {}),
      logger,
    });
    undo.push(() => loop.stop());
    const { advertised: _, ...kept } = config;
    await folder.saveConfig({
      ...kept,
      host: server.host,
      port: server.port,
      ...(options.advertised === undefined ? {} : { advertised: options.advertised }),
      ...(databaseId === undefined ? {} : { databaseId }),
      ...(options.scenarioText ? { scenario: options.scenarioText } : {}),
    });
    await folder.announce(server.url);
    const watch = createInputsWatch({
      ...{ writer, logger, inputsFile: options.inputsFile, scenarioFile: options.watchedScenario },
      onScenario: async (scenario) => folder.saveConfig({ ...(await folder.readConfig()), scenario }),
    });
    undo.push(() => watch.stop());
    watch.start();
    loop.start();
    undo.push(async () => capacity.stop());
    capacity.start();
    if (options.feeds) {
      const feeds = followFeeds({ kept: options.feeds, writer, logger, metrics });
      undo.push(() => feeds.stop());
      feeds.start();
    }
    if (options.keepSeconds !== undefined) {
      const retention = createRetention({
        archive,
        executors,
        keepSeconds: options.keepSeconds,
        logger,
        writer,
      });
      undo.push(() => retention.stop());
      retention.start();
    }
    logger.info(
      { url: controlUrl, policy: policy.name, timeModel, seq: writer.state().seq },
      "service started",
    );
    const failed = Promise.race([writer.failed, ...(database.lost ? [database.lost] : [])]);
    let lost = false;
    failed.catch(() => (lost = true));
    return { fetch: app.fetch, failed, healthy: () => !lost && writer.healthy(), close };
  } catch (error) {
    await close().catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

/** The executors' launches are those of one log: seen from another, they would be strangers, and ended. */
function refuseOtherDatabase(kept: string | undefined, found: string | undefined): void {
  if (kept === undefined || kept === found) return;
  throw new StartError(
    "other-database",
    "the launches in the state folder are those of another database: name that one, or use another folder",
  );
}

/** What ranks that run were told. */
function toldUrl({ advertised, host = "127.0.0.1", port }: Config): string | undefined {
  if (advertised !== undefined || port === undefined) return advertised;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Ranks that run report to where they were told to. */
function movedFrom(told: string | undefined, asked: string, { active }: State): StartError | undefined {
  if (told === undefined || active.size === 0) return undefined;
  const [before, now] = [new URL(told), new URL(asked)];
  const running = `${[...active].join(", ")} run and report to`;
  if (before.hostname !== now.hostname)
    return new StartError(
      "host-kept",
      `${running} ${before.hostname}: start with that host, or wait until they have ended`,
    );
  if (before.port !== now.port || before.protocol !== now.protocol)
    return new StartError(
      "port-kept",
      `${running} port ${before.port}: start without another port, or wait until they have ended`,
    );
  return undefined;
}
