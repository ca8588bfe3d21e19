// reconcile(state, observed) → effects: level-triggered. It compares what should run with what executors know and says
// what to do about it; it keeps no memory, so after a crash it simply says the same again. Every effect has a key made
// of job, epoch and region: doing it twice is doing it once.
import type { Fact } from "./event.ts";
import type { State } from "./state.ts";
import { isOver } from "./verdict.ts";

/** What an executor knows of a launch. */
export type Observed = "running" | "over";

export type Effect =
  /** Start the launch of one region. */
  | {
      readonly kind: "submit";
      readonly key: string;
      readonly jobId: string;
      readonly epoch: number;
      readonly region: string;
    }
  /** End a launch: it was given up, or nobody knows why it runs. */
  | { readonly kind: "cancel"; readonly key: string; readonly region: string }
  /** Write down what follows from the executor's list: a launch that is not there and will not be started is over. */
  | { readonly kind: "record"; readonly key: string; readonly fact: Fact };

/** Deterministic name of a launch; also a folder name, so it holds only letters, digits, '-', '_' and '.'. */
export function launchKeyOf(jobId: string, epoch: number, region: string): string {
  return `${jobId}.${epoch}.${region}`;
}

/** @param observed complete: every launch that any executor knows, by launch key. What is not in it does not exist. */
export function reconcile(state: State, observed: ReadonlyMap<string, Observed>): Effect[] {
  const wanted = new Set<string>();
  const effects = [...state.active].flatMap((jobId) => launchEffects(state, jobId, observed, wanted));
  for (const [key, seen] of observed) {
    if (seen === "running" && !wanted.has(key))
      effects.push({ kind: "cancel", key, region: regionOfKey(key) });
  }
  return effects;
}

/** What is to be done about the launches of one active job; adds those that should run to `wanted`. */
export function launchEffects(
  state: State,
  jobId: string,
  observed: ReadonlyMap<string, Observed>,
  wanted?: Set<string>,
): Effect[] {
  const effects: Effect[] = [];
  const { givenUp, launches, number: epoch, startedSeconds } = state.jobs.get(jobId)!.epoch!;
  // Once all ranks have met, every launch has been there, whether or not anybody saw it run: it is not started again.
  const isWanted = !givenUp && startedSeconds === undefined;
  for (const [region, status] of Object.entries(launches)) {
    if (isOver(status)) continue;
    const key = launchKeyOf(jobId, epoch, region);
    if (!givenUp) wanted?.add(key);
    if (observed.has(key)) continue;
    if (status.kind === "submitted" && isWanted) effects.push({ kind: "submit", key, jobId, epoch, region });
    else
      effects.push({
        kind: "record",
        key,
        fact: { kind: "launch-observed", jobId, epoch, region, status: { kind: "lost" } },
      });
  }
  return effects;
}

function regionOfKey(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}
