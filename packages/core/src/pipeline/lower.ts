/**
 * Lowering: from a computation order to the same order with sends and receives.
 *
 * - A send stands right after its block. It is posted there and never waited for.
 * - A receive is posted early and waited for only by its consumer. Posted at the consumer, it would cost a
 *   round trip per message wherever sender and receiver must meet first. With a transport that pushes, it
 *   stands before the first local block that starts no sooner than the sender's end. With a rendezvous
 *   transport (gloo, NCCL) the sender also needs the notice that the receive is posted, one latency earlier,
 *   and a rank posts nothing while a block runs; so it stands one block earlier than the first local block
 *   that starts no sooner than the sender's end less that latency. Receives are not posted earlier than that,
 *   because each holds a buffer.
 * - Receives of a channel (a directed pair of ranks) stand in the order of the sender's blocks. The runtime
 *   keeps channels apart: a receive that waits must not hold up a send, or ranks stall and can deadlock, as in
 *   PyTorch's issues 172668 and 188833.
 *
 * "Starts" and "ends" need times, so lowering takes a timed schedule. Any plausible timing gives a correct
 * result; a good one gives receives that are neither late nor early.
 */

import { actionOf } from "./compile.ts";
import { type Action, isCommunication, type Schedule } from "./schedule.ts";
import type { TimedSchedule } from "./time.ts";

/** Whether a message leaves when its send is posted, or only when its receive is known to be posted too. */
export type Transport = "push" | "rendezvous";

/** Throws if `timed` is a lowered schedule already. */
export function lowerSchedule(timed: TimedSchedule, transport: Transport): Schedule {
  const { schedule } = timed.compiled;
  if (schedule.ranks.some((actions) => actions.some((action) => isCommunication(action.kind)))) {
    throw new Error(`Schedule "${schedule.generator}" is lowered already.`);
  }
  const receives = schedule.ranks.map((actions) => actions.map((): Action[] => []));
  for (const message of messagesBySenderEnd(timed)) {
    const { rank, position } = postingPlace(timed, message, transport);
    receives[rank]![position]!.push(receiveAction(timed, message));
  }
  const ranks = schedule.ranks.map((actions, rank) =>
    actions.flatMap((action, position) => [
      ...receives[rank]![position]!,
      action,
      ...sendAfter(timed, timed.compiled.rankOffset[rank]! + position),
    ]),
  );
  return { ...schedule, ranks };
}

/**
 * Message ids in the order of the sender's ends; stable, so messages of one channel keep the sender's order.
 */
function messagesBySenderEnd({ compiled, endSeconds }: TimedSchedule): readonly number[] {
  const releaseSeconds = Array.from(compiled.senderOfMessage, (sender) => endSeconds[sender]!);
  return Array.from(releaseSeconds.keys()).sort((a, b) => releaseSeconds[a]! - releaseSeconds[b]!);
}

function postingPlace(timed: TimedSchedule, message: number, transport: Transport) {
  const { rankOfAction, rankOffset, senderOfMessage, receiverOfMessage } = timed.compiled;
  const rank = rankOfAction[receiverOfMessage[message]!]!;
  const senderEnd = timed.endSeconds[senderOfMessage[message]!]!;
  const starts = timed.startSeconds.subarray(rankOffset[rank]!, rankOffset[rank + 1]!);
  switch (transport) {
    case "push":
      return { rank, position: firstNoSooner(starts, senderEnd) };
    case "rendezvous": {
      const noticeSeconds = returnLatencySeconds(timed, message);
      return { rank, position: Math.max(0, firstNoSooner(starts, senderEnd - noticeSeconds) - 1) };
    }
  }
}

/** Latency of the link on which the receiver answers; every forward hop has one, for the gradient. */
function returnLatencySeconds({ compiled, linkLatencySeconds }: TimedSchedule, message: number): number {
  const { fromRank, toRank } = compiled.links[compiled.linkOfMessage[message]!]!;
  const link = compiled.linkOfPair.get(toRank * compiled.schedule.ranks.length + fromRank)!;
  return linkLatencySeconds[link]!;
}

/** Index of the first start that is `bound` or later; starts ascend, and the consumer's is late enough. */
function firstNoSooner(starts: Float64Array, bound: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle]! >= bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

function receiveAction({ compiled }: TimedSchedule, message: number): Action {
  const { stage, microbatch, kind } = actionOf(compiled, compiled.receiverOfMessage[message]!);
  return { kind: kind === "F" ? "RECV_F" : "RECV_B", stage, microbatch };
}

function sendAfter({ compiled }: TimedSchedule, id: number): readonly Action[] {
  if (compiled.outbox[id]! < 0) return [];
  const { stage, microbatch, kind } = actionOf(compiled, id);
  return [{ kind: kind === "F" ? "SEND_F" : "SEND_B", stage, microbatch }];
}
