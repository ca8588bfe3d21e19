// Retention: what is over and old is deleted, a little at a time, by the active instance. Two steps, each safe to be
// interrupted:
//   1. jobs that ended long ago leave the state by a fact of their own, so that every replay forgets them at one place;
//   2. old events of jobs that are gone, and older than the older snapshot, are deleted; old lines of the audit log, too;
//   3. what executors have left of launches of those jobs. One that does not answer keeps no other from it.
import type { Fact, State } from "@bace-pipe/core";
import type { Logger } from "pino";
import type { Executor } from "./executors/executor.ts";
import { jobOfKey, MOST_PER_ROUND } from "./executors/pruning.ts";
import type { Archive } from "./store/archive.ts";
import type { Writer } from "./writer.ts";

const JOBS_PER_FACT = 500;
const ROWS_PER_DELETE = 1000;
const LONGEST_PAUSE_SECONDS = 3600;

export interface RetentionOptions {
  readonly archive: Archive;
  readonly writer: Writer;
  /** What is younger stays. */
  readonly keepSeconds: number;
  /** More may come. */
  readonly executors?: readonly Executor[];
  readonly logger: Logger;
}

export interface Retention {
  /** Everything that is due now; returns how many events were deleted. */
  sweep(): Promise<number>;
  /** Sweeps at once, and every so often. */
  start(): void;
  /** Resolves when the last sweep has ended. */
  stop(): Promise<void>;
}

export function createRetention(options: RetentionOptions): Retention {
  const { archive, executors = [], keepSeconds, logger, writer } = options;
  let stopping = false;
  let stop = () => {};
  /** A cluster that does not answer keeps nobody from stopping: what is being removed goes on, or goes the next time. */
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  let running: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const inBatches = async (deleteSome: () => Promise<number>): Promise<number> => {
    let deleted = 0;
    for (let count = ROWS_PER_DELETE; count === ROWS_PER_DELETE && !stopping; deleted += count)
      count = await deleteSome();
    return deleted;
  };

  const prune = async (executor: Executor): Promise<void> => {
    const { name } = executor.capabilities;
    const isKept = (key: string) => writer.state().jobs.has(jobOfKey(key));
    let pruned = 0;
    try {
      for (let count = MOST_PER_ROUND; count === MOST_PER_ROUND && !stopping; pruned += count)
        count = (await executor.prune?.({ isKept, olderThanSeconds: keepSeconds })) ?? 0;
    } catch (error) {
      logger.warn({ err: error, executor: name }, "folders of ended launches are left for the next time");
    }
    if (pruned > 0) logger.info({ pruned, executor: name }, "folders of ended launches removed");
  };

  const sweep = async (): Promise<number> => {
    const beforeSeconds = writer.nowSeconds() - keepSeconds;
    while (!stopping && endedBefore(writer.state(), beforeSeconds).length > 0)
      await writer.commit((state) => forgottenFacts(state, beforeSeconds));
    const deleted = await inBatches(() =>
      archive.thin(beforeSeconds, [...writer.state().jobs.keys()], ROWS_PER_DELETE),
    );
    await inBatches(() => archive.thinAudit(beforeSeconds, ROWS_PER_DELETE));
    await Promise.race([Promise.all(executors.map(prune)), stopped]);
    if (deleted > 0) logger.info({ deleted, keepSeconds }, "old events deleted");
    return deleted;
  };

  const start = (): void => {
    running = sweep().catch((error: unknown) => logger.error(error, "retention"));
    timer = setTimeout(start, Math.min(LONGEST_PAUSE_SECONDS, keepSeconds / 4) * 1000).unref();
  };

  return {
    sweep,
    start,
    async stop() {
      stopping = true;
      stop();
      clearTimeout(timer);
      await running;
    },
  };
}

function forgottenFacts(state: State, beforeSeconds: number): readonly Fact[] {
  const jobIds = endedBefore(state, beforeSeconds);
  return jobIds.length > 0 ? [{ kind: "forgotten", jobIds }] : [];
}

/** The first of them. */
function endedBefore({ jobs }: State, beforeSeconds: number): readonly string[] {
  const ids: string[] = [];
  for (const { endedSeconds, job, phase } of jobs.values()) {
    if (phase === "ended" && endedSeconds! < beforeSeconds) ids.push(job.id);
    if (ids.length === JOBS_PER_FACT) break;
  }
  return ids;
}
