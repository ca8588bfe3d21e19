/**
 * What is wrong with a schedule, where, and what to do about it. Codes are stable; sentences are for people.
 */

import { type Action, actionName } from "../schedule.ts";

export type ScheduleProblemCode =
  | "schedule/bad-shape"
  | "schedule/out-of-range"
  | "schedule/wrong-rank"
  | "schedule/missing"
  | "schedule/duplicate"
  | "schedule/mixed-backward"
  | "schedule/deadlock"
  | "schedule/needless-message"
  | "schedule/send-before-block"
  | "schedule/receive-after-use"
  | "schedule/channel-order"
  | "schedule/over-memory";

/**
 * An action and its index in `ranks[rank]`; `position` is null for an action that is not there and should be.
 */
export type PlacedAction = {
  readonly rank: number;
  readonly position: number | null;
  readonly action: Action;
};

export type ScheduleProblem = {
  readonly code: ScheduleProblemCode;
  /** The actions involved, most telling first; empty for a bad shape. */
  readonly actions: readonly PlacedAction[];
  readonly message: string;
  readonly advice: string;
};

/** `1B0 (rank 1, position 4)`, or `1B0 (rank 1)` for an absent action. */
export function describe({ action, rank, position }: PlacedAction): string {
  return `${actionName(action)} (rank ${rank}${position === null ? "" : `, position ${position}`})`;
}
