/**
 * A schedule in integers: ids for actions, and who waits for whom.
 *
 * Actions are numbered rank by rank in program order. A message is released by the block itself (computation
 * order) or by its SEND (lowered schedule), and awaited by the block that consumes it; a RECV takes no part
 * in timing, because the transport pushes.
 * Expects a schedule whose shape, blocks and messages are complete; order is not looked at here.
 */

import { type Messages, numberMessages } from "./messages.ts";
import { type ActionKind, isCommunication, type Schedule } from "./schedule.ts";

export type Wiring = Messages & {
  readonly schedule: Schedule;
  readonly actionCount: number;
  /** Ids of rank r are `rankOffset[r]` (inclusive) to `rankOffset[r + 1]` (exclusive). */
  readonly rankOffset: Int32Array;
  readonly rankOfAction: Int32Array;
  /**
   * Index into the table of durations: F, B, I, W by stage (kind-major), then one zero for sends and
   * receives.
   */
  readonly durationSlot: Int32Array;
  /** Two per action: ids of the actions that must have ended before it starts, -1 for none. */
  readonly needs: Int32Array;
};

const slotOfKind: Readonly<Record<ActionKind, number>> = {
  F: 0,
  B: 1,
  I: 2,
  W: 3,
  SEND_F: -1,
  RECV_F: -1,
  SEND_B: -1,
  RECV_B: -1,
};

export function wireSchedule(schedule: Schedule): Wiring {
  const { stages, microbatches, ranks } = schedule;
  const rankOffset = new Int32Array(ranks.length + 1);
  for (const [rank, actions] of ranks.entries()) rankOffset[rank + 1] = rankOffset[rank]! + actions.length;
  const actionCount = rankOffset[ranks.length]!;
  const rankOfAction = new Int32Array(actionCount);
  const durationSlot = new Int32Array(actionCount);

  // By stage and micro-batch: who computes the activation and the gradient that neighbours need, and who
  // sends it.
  const table = () => new Int32Array(stages * microbatches).fill(-1);
  const forward = { block: table(), send: table() };
  const backward = { block: table(), send: table() };
  let id = 0;
  for (const [rank, actions] of ranks.entries()) {
    for (const { kind, stage, microbatch } of actions) {
      const cell = stage * microbatches + microbatch;
      if (kind === "F") forward.block[cell] = id;
      else if (kind === "B" || kind === "I") backward.block[cell] = id;
      else if (kind === "SEND_F") forward.send[cell] = id;
      else if (kind === "SEND_B") backward.send[cell] = id;
      const slot = slotOfKind[kind];
      durationSlot[id] = slot < 0 ? 4 * stages : slot * stages + stage;
      rankOfAction[id] = rank;
      id++;
    }
  }

  const lowered = ranks.some((actions) => actions.some((action) => isCommunication(action.kind)));
  const needs = new Int32Array(2 * actionCount).fill(-1);
  const receiverOfSender = new Int32Array(actionCount).fill(-1);
  const awaitNeighbour = (consumer: number, cell: number, from: { block: Int32Array; send: Int32Array }) => {
    const block = from.block[cell]!;
    const local = rankOfAction[block] === rankOfAction[consumer];
    const sender = lowered && !local ? from.send[cell]! : block;
    needs[2 * consumer] = sender;
    if (!local) receiverOfSender[sender] = consumer;
  };
  id = 0;
  for (const actions of ranks) {
    for (const { kind, stage, microbatch } of actions) {
      const cell = stage * microbatches + microbatch;
      if (kind === "F" && stage > 0) awaitNeighbour(id, cell - microbatches, forward);
      if (kind === "B" || kind === "I") {
        if (stage < stages - 1) awaitNeighbour(id, cell + microbatches, backward);
        needs[2 * id + 1] = forward.block[cell]!;
      }
      if (kind === "W") needs[2 * id] = backward.block[cell]!;
      id++;
    }
  }
  const messages = numberMessages(ranks.length, rankOfAction, receiverOfSender);
  return { schedule, actionCount, rankOffset, rankOfAction, durationSlot, needs, ...messages };
}
