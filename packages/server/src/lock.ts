// A lock file: {pid, startTicks} of the process that has it. A crash leaves it behind, and it is then free to be taken.
import { link, rename, rm } from "node:fs/promises";
import { isAlive, type ProcessId, startTicksOf } from "./executors/process.ts";
import { isMissing, readJson, writeJson } from "./files.ts";

/**
 * Takes the lock for this process; returns what gives it back. Throws `inUse(holder)` if a living process has it.
 * Linking a complete file into place is atomic: of several that try, one succeeds.
 */
export async function takeLock(
  lock: string,
  inUse: (holder: ProcessId) => Error,
): Promise<() => Promise<void>> {
  const mine = `${lock}.${process.pid}`;
  await writeJson(mine, { pid: process.pid, startTicks: startTicksOf(process.pid) } satisfies ProcessId);
  try {
    for (;;) {
      try {
        await link(mine, lock);
        return () => rm(lock, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = await readJson<ProcessId>(lock);
      if (holder && isAlive(holder)) throw inUse(holder);
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
