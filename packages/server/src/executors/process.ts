// Is a process that was noted down earlier still the same and alive? A pid alone does not say: pids are used again.
// With the time it was started (clock ticks since boot, field 22 of /proc/PID/stat, Linux) it does; elsewhere the pid
// has to do.
import { existsSync, readFileSync } from "node:fs";

export interface ProcessId {
  readonly pid: number;
  /** Null where the system does not tell. */
  readonly startTicks: number | null;
}

const hasProc = existsSync("/proc/self/stat");

/** Start time of a living process; null where the system does not tell. */
export function startTicksOf(pid: number): number | null {
  return statOf(pid)?.startTicks ?? null;
}

export function isAlive({ pid, startTicks }: ProcessId): boolean {
  if (!hasProc) return answersSignals(pid);
  const stat = statOf(pid);
  // A zombie has ended; it is only waiting for its parent to ask.
  if (!stat || stat.state === "Z" || stat.state === "X") return false;
  return stat.startTicks === startTicks; // unknown ticks where the system tells them: it had ended already
}

function statOf(pid: number): { readonly state: string; readonly startTicks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command, in brackets, may hold anything; the fields after it start with the third.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, startTicks: Number(fields[22 - 3]) };
  } catch {
    return undefined;
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
