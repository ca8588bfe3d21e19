// The folder of one service. With the embedded database one process at a time has it: two would make two truths, and
// break the database's files. With a PostgreSQL server the server's lock says who is active, and instances that stand by
// share the folder: a local launch is adopted by whoever finds it there.
//   lock           who has it: {pid, startTicks}; left behind by a crash, and then free to be taken
//   service.json   where the active one listens: {pid, startTicks, url}, for as long as it does
//   config.json    {host, port, advertised, databaseId, scenario}: kept, so that workers find a service that was restarted
//   db/  launches/  checkpoints/  logs/
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, type ProcessId, startTicksOf } from "./executors/process.ts";
import { readJson, writeJson } from "./files.ts";
import { takeLock } from "./lock.ts";
import { StartError } from "./start-error.ts";

export interface ServiceFile extends ProcessId {
  readonly url: string;
}

export interface ScenarioText {
  /** As it appears in complaints. */
  readonly file: string;
  readonly text: string;
  /** Texts of the files that it names, by their paths as it writes them: kept with it, wherever they go. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Config {
  readonly host?: string;
  readonly port?: number;
  /** What ranks were told; absent where it was host and port. */
  readonly advertised?: string;
  /** Of the PostgreSQL database whose launches are in here; absent with the embedded one. */
  readonly databaseId?: string;
  readonly scenario?: ScenarioText;
}

export interface StateFolder {
  readonly directory: string;
  readonly databaseDirectory: string;
  readonly launchesDirectory: string;
  /** Of jobs that name no folder of their own. */
  readonly checkpointsDirectory: string;
  readonly logFile: string;
  /** As it is now: where the folder is shared, others write it too. */
  readConfig(): Promise<Config>;
  saveConfig(config: Config): Promise<void>;
  announce(url: string): Promise<void>;
  /** Gives the folder back. */
  release(): Promise<void>;
}

/**
 * Takes the folder, creating it where needed. Throws `state-in-use` if a living process has it, unless it is shared, and
 * `other-database` where its launches are those of the other kind of database.
 */
export async function takeStateFolder(
  folder: string,
  { shared = false }: { readonly shared?: boolean } = {},
): Promise<StateFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 }); // plans of launches hold their keys
  const own: ProcessId = { pid: process.pid, startTicks: startTicksOf(process.pid) };
  const serviceFile = join(folder, "service.json");
  const configFile = join(folder, "config.json");
  const readConfig = async () => (await readJson<Config>(configFile)) ?? {};
  refuseOtherKind(folder, await readConfig(), shared);
  const giveBack = shared
    ? async () => {}
    : await takeLock(
        join(folder, "lock"),
        ({ pid }) =>
          new StartError("state-in-use", `process ${pid} runs on ${folder}: stop it, or use another folder`),
      );
  return {
    directory: folder,
    databaseDirectory: join(folder, "db"),
    launchesDirectory: join(folder, "launches"),
    checkpointsDirectory: join(folder, "checkpoints"),
    logFile: join(folder, "logs", "service.log"),
    readConfig,
    saveConfig: (config) => writeJson(configFile, config),
    announce: (url) => writeJson(serviceFile, { ...own, url } satisfies ServiceFile),
    async release() {
      const announced = await readJson<ServiceFile>(serviceFile);
      if (announced?.pid === own.pid && announced.startTicks === own.startTicks)
        await rm(serviceFile, { force: true });
      await giveBack();
    },
  };
}

function refuseOtherKind(folder: string, { databaseId }: Config, shared: boolean): void {
  if (shared && databaseId === undefined && existsSync(join(folder, "db"))) {
    throw new StartError(
      "other-database",
      `${folder} has a database of its own: \`bace backup\` and \`bace restore\` move it, into another state folder`,
    );
  }
  if (!shared && databaseId !== undefined) {
    throw new StartError(
      "other-database",
      `the jobs of ${folder} are in a PostgreSQL database: name it with --database, or use another folder`,
    );
  }
}

/** Where the service of a folder listens; undefined when none runs. */
export async function findService(folder: string): Promise<ServiceFile | undefined> {
  const service = await readJson<ServiceFile>(join(folder, "service.json"));
  return service && isAlive(service) ? service : undefined;
}
