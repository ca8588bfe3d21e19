// The one writer. Facts come in from everywhere; they are appended to the log, folded into the state and answered by
// decisions one after the other, so that nobody ever decides on a state that is about to change under him:
//
//   commit:  propose(state) → append → reduce → decide → append → reduce
//
// In a burst the last one decides for all who waited: a decision looks at the whole queue, and one per job that comes
// would make ten thousand jobs cost a hundred million looks.
//
// The clock and the secrets come from outside: the same facts at the same times give the same log.
import type { Deciding, Event, Fact, State } from "@bace-pipe/core";
import { decide, reduce } from "@bace-pipe/core";
import type { Logger } from "pino";
import { ProblemError } from "./problem.ts";
import { isMove, placeOf } from "./revision.ts";
import type { Log } from "./store/log.ts";

const SNAPSHOT_EVERY = 1000;
/** In a burst nothing waits longer for a decision than this, or, so that most of the time is left for what comes … */
const BURST_SECONDS = 0.25;
/** … than so many times what the last decision took. */
const BURST_DECISIONS = 3;

/** Facts that follow from a state; called when the state is the newest and nothing else is being written. */
export type Proposal = (state: State) => readonly Fact[];

export interface WriterOptions {
  readonly log: Log;
  /** As replayed from the log; the writer's from here on. */
  readonly state: State;
  readonly deciding: Deciding;
  readonly nowSeconds: () => number;
  readonly logger: Logger;
  /** Events from one snapshot to the next. Default: 1000. */
  readonly snapshotEvery?: number;
}

/** Told of what the writer does; measures it if it wants to. */
export interface WriterListener {
  /** @param seconds that it took to store them */
  appended?(events: readonly Event[], seconds: number): void;
  /** @param seconds that a decision took */
  decided?(seconds: number): void;
}

export interface Writer {
  /** The newest state. To be read at once: it is changed in place. */
  state(): State;
  /** Never runs backwards, not even when the clock does. */
  nowSeconds(): number;
  /**
   * Resolves when what was proposed is durable, and what was decided upon it, unless others wait for their turn: then
   * that follows with one of theirs. Rejects with what `propose` throws.
   */
  commit(propose: Proposal): Promise<void>;
  /** Calls back after every event but reports of ranks: there may be something to do. */
  onChange(listener: () => void): void;
  /** Any number may listen; returns how to stop. */
  listen(listener: WriterListener): () => void;
  /** Seq of the last event by which fleet, queue or placements changed; of the last one where the log was opened. */
  revision(): number;
  /** Lets the queue run empty and writes a snapshot. */
  close(): Promise<void>;
  /** Whether it takes facts. */
  healthy(): boolean;
  /** Rejects when the log could not be written, or an invariant is broken: the service must end. Never resolves. */
  readonly failed: Promise<never>;
}

