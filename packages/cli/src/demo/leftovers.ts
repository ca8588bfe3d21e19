// What an earlier demo may have left: a service, launches that train on, and the folder with all of their state.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAlive, type ProcessId } from "@bace-pipe/server/process";
import { EXIT, Failure } from "../failure.ts";
import { endProcesses, isStillThere } from "./processes.ts";

/** The worker gives its ranks ten seconds. */
const LAUNCH_PATIENCE_SECONDS = 12;
const SERVICE_PATIENCE_SECONDS = 5;

/** The service first, so that it does not take the end of its launches for failures and start them again. */
export async function removeLeftovers(folder: string, say: (line: string) => void): Promise<void> {
  const services = servicesOf(folder).filter(isStillThere);
  for (const { pid } of services) say(`stopping the service of an earlier demo (pid ${pid})`);
  await endProcesses(services, SERVICE_PATIENCE_SECONDS);
  const launches = launchesOf(folder).filter(isStillThere);
  if (launches.length > 0) say(`stopping ${launches.length} launches of an earlier demo`);
  await endProcesses(launches, LAUNCH_PATIENCE_SECONDS);
  for (const noted of [...servicesOf(folder), ...launchesOf(folder)]) {
    if (isAlive(noted)) throw stillAlive(noted, folder);
  }
  rmSync(folder, { recursive: true, force: true });
}

function stillAlive({ pid }: ProcessId, folder: string): Failure {
  return new Failure(`process ${pid} of an earlier demo still runs on ${folder}`, {
    exitCode: EXIT.failed,
    code: "leftovers",
    hint: `end it (kill ${pid}), then start the demo again`,
  });
}

/** A service that is still starting has only the lock. */
function servicesOf(folder: string): ProcessId[] {
  return processesIn([join(folder, "lock"), join(folder, "service.json")]);
}

function launchesOf(folder: string): ProcessId[] {
  const launches = join(folder, "launches");
  if (!existsSync(launches)) return [];
  return processesIn(
    readdirSync(launches).flatMap((key) =>
      ["spawned.json", "started.json"].map((name) => join(launches, key, name)),
    ),
  );
}

/** Those that the files name, each once. A file that is missing or half written names none. */
function processesIn(files: readonly string[]): ProcessId[] {
  const noted = files.flatMap((file) => {
    try {
      return [JSON.parse(readFileSync(file, "utf8")) as ProcessId];
    } catch {
      return [];
    }
  });
  return [...new Map(noted.map((id) => [`${id.pid} ${id.startTicks}`, id])).values()];
}
