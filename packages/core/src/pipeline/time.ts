/**
 * The timing pass: when each action starts and ends, and when each message is on its link.
 *
 * A block starts when its rank is free and its message has arrived. Links are first in, first out in the
 * order of the sender's ends; see `timing.ts` for the model. One sweep in dependency order, exact,
 * O(actions), allocating only its results; where several ranks send over one medium the order of their sends matters too
 * and is found on the way (`time-order.ts`, O(actions x ranks)). Sends and receives of a lowered schedule take no
 * time, and a message leaves at its SEND.
 */

import type { CompiledSchedule } from "./compile.ts";
import { begin, perform } from "./progress.ts";
import { performInTime } from "./time-order.ts";
import type { Timing } from "./timing.ts";

/**
 * Actions and messages are indexed by the ids of `compiled`; times are seconds from the start of the
 * iteration.
 */
export type TimedSchedule = {
  readonly compiled: CompiledSchedule;
  readonly startSeconds: Float64Array;
  readonly endSeconds: Float64Array;
  /** When the message enters its link; it was queued since its sender's end. */
  readonly messageStartSeconds: Float64Array;
  /** When it has left the link, `messageStartSeconds` plus the occupancy. */
  readonly messageEndSeconds: Float64Array;
  /** When the receiver has it, `messageEndSeconds` plus the latency. */
  readonly messageArrivalSeconds: Float64Array;
  /** By link of `compiled`. */
  readonly linkLatencySeconds: Float64Array;
  /** First start to the last end, of blocks and of gradient reductions. */
  readonly makespanSeconds: number;
};

/** Throws if `timing` does not give a finite time of 0 or more for each stage and link. */
export function timeSchedule(compiled: CompiledSchedule, timing: Timing): TimedSchedule {
  const progress = begin(compiled, timing);
  if (progress.tables.shared) performInTime(progress);
  else perform(progress, compiled.order, 0, compiled.actionCount);
  const { startSeconds, endSeconds, messageStartSeconds, messageEndSeconds, messageArrivalSeconds } =
    progress;
  return {
    compiled,
    startSeconds,
    endSeconds,
    messageStartSeconds,
    messageEndSeconds,
    messageArrivalSeconds,
    linkLatencySeconds: progress.tables.latencySeconds,
    makespanSeconds: progress.makespanSeconds,
  };
}
