// Looks at jobs until they are where somebody waits for them to be. Ctrl-C ends the looking alone. A service that is
// started again meanwhile is waited for.
import { setTimeout as sleep } from "node:timers/promises";
import type { JobView } from "@bace-pipe/server";
import type { Io } from "../io.ts";
import { queueText } from "../render/queue.ts";
import { createScreen } from "../render/screen.ts";
import { isPassing, withService } from "./connect.ts";
import type { Where } from "./discovery.ts";
import { knownJob } from "./job-names.ts";

const POLL_SECONDS = 1;
/** For a service that answered before. */
const PATIENCE_SECONDS = 120;

/** Of a timer of Node. */
const LONGEST_MILLISECONDS = 2 ** 31 - 1;

export interface Following {
  readonly ids: readonly string[];
  /** Whether there is nothing more to wait for. */
  isOver(jobs: readonly JobView[]): boolean;
  /** For ever where absent. */
  readonly timeoutSeconds?: number | undefined;
}

export interface Followed {
  readonly why: "over" | "timeout" | "interrupted";
  /** As they were when last seen. */
  readonly jobs: readonly JobView[];
}

export async function followJobs(
  { ids, isOver, timeoutSeconds = Number.POSITIVE_INFINITY }: Following,
  where: Where,
  io: Io,
): Promise<Followed> {
  const since = performance.now() / 1000;
  const elapsed = () => performance.now() / 1000 - since;
  const stop = new AbortController();
  const stopped = new Promise<undefined>((resolve) =>
    stop.signal.addEventListener("abort", () => resolve(undefined)),
  );
  const stopListening = io.onInterrupt(() => stop.abort());
  const sign = signsOfLife(io);
  let jobs: readonly JobView[] = [];
  let answeredSeconds = 0;
  try {
    for (;;) {
      const read = readJobs(ids, where, io).catch((error: unknown) => {
        const isPatient = jobs.length > 0 && elapsed() - answeredSeconds < PATIENCE_SECONDS;
        if (!isPatient || !isPassing(error)) throw error;
        return undefined;
      });
      read.catch(() => {}); // where Ctrl-C or the end of the time came first
      const seen = await Promise.race([inTime(read, timeoutSeconds - elapsed()), stopped]);
      if (seen) [jobs, answeredSeconds] = [seen, elapsed()];
      if (stop.signal.aborted) return { why: "interrupted", jobs };
      sign.show(seen);
      if (seen && isOver(seen)) return { why: "over", jobs };
      const left = timeoutSeconds - elapsed();
      if (left <= 0) return { why: "timeout", jobs };
      await sleep(1000 * Math.min(POLL_SECONDS, left), undefined, { signal: stop.signal }).catch(
        () => undefined,
      );
    }
  } finally {
    sign.end();
    stopListening();
  }
}

/** undefined where that takes longer: a service may take a question and never answer it. */
function inTime<T>(answer: Promise<T>, seconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(
      () => resolve(undefined),
      Math.min(1000 * Math.max(POLL_SECONDS, seconds), LONGEST_MILLISECONDS),
    );
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

function readJobs(ids: readonly string[], where: Where, io: Io): Promise<readonly JobView[]> {
  return withService(where, io, (client) =>
    Promise.all(ids.map((id) => knownJob(client, id, () => client.job(id)))),
  );
}

/** A table that is drawn in place on a terminal; elsewhere a line whenever a job's phase is another one. */
function signsOfLife({ err }: Io) {
  const screen = createScreen(err);
  const told = new Map<string, string>();
  let isSilent = false;
  return {
    show(jobs: readonly JobView[] | undefined) {
      if (!jobs && !isSilent) screen.say("the service does not answer; waiting for it to come back");
      isSilent = !jobs;
      if (!jobs) return;
      if (screen.isTerminal) return screen.show(queueText(jobs, new Map(), err.colors));
      for (const job of jobs) {
        const word = job.outcome ?? job.phase;
        if (told.get(job.id) !== word) screen.say(`${job.id}: ${word}`);
        told.set(job.id, word);
      }
    },
    end() {
      if (screen.isTerminal) screen.show("");
    },
  };
}
