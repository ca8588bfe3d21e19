// What all triggers of replan.ts have in common: when a gain is worth its cost, how often a job is moved, whom they ask, and
// that nobody is moved while somebody else is on the way: both would count on the same free GPUs.
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Ledger } from "../fleet/ledger.ts";
import type { Policy, View } from "../scheduler/policy.ts";
import { SECONDS_PER_DAY, SECONDS_PER_HOUR } from "../units.ts";
import type { Fact } from "./event.ts";
import type { JobState, State } from "./state.ts";

/** A job is moved at most once in this time. */
export const REPLAN_PAUSE_SECONDS = 600;
/** Who was told to move has so long to give his GPUs back before others are stopped for somebody who waits. */
const LEAVING_SECONDS = 60;
/** While somebody moves: when to look again, should nothing happen. */
export const MOVING_SECONDS = 10;
/** Prices may move it again only after twice as long as the last time, up to this … */
const LONGEST_PAUSE_SECONDS = 6 * SECONDS_PER_HOUR;
/** … unless none has for so long. */
const MOVES_FORGOTTEN_SECONDS = SECONDS_PER_DAY;
/** Gain over cost. */
const MARGIN = 2;
/** Share of what is left that must be saved. */
const LEAST_SHARE = 0.05;

export interface Replanning {
  readonly policy: Policy;
  readonly timeModel: TimeModel;
  /** What the policy would see if the job were in the queue, and the ledger this one. */
  readonly viewWith: (job: JobState, ledger: Ledger) => View;
}

export type Replanned = Pick<Extract<Fact, { kind: "replan-requested" }>, "why" | "placement">;

/** Moves of a job for prices, none of them more than a day after the one before it. */
export interface PriceMoves {
  readonly times: number;
  /** Of the last one. */
  readonly atSeconds: number;
}

export function afterPriceMove(known: PriceMoves | undefined, nowSeconds: number): PriceMoves {
  const isOne = known !== undefined && nowSeconds < known.atSeconds + MOVES_FORGOTTEN_SECONDS;
  return { times: (isOne ? known.times : 0) + 1, atSeconds: nowSeconds };
}

/**
 * From when prices may move a job: a gain is forecast over all that is left of it. Where prices have soon been others again
 * it was not there, and the next forecast is as good as that one was.
 */
export function priceMoveAfterSeconds({ priceMoves, replan }: JobState): number {
  const pause = priceMoves
    ? Math.min(REPLAN_PAUSE_SECONDS * 2 ** (priceMoves.times - 1), LONGEST_PAUSE_SECONDS)
    : 0;
  return Math.max(
    replan ? replan.atSeconds + REPLAN_PAUSE_SECONDS : 0,
    priceMoves ? priceMoves.atSeconds + pause : 0,
  );
}

export function isWorthIt(gain: number, cost: number, on: number): boolean {
  return gain > 0 && gain >= LEAST_SHARE * on && gain >= MARGIN * cost;
}

/**
 * Whether a job that was told to move has not begun elsewhere yet. One that waits long for its new GPUs, or that a cluster
 * does not end, keeps nobody.
 */
export function isMoving({ active, jobs, queued }: State, nowSeconds: number): boolean {
  const isFresh = ({ epochs, replan }: JobState) =>
    replan?.epoch === epochs && nowSeconds < replan.atSeconds + REPLAN_PAUSE_SECONDS;
  for (const id of active) {
    const known = jobs.get(id)!;
    if (known.phase === "stopping" && isFresh(known)) return true;
  }
  for (const id of queued) if (isFresh(jobs.get(id)!)) return true;
  return false;
}

/** Whether somebody is being stopped to move, whose GPUs are about to be free: who waits may need no other's. */
export function isLeaving({ active, jobs }: State, nowSeconds: number): boolean {
  for (const id of active) {
    const { epochs, phase, replan } = jobs.get(id)!;
    if (phase === "stopping" && replan?.epoch === epochs && nowSeconds < replan.atSeconds + LEAVING_SECONDS)
      return true;
  }
  return false;
}
