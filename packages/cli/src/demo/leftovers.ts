// What an earlier demo may have left: a service, launches that train on, and the folder with all of their state.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ProcessId } from "@bace-pipe/server/process";
import { readServiceFile } from "../service/discovery.ts";
import { endProcesses, isStillThere } from "./processes.ts";

/** The worker gives its ranks ten seconds. */
const LAUNCH_PATIENCE_SECONDS = 12;
const SERVICE_PATIENCE_SECONDS = 5;

export interface Leftovers {
  readonly service: readonly ProcessId[];
  readonly launches: readonly ProcessId[];
}

/** Processes of a state folder that are still alive. */
export function leftoversOf(folder: string): Leftovers {
  const service = readServiceFile(folder);
  return {
    service: [service].filter((noted) => noted !== undefined).filter(isStillThere),
    launches: launchesOf(folder).filter(isStillThere),
  };
}

/** The service first, so that it does not take the end of its launches for failures and start them again. */
export async function removeLeftovers(folder: string, say: (line: string) => void): Promise<void> {
  const { service, launches } = leftoversOf(folder);
  if (service.length > 0) say(`stopping the service of an earlier demo (pid ${service[0]!.pid})`);
  await endProcesses(service, SERVICE_PATIENCE_SECONDS);
  // It may have started some more meanwhile.
  const left = launches.length > 0 || service.length > 0 ? leftoversOf(folder).launches : [];
  if (left.length > 0) say(`stopping ${left.length} launches of an earlier demo`);
  await endProcesses(left, LAUNCH_PATIENCE_SECONDS);
  rmSync(folder, { recursive: true, force: true });
}

function launchesOf(folder: string): ProcessId[] {
  const launches = join(folder, "launches");
  if (!existsSync(launches)) return [];
  const files = readdirSync(launches).flatMap((key) =>
    ["spawned.json", "started.json"].map((name) => join(launches, key, name)),
  );
  const noted = files.filter(existsSync).map((file) => JSON.parse(readFileSync(file, "utf8")) as ProcessId);
  // The same supervisor is in both files.
  return [...new Map(noted.map((process_) => [process_.pid, process_])).values()];
}
