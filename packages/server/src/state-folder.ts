// The folder of one service. One process at a time: two would make two truths, and break the database's files.
//   lock           who has it: {pid, startTicks}; left behind by a crash, and then free to be taken
//   service.json   where it listens: {pid, startTicks, url}, for as long as it does
//   config.json    {host, port, scenario}: kept, so that workers find a service that was restarted
//   db/  launches/  checkpoints/  logs/
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
  readonly scenario?: ScenarioText;
}

export interface StateFolder {
  readonly databaseDirectory: string;
  readonly launchesDirectory: string;
  /** Of jobs that name no folder of their own. */
  readonly checkpointsDirectory: string;
  readonly logFile: string;
  readonly config: Config;
  saveConfig(config: Config): Promise<void>;
  announce(url: string): Promise<void>;
  /** Gives the folder back. */
  release(): Promise<void>;
}

/** Takes the folder, creating it where needed. Throws `state-in-use` if a living process has it. */
export async function takeStateFolder(folder: string): Promise<StateFolder> {
  await mkdir(folder, { recursive: true });
  const own: ProcessId = { pid: process.pid, startTicks: startTicksOf(process.pid) };
  const serviceFile = join(folder, "service.json");
  const giveBack = await takeLock(
    join(folder, "lock"),
    ({ pid }) =>
      new StartError("state-in-use", `process ${pid} runs on ${folder}: stop it, or use another folder`),
  );
  const configFile = join(folder, "config.json");
  return {
    databaseDirectory: join(folder, "db"),
    launchesDirectory: join(folder, "launches"),
    checkpointsDirectory: join(folder, "checkpoints"),
    logFile: join(folder, "logs", "service.log"),
    config: (await readJson<Config>(configFile)) ?? {},
    saveConfig: (config) => writeJson(configFile, config),
    announce: (url) => writeJson(serviceFile, { ...own, url } satisfies ServiceFile),
    async release() {
      await rm(serviceFile, { force: true });
      await giveBack();
    },
  };
}

/** Where the service of a folder listens; undefined when none runs. */
export async function findService(folder: string): Promise<ServiceFile | undefined> {
  const service = await readJson<ServiceFile>(join(folder, "service.json"));
  return service && isAlive(service) ? service : undefined;
}
