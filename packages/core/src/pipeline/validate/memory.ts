/**
 * Memory: no rank ever holds more activations than it can. Counted as in the stats pass: F adds one when it starts, B
 * releases it when it ends, I and W half of it each; a rank's order alone decides. Expects a complete schedule.
 */

import type { Action, Schedule } from "../schedule.ts";
import { activationChange } from "../stats.ts";
import { describe, type ScheduleProblem } from "./problem.ts";

/**
 * One problem per rank, for the first of its actions that goes over.
 * @param memoryCap by rank, in activations of one stage of this schedule; Infinity for no limit.
 */
export function memoryProblems(
  { ranks }: Schedule,
  memoryCap: readonly number[],
): readonly ScheduleProblem[] {
  if (memoryCap.length !== ranks.length) {
    return [
      {
        code: "schedule/bad-shape",
        actions: [],
        message: `memoryCap has ${memoryCap.length} entries for ${ranks.length} ranks`,
        advice: "Give one cap per rank, Infinity for no limit.",
      },
    ];
  }
  return ranks.flatMap((actions, rank) => overMemory(actions, rank, memoryCap[rank]!));
}

function overMemory(actions: readonly Action[], rank: number, cap: number): readonly ScheduleProblem[] {
  let held = 0;
  let most = 0;
  let first: { readonly position: number; readonly held: number } | undefined;
  for (const [position, action] of actions.entries()) {
    held += activationChange(action);
    most = Math.max(most, held);
    // A whisker of tolerance: caps are computed from bytes.
    if (first === undefined && held > cap + 1e-9) first = { position, held };
  }
  if (first === undefined) return [];
  const placed = { rank, position: first.position, action: actions[first.position]! };
  return [
    {
      code: "schedule/over-memory",
      actions: [placed],
      message: `${describe(placed)} makes it ${first.held} activations where rank ${rank} can hold ${cap}; it comes to ${most}`,
      advice: "Do backwards earlier or forwards later on this rank, or give it more memory.",
    },
  ];
}
