/**
 * The stats pass: how well a timed schedule uses its ranks, its memory and its links.
 *
 * Two lengths, never mixed: the makespan (first block of stage 0 to the last end anywhere) and the span (the
 * largest, over ranks, of last end minus first start), which zero-bubble papers report; and the bubble under
 * each. Memory counts chunk activations (arXiv 2405.15362, CrossPipe): F adds one when it starts; B releases
 * it when it ends, I and W half of it each. Leaves out bytes: those are the model's.
 */

import { type Action, isCommunication } from "./schedule.ts";
import type { TimedSchedule } from "./time.ts";

export type ScheduleStats = {
  readonly makespanSeconds: number;
  readonly spanSeconds: number;
  /** Idle share of all ranks during the makespan, 0 to 1: 1 - busy / (ranks x makespan). */
  readonly bubbleRatio: number;
  /** The same during the span. */
  readonly spanBubbleRatio: number;
  /** Seconds of computation, by rank. */
  readonly busySeconds: readonly number[];
  /** Largest number of activations held at once, by stage and by rank (all its stages together). */
  readonly peakActivationsOfStage: readonly number[];
  readonly peakActivationsOfRank: readonly number[];
  readonly exposed: readonly ExposedCommunication[];
};

/**
 * Seconds for which `toRank` stood idle until a message arrived that was queued, on the link or in flight.
 */
export type ExposedCommunication = {
  readonly fromRank: number;
  readonly toRank: number;
  readonly seconds: number;
};

export function scheduleStats(timed: TimedSchedule): ScheduleStats {
  const { makespanSeconds } = timed;
  const ranks = timed.compiled.schedule.ranks.length;
  const busySeconds = busyByRank(timed);
  const totalBusySeconds = busySeconds.reduce((sum, busy) => sum + busy, 0);
  const spanSeconds = longestSpanSeconds(timed);
  return {
    makespanSeconds,
    spanSeconds,
    bubbleRatio: bubbleRatio(totalBusySeconds, ranks * makespanSeconds),
    spanBubbleRatio: bubbleRatio(totalBusySeconds, ranks * spanSeconds),
    busySeconds,
    ...peakActivations(timed),
    exposed: exposedCommunication(timed),
  };
}

function bubbleRatio(busySeconds: number, availableSeconds: number): number {
  return availableSeconds === 0 ? 0 : 1 - busySeconds / availableSeconds;
}

function busyByRank({ compiled, startSeconds, endSeconds }: TimedSchedule): readonly number[] {
  const busySeconds = compiled.schedule.ranks.map(() => 0);
  for (const [id, rank] of compiled.rankOfAction.entries())
    busySeconds[rank]! += endSeconds[id]! - startSeconds[id]!;
  return busySeconds;
}

/** Sends and receives of a lowered schedule take no part: a rank's span begins with its first block. */
function longestSpanSeconds({ compiled, startSeconds, endSeconds }: TimedSchedule): number {
  const { schedule, rankOffset } = compiled;
  const spans = schedule.ranks.map((actions, rank) => {
    const isBlock = ({ kind }: Action) => !isCommunication(kind);
    const first = actions.findIndex(isBlock);
    const last = actions.findLastIndex(isBlock);
    return first < 0 ? 0 : endSeconds[rankOffset[rank]! + last]! - startSeconds[rankOffset[rank]! + first]!;
  });
  return spans.reduce((longest, span) => Math.max(longest, span), 0);
}

/** A rank does one thing at a time, so its order alone decides: releases precede the next block's demand. */
function peakActivations({ compiled }: TimedSchedule) {
  const { stages, ranks } = compiled.schedule;
  const peakActivationsOfStage = Array.from({ length: stages }, () => 0);
  const held = peakActivationsOfStage.slice();
  const peakActivationsOfRank = ranks.map((actions) => {
    let onRank = 0;
    let peak = 0;
    for (const action of actions) {
      const change = activationChange(action);
      const onStage = held[action.stage]! + change;
      held[action.stage] = onStage;
      onRank += change;
      peak = Math.max(peak, onRank);
      peakActivationsOfStage[action.stage] = Math.max(peakActivationsOfStage[action.stage]!, onStage);
    }
    return peak;
  });
  return { peakActivationsOfStage, peakActivationsOfRank };
}

/** Chunk activations that the action adds, when it starts, or gives back, when it ends. */
export function activationChange({ kind }: Action): number {
  switch (kind) {
    case "F":
      return 1;
    case "B":
      return -1;
    case "I":
    case "W":
      return -0.5;
    case "SEND_F":
    case "RECV_F":
    case "SEND_B":
    case "RECV_B":
      return 0;
  }
}

function exposedCommunication(timed: TimedSchedule): readonly ExposedCommunication[] {
  const { compiled, endSeconds, messageArrivalSeconds } = timed;
  const { rankOfAction, senderOfMessage, receiverOfMessage, linkOfMessage } = compiled;
  const exposedSeconds = compiled.links.map(() => 0);
  for (const [message, receiver] of receiverOfMessage.entries()) {
    const arrival = messageArrivalSeconds[message]!;
    const sameRank = receiver > 0 && rankOfAction[receiver - 1] === rankOfAction[receiver];
    const idleFrom = sameRank ? endSeconds[receiver - 1]! : 0;
    const waitedFrom = Math.max(idleFrom, endSeconds[senderOfMessage[message]!]!);
    exposedSeconds[linkOfMessage[message]!]! += Math.max(0, arrival - waitedFrom);
  }
  return compiled.links.map((link, index) => ({ ...link, seconds: exposedSeconds[index]! }));
}
