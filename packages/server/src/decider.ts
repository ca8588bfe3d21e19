// When the policy is asked, and what becomes of its answer. In a burst the last one decides for all who waited: a decision
// looks at the whole queue, and one per job that comes would make ten thousand jobs cost a hundred million looks.
import { type Deciding, decide, type Fact, type State } from "@bace-pipe/core";
import type { Logger } from "pino";

/** In a burst nothing waits longer for a decision than this, or, so that most of the time is left for what comes … */
const BURST_SECONDS = 0.25;
/** … than so many times what the last decision took. */
const BURST_DECISIONS = 3;

export interface DeciderOptions {
  readonly deciding: Deciding;
  readonly logger: Logger;
  readonly nowSeconds: () => number;
  readonly state: () => State;
  /** Makes durable, and part of the state, what was decided. */
  readonly append: (facts: readonly Fact[]) => Promise<void>;
  /** Told how long each decision took. */
  readonly decided: (seconds: number) => void;
}

export interface Decider {
  /** There may be something to decide. */
  changed(): void;
  /** Decides if it is time to. @param othersWait who will decide in their turns */
  ifDue(othersWait: boolean): Promise<void>;
}

export function createDecider(options: DeciderOptions): Decider {
  const { append, decided, deciding, logger, nowSeconds, state } = options;
  let due = true;
  let againSeconds = 0;
  /** When the policy wants to be asked again, or a back-off ends. */
  let reconsiderAtSeconds = Number.POSITIVE_INFINITY;

  /** A policy that throws has changed nothing: nobody starts until the next change, and the service still answers. */
  const decideAt = async (now: number): Promise<readonly Fact[]> => {
    let facts: readonly Fact[] = [];
    reconsiderAtSeconds = Number.POSITIVE_INFINITY;
    try {
      const sinceMilliseconds = performance.now();
      const answer = decide(state(), now, deciding);
      decided((performance.now() - sinceMilliseconds) / 1000);
      facts = answer.facts;
      reconsiderAtSeconds = answer.reconsiderAtSeconds ?? Number.POSITIVE_INFINITY;
    } catch (error) {
      logger.error(error, `the policy ${deciding.policy.name} failed: nothing was decided`);
    }
    await append(facts);
    reconsiderAtSeconds = Math.min(reconsiderAtSeconds, nextBackoffSeconds(state(), now));
    return facts;
  };

  return {
    changed() {
      due = true;
    },
    async ifDue(othersWait) {
      const now = nowSeconds();
      if (othersWait && now < againSeconds) return;
      if (!due && now < reconsiderAtSeconds) return;
      // Whoever waited behind a job that will never fit has nobody before him now, and nothing else may happen for long.
      while ((await decideAt(now)).some(({ kind }) => kind === "infeasible"));
      due = false; // what was just decided is no reason to decide again
      const doneSeconds = nowSeconds();
      againSeconds = doneSeconds + Math.max(BURST_SECONDS, BURST_DECISIONS * (doneSeconds - now));
    },
  };
}

/** When the first job's back-off ends that had not ended at the time; whatever changes that is a reason to decide itself. */
function nextBackoffSeconds({ jobs, queued }: State, nowSeconds: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const id of queued) {
    const { notBeforeSeconds } = jobs.get(id)!;
    if (notBeforeSeconds > nowSeconds && notBeforeSeconds < next) next = notBeforeSeconds;
  }
  return next;
}
