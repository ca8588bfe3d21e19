// What the folder of a local launch says about it. The folder is all there is: a service that was restarted reads the
// same and adopts what runs.
//   plan.json        written first, by the executor: the launch is wanted
//   spawned.json     the supervisor's process, as the executor saw it start
//   started.json     the supervisor's process, as it says itself once it holds the folder's lock
//   exit.json        it is over, and with which exit code; written by the supervisor, last
//   cancelled        the executor has asked it to end; the file's age says how long ago
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, readJson } from "../files.ts";
import { type Launch, NO_EXIT_CODE } from "./executor.ts";
import { isAlive, type ProcessId } from "./process.ts";

export type FolderState =
  | (Extract<Launch, { kind: "running" }> & { readonly process?: ProcessId })
  | Extract<Launch, { kind: "exited" }>
  /** No folder, or one that a crash left before anything was started. */
  | { readonly kind: "absent" };

/** @param graceSeconds how long a folder may be without a process before it counts as abandoned. */
export async function readLaunchFolder(folder: string, graceSeconds: number): Promise<FolderState> {
  const process = await processOf(folder);
  const alive = process !== undefined && isAlive(process);
  // Read after the process was looked at: one that ended in between has left its exit code by now.
  const exit = await readJson<Partial<{ exitCode: number }> | null>(join(folder, "exit.json"));
  if (exit !== undefined) return { kind: "exited", exitCode: exitCodeOf(exit) };
  if (process) return alive ? { kind: "running", process } : { kind: "exited", exitCode: NO_EXIT_CODE };
  const plannedSecondsAgo = await ageSeconds(join(folder, "plan.json"));
  if (plannedSecondsAgo === undefined || plannedSecondsAgo > graceSeconds) return { kind: "absent" };
  return { kind: "running" };
}

/** The file is only written at the end, so it is over; where it does not say how, nobody knows. */
function exitCodeOf(exit: Partial<{ exitCode: number }> | null): number {
  const { exitCode } = exit ?? {};
  return typeof exitCode === "number" && Number.isInteger(exitCode) ? exitCode : NO_EXIT_CODE;
}

async function processOf(folder: string): Promise<ProcessId | undefined> {
  for (const name of ["started.json", "spawned.json"]) {
    const noted = await readJson<unknown>(join(folder, name));
    if (isProcessId(noted)) return noted;
  }
  return undefined;
}

/** Signals go to it: a number that is none, or that means a group of processes, must not get there. */
function isProcessId(noted: unknown): noted is ProcessId {
  if (typeof noted !== "object" || noted === null) return false;
  const { pid, startTicks } = noted as Record<string, unknown>;
  const isWhole = (value: unknown) => typeof value === "number" && Number.isSafeInteger(value);
  return isWhole(pid) && (pid as number) > 1 && (startTicks === null || isWhole(startTicks));
}

/** Seconds since a file was written; undefined where there is none. */
export async function ageSeconds(path: string): Promise<number | undefined> {
  try {
    return (Date.now() - (await stat(path)).mtimeMs) / 1000;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
