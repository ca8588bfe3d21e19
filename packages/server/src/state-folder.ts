// The folder of one service. One process at a time: two would make two truths, and break the database's files.
//   lock           who has it: {pid, startTicks}; left behind by a crash, and then free to be taken
//   service.json   where it listens: {pid, startTicks, url}, for as long as it does
//   config.json    {port, scenario}: kept, so that workers find a service that was restarted
//   db/  launches/  logs/
import { link, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, type ProcessId, startTicksOf } from "./executors/process.ts";
import { isMissing, readJson, writeJson } from "./files.ts";
import { StartError } from "./start-error.ts";

export interface ServiceFile extends ProcessId {
  readonly url: string;
}

export interface ScenarioText {
  /** As it appears in complaints. */
  readonly file: string;
  readonly text: string;
}

export interface Config {
  readonly port?: number;
  readonly scenario?: ScenarioText;
}

export interface StateFolder {
  readonly databaseDirectory: string;
  readonly launchesDirectory: string;
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
  const lock = join(folder, "lock");
  const serviceFile = join(folder, "service.json");
  await takeLock(lock, own, folder);
  const configFile = join(folder, "config.json");
  return {
    databaseDirectory: join(folder, "db"),
    launchesDirectory: join(folder, "launches"),
    logFile: join(folder, "logs", "service.log"),
    config: (await readJson<Config>(configFile)) ?? {},
    saveConfig: (config) => writeJson(configFile, config),
    announce: (url) => writeJson(serviceFile, { ...own, url } satisfies ServiceFile),
    async release() {
      await rm(serviceFile, { force: true });
      await rm(lock, { force: true });
    },
  };
}

/** Where the service of a folder listens; undefined when none runs. */
export async function findService(folder: string): Promise<ServiceFile | undefined> {
  const service = await readJson<ServiceFile>(join(folder, "service.json"));
  return service && isAlive(service) ? service : undefined;
}

/** Linking a complete file into place is atomic: of several that try, one succeeds. */
async function takeLock(lock: string, own: ProcessId, folder: string): Promise<void> {
  const mine = `${lock}.${own.pid}`;
  await writeJson(mine, own);
  try {
    for (;;) {
      try {
        await link(mine, lock);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = await readJson<ProcessId>(lock);
      if (holder && isAlive(holder)) {
        throw new StartError(
          "state-in-use",
          `process ${holder.pid} runs on ${folder}: stop it, or use another folder`,
        );
      }
      if (holder) await moveAway(lock, holder, `${mine}.stale`);
    }
  } finally {
    await rm(mine, { force: true });
    await rm(`${mine}.stale`, { force: true });
  }
}

/** Takes away a lock that a crash has left; one that somebody else has taken since is put back. */
async function moveAway(lock: string, left: ProcessId, aside: string): Promise<void> {
  try {
    await rename(lock, aside);
  } catch (error) {
    if (isMissing(error)) return; // somebody else was faster
    throw error;
  }
  const moved = await readJson<ProcessId>(aside);
  if (moved && (moved.pid !== left.pid || moved.startTicks !== left.startTicks)) await link(aside, lock);
}
