/**
 * An order of all actions in which each comes after what it waits for: its rank's earlier actions and its
 * needs.
 *
 * It does not depend on times, so it is found once per schedule. Ranks advance as far as they can; a blocked
 * one is queued again by the action it waits for. At most one other rank waits for any action, because an
 * activation or gradient has one consumer on another rank (and a rank that waits for itself waits for ever),
 * so one slot per action is enough and the sweep is O(actions).
 */

import type { Wiring } from "./wiring.ts";

export type Sweep = {
  /** Action ids; the first `performed` are in order, the rest is unused. */
  readonly order: Int32Array;
  /** Fewer than all actions if the schedule deadlocks. */
  readonly performed: number;
  /** By rank, the id of the first action that was not performed; the rank's end if none is left. */
  readonly heads: Int32Array;
};

export function sweep(wiring: Wiring): Sweep {
  const { actionCount, rankOffset } = wiring;
  const ranks = rankOffset.length - 1;
  const order = new Int32Array(actionCount);
  const done = new Uint8Array(actionCount);
  const waitingRank = new Int32Array(actionCount).fill(-1);
  const heads = rankOffset.slice(0, ranks);
  const ready = Array.from({ length: ranks }, (_, index) => ranks - 1 - index);
  let performed = 0;

  for (let rank = ready.pop(); rank !== undefined; rank = ready.pop()) {
    let action = heads[rank]!;
    const end = rankOffset[rank + 1]!;
    while (action < end) {
      const need = unmetNeed(wiring, done, action);
      if (need >= 0) {
        waitingRank[need] = rank;
        break;
      }
      done[action] = 1;
      order[performed++] = action;
      const woken = waitingRank[action]!;
      if (woken >= 0) ready.push(woken);
      action++;
    }
    heads[rank] = action;
  }
  return { order, performed, heads };
}

/** The first of the action's needs with `done[need] === 0`, -1 if all are met. */
export function unmetNeed({ needs }: Wiring, done: Uint8Array, action: number): number {
  const first = needs[2 * action]!;
  if (first >= 0 && done[first] === 0) return first;
  const second = needs[2 * action + 1]!;
  return second >= 0 && done[second] === 0 ? second : -1;
}
