// Processes that an earlier run wrote down: whether they are still the same, and how to end them.
// Only Linux tells when a process was started; elsewhere nothing is ended, for a pid alone may be somebody else's by now.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface Noted {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTicks: number | null;
}

const POLL_MILLISECONDS = 50;

/** Clock ticks from boot to the start of a process that is alive; null if there is none, or no telling. */
export function startTicksOf(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command, in brackets, may hold anything; the fields after it start with the third.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : Number(fields[22 - 3]);
  } catch {
    return null;
  }
}

export function isStillThere({ pid, startTicks }: Noted): boolean {
  return startTicks !== null && startTicksOf(pid) === startTicks;
}

/** Asks processes to end, and ends those that have not after a while. */
export async function endProcesses(processes: readonly Noted[], patienceSeconds: number): Promise<void> {
  const signal = (name: "SIGTERM" | "SIGKILL") => {
    for (const noted of processes) if (isStillThere(noted)) process.kill(noted.pid, name);
  };
  signal("SIGTERM");
  await goneWithin(processes, patienceSeconds);
  signal("SIGKILL");
  await goneWithin(processes, 1);
}

async function goneWithin(processes: readonly Noted[], seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (processes.some(isStillThere) && performance.now() < deadline) await sleep(POLL_MILLISECONDS);
}
