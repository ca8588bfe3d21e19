/**
 * Deadlock: ranks that wait for each other in a circle under the given orders.
 *
 * A blocked rank stands at an action that waits for another one; that one is later on its own rank, which is
 * blocked too (or is the same rank, for a backward listed before its forward). Following these from rank to
 * rank must come round. Expects a complete schedule.
 */

import { sweep, unmetNeed } from "../order.ts";
import type { Schedule } from "../schedule.ts";
import { actionName } from "../schedule.ts";
import { type Wiring, wireSchedule } from "../wiring.ts";
import type { PlacedAction, ScheduleProblem } from "./problem.ts";

type Wait = { readonly blocked: PlacedAction; readonly awaited: PlacedAction };

export function deadlockProblems(schedule: Schedule): readonly ScheduleProblem[] {
  const wiring = wireSchedule(schedule);
  const { performed, order, heads } = sweep(wiring);
  if (performed === wiring.actionCount) return [];
  const done = new Uint8Array(wiring.actionCount);
  for (const action of order.subarray(0, performed)) done[action] = 1;

  const seenFrom = new Int32Array(heads.length).fill(-1);
  const problems: ScheduleProblem[] = [];
  for (let start = 0; start < heads.length; start++) {
    if (heads[start] === wiring.rankOffset[start + 1]) continue;
    const path: Wait[] = [];
    let rank = start;
    while (seenFrom[rank] === -1) {
      seenFrom[rank] = start;
      const head = heads[rank]!;
      const awaited = placed(wiring, unmetNeed(wiring, done, head));
      path.push({ blocked: placed(wiring, head), awaited });
      rank = awaited.rank;
    }
    if (seenFrom[rank] === start)
      problems.push(circle(path.slice(path.findIndex((w) => w.blocked.rank === rank))));
  }
  return problems;
}

function placed({ schedule, rankOfAction, rankOffset }: Wiring, id: number): PlacedAction {
  const rank = rankOfAction[id]!;
  const position = id - rankOffset[rank]!;
  return { rank, position, action: schedule.ranks[rank]![position]! };
}

function circle(waits: readonly Wait[]): ScheduleProblem {
  const sentences = waits.map(({ blocked, awaited }) => {
    const at = `rank ${blocked.rank} at position ${blocked.position} (${actionName(blocked.action)})`;
    return `${at} waits for ${actionName(awaited.action)} of rank ${awaited.rank}`;
  });
  return {
    code: "schedule/deadlock",
    actions: waits.flatMap(({ blocked, awaited }) => [blocked, awaited]),
    message: sentences.join("; "),
    advice: "Move one of the awaited actions before the action at which its rank is blocked.",
  };
}
