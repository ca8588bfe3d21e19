/**
 * Completeness: every stage and micro-batch has F and B, or F, I and W, each exactly once; and, as soon as a
 * schedule has one send or receive, every message that crosses ranks has its send and its receive exactly
 * once. Expects actions inside the schedule's ranges.
 */

import { type ActionKind, isCommunication, peerStage, rankOf, type Schedule } from "../schedule.ts";
import { describe, type PlacedAction, type ScheduleProblem } from "./problem.ts";

type Found = { readonly [kind in ActionKind]?: readonly PlacedAction[] };

const computeKinds = ["F", "B", "I", "W"] as const;
const communicationKinds = ["SEND_F", "RECV_F", "SEND_B", "RECV_B"] as const;

export function completenessProblems(schedule: Schedule): readonly ScheduleProblem[] {
  const { stages, microbatches } = schedule;
  const found = Array.from(
    { length: stages * microbatches },
    (): { [kind in ActionKind]?: PlacedAction[] } => ({}),
  );
  for (const [rank, actions] of schedule.ranks.entries()) {
    for (const [position, action] of actions.entries()) {
      const cell = found[action.stage * microbatches + action.microbatch]!;
      cell[action.kind] = [...(cell[action.kind] ?? []), { rank, position, action }];
    }
  }
  const lowered = schedule.ranks.some((actions) => actions.some((action) => isCommunication(action.kind)));
  return found.flatMap((cell, index) => {
    const stage = Math.floor(index / microbatches);
    const microbatch = index % microbatches;
    const crossing = communicationKinds.filter((kind) => {
      const peer = peerStage(kind, stage);
      const inside = peer >= 0 && peer < stages;
      return lowered && inside && rankOf(schedule, peer, microbatch) !== rankOf(schedule, stage, microbatch);
    });
    const expected = [...blocksExpected(cell), ...crossing];
    const absent = expected.filter((kind) => cell[kind] === undefined);
    const rank = rankOf(schedule, stage, microbatch);
    return [
      ...absent.map((kind) => missing({ rank, position: null, action: { kind, stage, microbatch } })),
      ...duplicates(cell),
      ...mixedBackward(cell),
    ];
  });
}

/** A micro-batch that shows any I or W, and no B, has its backward split. */
function blocksExpected(cell: Found): readonly ActionKind[] {
  const split = cell.B === undefined && (cell.I !== undefined || cell.W !== undefined);
  return split ? ["F", "I", "W"] : ["F", "B"];
}

function missing(placed: PlacedAction): ScheduleProblem {
  return {
    code: "schedule/missing",
    actions: [placed],
    message: `${describe(placed)} is missing`,
    advice: isCommunication(placed.action.kind)
      ? "Lower the computation order again: a schedule has all its sends and receives, or none."
      : "Give every stage and micro-batch F and B, or F, I and W.",
  };
}

function duplicates(cell: Found): readonly ScheduleProblem[] {
  return [...computeKinds, ...communicationKinds].flatMap((kind) => {
    const placed = cell[kind] ?? [];
    if (placed.length < 2) return [];
    return {
      code: "schedule/duplicate",
      actions: placed,
      message: `${placed.map(describe).join(" and ")} do the same`,
      advice: "Keep one of them.",
    };
  });
}

function mixedBackward(cell: Found): readonly ScheduleProblem[] {
  if (cell.B === undefined || (cell.I === undefined && cell.W === undefined)) return [];
  const actions = [...cell.B, ...(cell.I ?? []), ...(cell.W ?? [])];
  return [
    {
      code: "schedule/mixed-backward",
      actions,
      message: `${actions.map(describe).join(" and ")} do a backward both whole and in parts`,
      advice: "Keep B, or keep I and W.",
    },
  ];
}
