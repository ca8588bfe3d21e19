// Processes that an earlier run wrote down: whether they are still the same, and how to end them.
// Only Linux tells when a process was started; elsewhere nothing is ended, for a pid alone may be somebody else's by now.
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessId } from "@bace-pipe/server/process";

const POLL_MILLISECONDS = 50;

export function isStillThere(noted: ProcessId): boolean {
  return noted.startTicks !== null && isAlive(noted);
}

/** Asks processes to end, and ends those that have not after a while. */
export async function endProcesses(processes: readonly ProcessId[], patienceSeconds: number): Promise<void> {
  const signal = (name: "SIGTERM" | "SIGKILL") => {
    for (const noted of processes) if (isStillThere(noted)) process.kill(noted.pid, name);
  };
  signal("SIGTERM");
  await goneWithin(processes, patienceSeconds);
  signal("SIGKILL");
  await goneWithin(processes, 1);
}

async function goneWithin(processes: readonly ProcessId[], seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (processes.some(isStillThere) && performance.now() < deadline) await sleep(POLL_MILLISECONDS);
}
