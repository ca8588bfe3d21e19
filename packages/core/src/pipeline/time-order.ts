/**
 * Performs actions in the order of their ends, for timings in which several ranks send over one medium: whose message
 * came first is known only as time goes by. Each rank offers its next action once what that waits for has been performed, and
 * the offer that ends first is performed next; what others send ends later, so every medium sees its messages in time.
 * Ties: the lower rank.
 */

import { unmetNeed } from "./order.ts";
import { type Progress, perform } from "./progress.ts";

export function performInTime(progress: Progress): void {
  const { compiled, durationSeconds } = progress;
  const { actionCount, durationSlot, rankOfAction, rankOffset } = compiled;
  const heads = rankOffset.slice(0, rankOffset.length - 1);
  const one = new Int32Array(1);
  const done = new Uint8Array(actionCount);
  const waitingRank = new Int32Array(actionCount).fill(-1);
  /** Ranks with an offer, and their ends: few enough to be searched. */
  const offerEnd = new Float64Array(heads.length).fill(Number.POSITIVE_INFINITY);

  const offer = (rank: number) => {
    const action = heads[rank]!;
    offerEnd[rank] = Number.POSITIVE_INFINITY;
    if (action === rankOffset[rank + 1]) return;
    const need = unmetNeed(compiled, done, action);
    if (need >= 0) waitingRank[need] = rank;
    else offerEnd[rank] = startOf(progress, action) + durationSeconds[durationSlot[action]!]!;
  };

  for (let rank = 0; rank < heads.length; rank++) offer(rank);
  for (let performed = 0; performed < actionCount; performed++) {
    let next = 0;
    for (let rank = 1; rank < heads.length; rank++) if (offerEnd[rank]! < offerEnd[next]!) next = rank;
    const action = heads[next]!;
    one[0] = action;
    perform(progress, one, 0, 1);
    done[action] = 1;
    heads[next] = action + 1;
    offer(rankOfAction[action]!);
    if (waitingRank[action]! >= 0) offer(waitingRank[action]!);
  }
}

/** When a rank's next action starts, everything that it waits for being performed. */
function startOf(
  { compiled, messageArrivalSeconds, rankFreeSeconds, syncs }: Progress,
  action: number,
): number {
  const awaited = compiled.inbox[action]!;
  const slot = compiled.durationSlot[action]!;
  const rank = compiled.rankOfAction[action]!;
  const { stages } = compiled.schedule;
  return Math.max(
    rankFreeSeconds[rank]!,
    awaited >= 0 ? messageArrivalSeconds[awaited]! : 0,
    slot < stages ? (syncs?.gatheredSeconds[rank * stages + slot] ?? 0) : 0,
  );
}
