/**
 * Schedules told by kinds alone: "two forwards of this stage, then a backward of that one". A stage does its
 * micro-batches in order, so the n-th block of a kind is that of its n-th micro-batch; and a rank does its weight
 * gradients in the order of its input gradients.
 */

import type { Action, ComputeKind } from "../schedule.ts";

export type Tally = {
  readonly actions: readonly Action[];
  /** The stage's next F, B or I. */
  readonly put: (kind: "F" | "B" | "I", stage: number) => void;
  /** A forward and a whole backward that may run as one. */
  readonly putFused: (forwardStage: number, backwardStage: number) => void;
  /** The oldest weight gradient whose input gradient is done; nothing if there is none. */
  readonly putOldestW: () => void;
};

/** @param firstMicrobatchOf where the counts of a stage start on this rank; 0 if absent. */
export function tally(firstMicrobatchOf: (stage: number) => number = () => 0): Tally {
  const actions: Action[] = [];
  const forwards = new Map<number, number>();
  const backwards = new Map<number, number>();
  const pending: Action[] = [];
  const next = (kind: ComputeKind, stage: number): Action => {
    const counts = kind === "F" ? forwards : backwards;
    const count = counts.get(stage) ?? 0;
    counts.set(stage, count + 1);
    return { kind, stage, microbatch: firstMicrobatchOf(stage) + count };
  };
  return {
    actions,
    put: (kind, stage) => {
      const action = next(kind, stage);
      actions.push(action);
      if (kind === "I") pending.push({ kind: "W", stage, microbatch: action.microbatch });
    },
    putFused: (forwardStage, backwardStage) => {
      const { kind, microbatch, stage } = next("F", forwardStage);
      actions.push({ kind, stage, microbatch, fused: true }, next("B", backwardStage));
    },
    putOldestW: () => {
      const oldest = pending.shift();
      if (oldest) actions.push(oldest);
    },
  };
}

/** What is left of a rank's actions without the micro-batches that `keep` refuses; a pair that loses one is no pair. */
export function withoutMicrobatches(
  actions: readonly Action[],
  keep: (microbatch: number) => boolean,
): readonly Action[] {
  return actions.flatMap((action, position) => {
    if (!keep(action.microbatch)) return [];
    const { fused, kind, microbatch, stage } = action;
    return fused && !keep(actions[position + 1]!.microbatch) ? [{ kind, stage, microbatch }] : [action];
  });
}
