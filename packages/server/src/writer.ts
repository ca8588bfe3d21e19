// The one writer. Facts come in from everywhere; they are appended to the log, folded into the state and answered by
// decisions one group after the other, so that nobody ever decides on a state that is about to change under him:
//
//   commits that wait:  propose on a draft → append → reduce → decide → append → reduce → answer
//
// What `state()` shows is durable, always: a group is proposed on a draft (group.ts), and folded in when it is appended.
//
// The clock and the secrets come from outside: the same facts at the same times give the same log.
import type { Deciding, Event, State } from "@bace-pipe/core";
import type { Logger } from "pino";
import { createDecider } from "./decider.ts";
import { eventOf, folded, type Proposal, proposeGroup, type World } from "./group.ts";
import { ProblemError } from "./problem.ts";
import type { Log } from "./store/log.ts";
import { createTurns } from "./store/turns.ts";

const SNAPSHOT_EVERY = 1000;

export interface WriterOptions {
  readonly log: Log;
  /** As replayed from the log; the writer's from here on. */
  readonly state: State;
  readonly deciding: Deciding;
  readonly nowSeconds: () => number;
  readonly logger: Logger;
  /** Events from one snapshot to the next, or as many as there are jobs: a snapshot holds them all. Default: 1000. */
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
  /** The newest state that is durable. To be read at once: it is changed in place. */
  state(): State;
  /** Never runs backwards, not even when the clock does. */
  nowSeconds(): number;
  /**
   * Resolves when what was proposed is durable, and what was decided upon it, unless others wait for their turn: then
   * that follows with one of theirs. Rejects with what `propose` throws, and no sooner.
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

interface Commit {
  readonly propose: Proposal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createWriter(options: WriterOptions): Writer {
  const { log, deciding, logger, snapshotEvery = SNAPSHOT_EVERY } = options;
  let world: World = { state: options.state, revision: options.state.seq };
  let snapshotSeq = world.state.seq;
  let latestSeconds = world.state.nowSeconds;
  let waiting: Commit[] = [];
  const inTurn = createTurns();
  let changed = () => {};
  const listeners = new Set<WriterListener>();
  let closed = false;
  let failure: Error | undefined;
  let fail: (error: Error) => void;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {}); // whoever cares awaits it; nobody has to

  const nowSeconds = () => {
    latestSeconds = Math.max(latestSeconds, options.nowSeconds());
    return latestSeconds;
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

  const append = async (events: readonly Event[]): Promise<void> => {
    if (events.length === 0) return;
    const sinceMilliseconds = performance.now();
    await log.append(events);
    const appendSeconds = (performance.now() - sinceMilliseconds) / 1000;
    for (const event of events) {
      const decision = decisionOf(event, world.state);
      world = folded(world, event);
      if (event.kind === "progress" || event.kind === "checkpoint-committed") continue;
      decider.changed();
      if (event.kind === "measured") continue; // a policy may see another link now, an executor nothing
      logEvent(logger, event, decision);
      changed();
    }
    for (const listener of listeners) listener.appended?.(events, appendSeconds);
    const { jobs, seq } = world.state;
    if (seq - snapshotSeq >= Math.max(snapshotEvery, jobs.size)) await saveSnapshot();
  };

  const saveSnapshot = async (): Promise<void> => {
    await log.saveSnapshot(world.state);
    snapshotSeq = world.state.seq;
  };

  const decider = createDecider({
    ...{ deciding, logger, nowSeconds },
    state: () => world.state,
    append(facts) {
      const { seq } = world.state;
      const atSeconds = nowSeconds();
      return append(facts.map((fact, i) => eventOf(fact, seq + 1 + i, atSeconds)));
    },
    decided(seconds) {
      for (const listener of listeners) listener.decided?.(seconds);
    },
  });

  /** The next group of those that wait; nobody may, where an earlier turn has taken all. */
  const takeGroup = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const refusal = failure ? inDoubt() : closed ? stopping() : undefined;
    if (refusal) {
      for (const { reject } of waiting.splice(0)) reject(refusal);
      return;
    }
    const all = waiting;
    waiting = [];
    let taken = all;
    try {
      await orFail(async () => {
        const { events, refusals } = proposeGroup(
          world,
          all.map(({ propose }) => propose),
          nowSeconds,
        );
        taken = all.slice(0, refusals.length);
        waiting = [...all.slice(refusals.length), ...waiting];
        await append(events);
        await decider.ifDue(waiting.length > 0);
        for (const [i, { reject, resolve }] of taken.entries()) {
          const refused = refusals[i];
          if (refused) reject(refused.error);
          else resolve();
        }
      });
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
  };

  return {
    state: () => world.state,
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
    revision: () => world.revision,
    commit(propose) {
      return new Promise((resolve, reject) => {
        waiting.push({ propose, resolve, reject });
        void inTurn(takeGroup);
      });
    },
    close: () =>
      inTurn(async () => {
        if (!failure && !closed) await orFail(saveSnapshot).catch(() => {}); // a failure has been reported
        closed = true;
      }),
  };
}

/** The answer to who asked for what could not be written, or was written by a connection that died over it. */
function inDoubt(): ProblemError {
  return new ProblemError(
    "store-failed",
    "it may have been written or not: ask again when the service is back",
  );
}

function stopping(): ProblemError {
  return new ProblemError("stopping", "ask again when the service is back");
}

/** The decision that an event follows from: seq of what placed the epoch. */
function decisionOf(event: Event, { jobs }: State): number | undefined {
  if (event.kind === "placed") return event.seq;
  const epoch = "epoch" in event ? jobs.get(event.jobId)?.epoch : undefined;
  return epoch && "epoch" in event && epoch.number === event.epoch ? epoch.placedSeq : undefined;
}

function logEvent(logger: Logger, event: Event, decision: number | undefined): void {
  const jobId = event.kind === "submitted" ? event.job.id : "jobId" in event ? event.jobId : undefined;
  const epoch = "epoch" in event ? event.epoch : undefined;
  const launch = event.kind === "launch-observed" ? { region: event.region, status: event.status } : {};
  logger.info({ seq: event.seq, jobId, epoch, decision, ...launch }, event.kind);
}
