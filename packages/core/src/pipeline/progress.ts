/**
 * One action of the timing pass at a time: what has been performed so far, and the next action added to it. In which
 * order actions are added is the caller's: any in which each comes after what it waits for, and in which the sends over
 * one medium come in the order of their times.
 */

import type { CompiledSchedule } from "./compile.ts";
import type { Timing } from "./timing.ts";
import { durationTable, type LinkTables, linkTables, type SyncTables, syncTables } from "./timing-tables.ts";

export interface Progress {
  readonly compiled: CompiledSchedule;
  readonly durationSeconds: Float64Array;
  readonly tables: LinkTables;
  readonly syncs: SyncTables | undefined;
  readonly startSeconds: Float64Array;
  readonly endSeconds: Float64Array;
  readonly messageStartSeconds: Float64Array;
  readonly messageEndSeconds: Float64Array;
  readonly messageArrivalSeconds: Float64Array;
  readonly rankFreeSeconds: Float64Array;
  readonly mediumFreeSeconds: Float64Array;
  makespanSeconds: number;
}

export function begin(compiled: CompiledSchedule, timing: Timing): Progress {
  const { actionCount, messageCount, schedule } = compiled;
  // One allocation for all results: on small schedules five would cost more than the sweep.
  const results = new ArrayBuffer(8 * (2 * actionCount + 3 * messageCount));
  const messages = 16 * actionCount;
  const tables = linkTables(compiled, timing);
  const mediumFreeSeconds = new Float64Array(tables.media);
  return {
    compiled,
    durationSeconds: durationTable(schedule.stages, timing),
    tables,
    syncs: timing.gradientSyncs
      ? syncTables(compiled, timing.gradientSyncs, tables, mediumFreeSeconds)
      : undefined,
    startSeconds: new Float64Array(results, 0, actionCount),
    endSeconds: new Float64Array(results, 8 * actionCount, actionCount),
    messageStartSeconds: new Float64Array(results, messages, messageCount),
    messageEndSeconds: new Float64Array(results, messages + 8 * messageCount, messageCount),
    messageArrivalSeconds: new Float64Array(results, messages + 16 * messageCount, messageCount),
    rankFreeSeconds: new Float64Array(schedule.ranks.length),
    mediumFreeSeconds,
    makespanSeconds: 0,
  };
}

/** Performs `actions[from]` to `actions[to - 1]`, of which each comes after what it waits for. */
export function perform(progress: Progress, actions: Int32Array, from: number, to: number): void {
  const { compiled, durationSeconds, mediumFreeSeconds, rankFreeSeconds, syncs, tables } = progress;
  const { startSeconds, endSeconds, messageStartSeconds, messageEndSeconds, messageArrivalSeconds } =
    progress;
  const { durationSlot, inbox, linkOfMessage, outbox, rankOfAction, schedule } = compiled;
  const { latencySeconds, mediumOfLink, occupancySeconds } = tables;
  let makespanSeconds = progress.makespanSeconds;
  for (let index = from; index < to; index++) {
    const action = actions[index]!;
    const rank = rankOfAction[action]!;
    const slot = durationSlot[action]!;
    const awaited = inbox[action]!;
    let start = rankFreeSeconds[rank]!;
    if (awaited >= 0 && messageArrivalSeconds[awaited]! > start) start = messageArrivalSeconds[awaited]!;
    // The slots of forwards are their stages.
    if (syncs !== undefined && slot < schedule.stages)
      start = Math.max(start, syncs.gatheredSeconds[rank * schedule.stages + slot]!);
    const end = start + durationSeconds[slot]!;
    startSeconds[action] = start;
    endSeconds[action] = end;
    rankFreeSeconds[rank] = end;
    if (end > makespanSeconds) makespanSeconds = end;

    const released = outbox[action]!;
    if (released >= 0) {
      const link = linkOfMessage[released]!;
      const medium = mediumOfLink[link]!;
      const enter = mediumFreeSeconds[medium]! > end ? mediumFreeSeconds[medium]! : end;
      const leave = enter + occupancySeconds[link]!;
      messageStartSeconds[released] = enter;
      messageEndSeconds[released] = leave;
      messageArrivalSeconds[released] = leave + latencySeconds[link]!;
      mediumFreeSeconds[medium] = leave;
    }
    if (syncs !== undefined && syncs.mediumAfter[action]! >= 0) {
      const medium = syncs.mediumAfter[action]!;
      const reduced = Math.max(mediumFreeSeconds[medium]!, end) + syncs.reduceSeconds[action]!;
      mediumFreeSeconds[medium] = reduced;
      if (reduced > makespanSeconds) makespanSeconds = reduced;
    }
  }
  progress.makespanSeconds = makespanSeconds;
}
