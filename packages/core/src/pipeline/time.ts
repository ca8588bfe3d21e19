/**
 * The timing pass: when each action starts and ends, and when each message is on its link.
 *
 * A block starts when its rank is free and its message has arrived. Links are first in, first out in the
 * order of the sender's ends; see `timing.ts` for the model. One sweep in dependency order, exact,
 * O(actions), allocating only its results. Sends and receives of a lowered schedule take no time, and a
 * message leaves at its SEND. Leaves out: contention of the pipeline's messages with gradient reductions.
 */

import type { CompiledSchedule } from "./compile.ts";
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
  readonly makespanSeconds: number;
};

/** Throws if `timing` does not give a finite time of 0 or more for each stage and link. */
export function timeSchedule(compiled: CompiledSchedule, timing: Timing): TimedSchedule {
  const { actionCount, order, rankOfAction, durationSlot, inbox, outbox, messageCount, linkOfMessage } =
    compiled;
  const durationSeconds = durationTable(compiled.schedule.stages, timing);
  const { latencySeconds, occupancySeconds } = linkTables(compiled, timing);
  // One allocation for all results: on small schedules five would cost more than the sweep.
  const results = new ArrayBuffer(8 * (2 * actionCount + 3 * messageCount));
  const messages = 16 * actionCount;
  const startSeconds = new Float64Array(results, 0, actionCount);
  const endSeconds = new Float64Array(results, 8 * actionCount, actionCount);
  const messageStartSeconds = new Float64Array(results, messages, messageCount);
  const messageEndSeconds = new Float64Array(results, messages + 8 * messageCount, messageCount);
  const messageArrivalSeconds = new Float64Array(results, messages + 16 * messageCount, messageCount);
  const rankFreeSeconds = new Float64Array(compiled.schedule.ranks.length);
  const linkFreeSeconds = new Float64Array(compiled.links.length);
  let makespanSeconds = 0;

  for (let index = 0; index < actionCount; index++) {
    const action = order[index]!;
    const rank = rankOfAction[action]!;
    const awaited = inbox[action]!;
    let start = rankFreeSeconds[rank]!;
    if (awaited >= 0 && messageArrivalSeconds[awaited]! > start) start = messageArrivalSeconds[awaited]!;
    const end = start + durationSeconds[durationSlot[action]!]!;
    startSeconds[action] = start;
    endSeconds[action] = end;
    rankFreeSeconds[rank] = end;
    if (end > makespanSeconds) makespanSeconds = end;

    const released = outbox[action]!;
    if (released < 0) continue;
    const link = linkOfMessage[released]!;
    const enter = linkFreeSeconds[link]! > end ? linkFreeSeconds[link]! : end;
    const leave = enter + occupancySeconds[link]!;
    messageStartSeconds[released] = enter;
    messageEndSeconds[released] = leave;
    messageArrivalSeconds[released] = leave + latencySeconds[link]!;
    linkFreeSeconds[link] = leave;
  }
  return {
    compiled,
    startSeconds,
    endSeconds,
    messageStartSeconds,
    messageEndSeconds,
    messageArrivalSeconds,
    linkLatencySeconds: latencySeconds,
    makespanSeconds,
  };
}

function durationTable(stages: number, timing: Timing): Float64Array {
  const overhead = seconds("overheadSeconds", timing.overheadSeconds);
  const table = new Float64Array(4 * stages + 1);
  for (let stage = 0; stage < stages; stage++) {
    const inputGrad = seconds("inputGradSeconds", timing.inputGradSeconds[stage]);
    const weightGrad = seconds("weightGradSeconds", timing.weightGradSeconds[stage]);
    table[stage] = seconds("forwardSeconds", timing.forwardSeconds[stage]) + overhead;
    table[stages + stage] = inputGrad + weightGrad + overhead;
    table[2 * stages + stage] = inputGrad + overhead;
    table[3 * stages + stage] = weightGrad + overhead;
  }
  return table;
}

function linkTables({ links, linkOfPair, schedule }: CompiledSchedule, timing: Timing) {
  const ranks = schedule.ranks.length;
  const latencySeconds = new Float64Array(links.length);
  const occupancySeconds = new Float64Array(links.length);
  for (const hop of timing.links) {
    const link = hop.toRank < ranks ? linkOfPair.get(hop.fromRank * ranks + hop.toRank) : undefined;
    if (link === undefined) continue;
    latencySeconds[link] = seconds("latencySeconds", hop.latencySeconds);
    occupancySeconds[link] = seconds("occupancySeconds", hop.occupancySeconds);
  }
  return { latencySeconds, occupancySeconds };
}

function seconds(field: string, value: number | undefined): number {
  if (value === undefined || !Number.isFinite(value) || value < 0) {
    throw new RangeError(`Timing.${field} must be finite and 0 or more for each stage and link: ${value}`);
  }
  return value;
}