export function createWriter(options: WriterOptions): Writer {
  const { log, deciding, logger, snapshotEvery = SNAPSHOT_EVERY } = options;
  let state = options.state;
  let snapshotSeq = state.seq;
  let tail: Promise<unknown> = Promise.resolve();
  let decisionDue = true;
  let decidedSeconds = 0;
  let decideAgainSeconds = 0;
  /** Commits that have not had their turn. */
  let waiting = 0;
  /** When the policy wants to be asked again. */
  let reconsiderAtSeconds = Number.POSITIVE_INFINITY;
  let changed = () => {};
  const listeners = new Set<WriterListener>();
  let revision = state.seq;
  let closed = false;
  let failure: Error | undefined;
  let fail: (error: Error) => void;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {}); // whoever cares awaits it; nobody has to

  const nowSeconds = () => Math.max(state.nowSeconds, options.nowSeconds());

  const enqueue = (work: () => Promise<void>): Promise<void> => {
    const result = tail.then(() => {
      if (failure) throw inDoubt();
      if (closed) throw new ProblemError("stopping", "ask again when the service is back");
      return work();
    });
    tail = result.catch(() => {});
    return result;
  };

  /** What goes wrong in here leaves memory and log in doubt: nothing more may be written. */
  const orFail = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failure = error as Error;
      fail(failure); // first: a disk that is full takes no log line either
      try {
        logger.error(error, "the log and the state in memory may differ: stopping");
      } catch {
        // The failure itself is what people need to see, not that it could not be logged.
      }
      throw inDoubt();
    }
  };

  const append = async (facts: readonly Fact[]): Promise<void> => {
    if (facts.length === 0) return;
    const atSeconds = nowSeconds();
    // Through JSON, so that what is folded in now is to the bit what a replay will fold in.
    const events = facts.map(
      (fact, i) => JSON.parse(JSON.stringify({ ...fact, seq: state.seq + 1 + i, atSeconds })) as Event,
    );
    const sinceMilliseconds = performance.now();
    await log.append(events);
    const appendSeconds = (performance.now() - sinceMilliseconds) / 1000;
    for (const event of events) {
      const placeBefore = placeOf(event, state);
      state = reduce(state, event);
      if (isMove(event, placeBefore, state)) revision = event.seq;
      if (event.kind === "progress" || event.kind === "checkpoint-committed") continue;
      decisionDue = true;
      if (event.kind === "measured") continue; // a policy may see another link now, an executor nothing
      logEvent(logger, event);
      changed();
    }
    for (const listener of listeners) listener.appended?.(events, appendSeconds);
    if (state.seq - snapshotSeq >= snapshotEvery) await saveSnapshot();
  };

  const saveSnapshot = async (): Promise<void> => {
    await log.saveSnapshot(state);
    snapshotSeq = state.seq;
  };

  const decideIfDue = async (): Promise<void> => {
    const now = nowSeconds();
    if (!decisionDue && now < reconsiderAtSeconds && !backoffElapsed(state, decidedSeconds, now)) return;
    decidedSeconds = now;
    await append(decisions(now));
    decisionDue = false; // what was just decided is no reason to decide again
    const doneSeconds = nowSeconds();
    decideAgainSeconds = doneSeconds + Math.max(BURST_SECONDS, BURST_DECISIONS * (doneSeconds - now));
  };

  const decideUnlessOthersWill = async (): Promise<void> => {
    if (waiting === 0 || nowSeconds() >= decideAgainSeconds) await decideIfDue();
  };

  /** A policy that throws has changed nothing: nobody starts until the next change, and the service still answers. */
  const decisions = (now: number): readonly Fact[] => {
    try {
      const sinceMilliseconds = performance.now();
      const decided = decide(state, now, deciding);
      for (const { decided: tell } of listeners) tell?.((performance.now() - sinceMilliseconds) / 1000);
      reconsiderAtSeconds = decided.reconsiderAtSeconds ?? Number.POSITIVE_INFINITY;
      return decided.facts;
    } catch (error) {
      reconsiderAtSeconds = Number.POSITIVE_INFINITY;
      logger.error(error, `the policy ${deciding.policy.name} failed: nothing was decided`);
      return [];
    }
  };

  return {
    state: () => state,
    nowSeconds,
    failed,
    healthy: () => !failure && !closed,
    onChange(listener) {
      changed = listener;
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    revision: () => revision,
    commit(propose) {
      waiting++;
      return enqueue(async () => {
        waiting--;
        let facts: readonly Fact[];
        try {
          facts = propose(state);
        } catch (error) {
          await orFail(decideUnlessOthersWill); // those before may have counted on this one
          throw error;
        }
        await orFail(async () => {
          await append(facts);
          await decideUnlessOthersWill();
        });
      });
    },
    async close() {
      await enqueue(() => orFail(saveSnapshot)).catch(() => {}); // a failure has been reported
      closed = true;
    },
  };
}

/** The answer to who asked for what could not be written, or was written by a connection that died over it. */
function inDoubt(): ProblemError {
  return new ProblemError(
    "store-failed",
    "it may have been written or not: ask again when the service is back",
  );
}

/** Whether a job's back-off ended since the last round. */
function backoffElapsed(state: State, sinceSeconds: number, nowSeconds: number): boolean {
  for (const id of state.queued) {
    const { notBeforeSeconds } = state.jobs.get(id)!;
    if (notBeforeSeconds > sinceSeconds && notBeforeSeconds <= nowSeconds) return true;
  }
  return false;
}

function logEvent(logger: Logger, event: Event): void {
  const jobId = event.kind === "submitted" ? event.job.id : "jobId" in event ? event.jobId : undefined;
  const epoch = "epoch" in event ? event.epoch : undefined;
  const launch = event.kind === "launch-observed" ? { region: event.region, status: event.status } : {};
  logger.info({ seq: event.seq, jobId, epoch, ...launch }, event.kind);
}
