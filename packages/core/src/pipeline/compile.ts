/**
 * Everything about a schedule that the timing pass needs and that no timing changes: compile once, time
 * often.
 */

import { sweep } from "./order.ts";
import type { Action, Schedule } from "./schedule.ts";
import { type Wiring, wireSchedule } from "./wiring.ts";

export type CompiledSchedule = Wiring & {
  /** All action ids, each after everything that it waits for. */
  readonly order: Int32Array;
};

/**
 * Throws on a schedule that `validateSchedule` would refuse for missing blocks, missing messages or deadlock.
 */
export function compileSchedule(schedule: Schedule): CompiledSchedule {
  const wiring = wireSchedule(schedule);
  const { order, performed } = sweep(wiring);
  if (performed < wiring.actionCount) {
    throw new Error(
      `Schedule "${schedule.generator}" deadlocks after ${performed} of ${wiring.actionCount} actions; ` +
        "validateSchedule names the actions involved.",
    );
  }
  return { ...wiring, order };
}

/** The action with this id. */
export function actionOf({ schedule, rankOfAction, rankOffset }: Wiring, id: number): Action {
  const rank = rankOfAction[id]!;
  return schedule.ranks[rank]![id - rankOffset[rank]!]!;
}
