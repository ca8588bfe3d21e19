/**
 * The eight steps that DualPipe and DualPipeV share (DeepSeek-V3, arXiv 2412.19437, section 3.2.1, figure 5; its
 * published code, and PyTorch's `ScheduleDualPipeV`).
 *
 * A rank works on two streams of micro-batches: `near`, which enters the half pipeline where it begins, and `far`, which
 * comes back from its turn. In DualPipeV they are one micro-batch's way down and up a V; in DualPipe the two directions.
 */

import type { Action } from "../schedule.ts";
import type { Tally } from "./counted.ts";
import { range } from "./shape.ts";

export type DualStreams = {
  /** Ranks between the mouth of the half pipeline and its turn. */
  readonly depth: number;
  /** How far from the mouth this rank is, 0 to depth - 1. */
  readonly place: number;
  /** Micro-batches of each stream; 2·depth or more. */
  readonly microbatches: number;
  /** Stages of this rank by stream. */
  readonly near: number;
  readonly far: number;
};

export function dualSteps(
  { depth, far, microbatches, near, place }: DualStreams,
  { actions, put, putFused, putOldestW }: Tally,
): readonly Action[] {
  const toTurn = depth - 1 - place;
  const times = (count: number, step: (turn: number) => void) => range(count).forEach(step);
  times(2 * toTurn, () => put("F", near));
  times(place + 1, () => {
    put("F", near);
    put("F", far);
  });
  times(toTurn, () => {
    put("I", far);
    putOldestW();
    put("F", far);
  });
  times(microbatches - 2 * depth + place + 1, (turn) => {
    // The rank at the turn needs its own forward's result at once: apart, the gradient leaves sooner.
    if (turn === 0 && toTurn === 0) {
      put("F", near);
      put("B", far);
    } else putFused(near, far);
    putFused(far, near);
  });
  times(toTurn, () => {
    put("B", far);
    putFused(far, near);
  });
  // The second half of these backwards is split: its weight gradients fill the drain.
  times(2 * (place + 1), (turn) => put(turn > place ? "I" : "B", turn % 2 === 0 ? far : near));
  times(toTurn, () => {
    putOldestW();
    put("I", near);
  });
  times(place + 1, putOldestW);
  return actions;
}
