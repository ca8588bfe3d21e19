/**
 * Sends and receives against their blocks and against each other. A channel is a directed pair of ranks;
 * messages carry no label on some transports (PyTorch gives all of them tag 0), so receives must be posted in
 * the order of the sends: a swap there exchanges data without an error. Expects a complete schedule.
 */

import { type Action, actionName, peerStage, rankOf, type Schedule } from "../schedule.ts";
import { describe, type PlacedAction, type ScheduleProblem } from "./problem.ts";

type Channel = { readonly sends: PlacedAction[]; readonly receives: PlacedAction[] };

export function channelProblems(schedule: Schedule): readonly ScheduleProblem[] {
  const problems: ScheduleProblem[] = [];
  const channels = new Map<string, Channel>();
  for (const [rank, actions] of schedule.ranks.entries()) {
    const performed = new Set<string>();
    for (const [position, action] of actions.entries()) {
      const placed = { rank, position, action };
      const { kind } = action;
      switch (kind) {
        case "SEND_F":
        case "SEND_B":
          channelOf(rank, peerRank(kind, action)).sends.push(placed);
          if (!performed.has(passKey(kind === "SEND_F", action))) problems.push(sendBeforeBlock(placed));
          break;
        case "RECV_F":
        case "RECV_B":
          channelOf(peerRank(kind, action), rank).receives.push(placed);
          if (performed.has(passKey(kind === "RECV_F", action))) problems.push(receiveAfterUse(placed));
          break;
        case "F":
        case "B":
        case "I":
          performed.add(passKey(kind === "F", action));
          break;
        case "W":
          break;
        default:
          kind satisfies never;
      }
    }
  }
  return [...problems, ...[...channels.values()].flatMap(orderProblem)];

  function channelOf(from: number, to: number): Channel {
    const key = `${from}>${to}`;
    const channel = channels.get(key) ?? { sends: [], receives: [] };
    channels.set(key, channel);
    return channel;
  }

  function peerRank(kind: Parameters<typeof peerStage>[0], { stage, microbatch }: Action): number {
    return rankOf(schedule, peerStage(kind, stage), microbatch);
  }
}

function passKey(forward: boolean, { stage, microbatch }: Action): string {
  return `${stage}${forward ? "F" : "B"}${microbatch}`;
}

/** One problem per channel, for its first receive that is not next in the sends. */
function orderProblem({ sends, receives }: Channel): readonly ScheduleProblem[] {
  const index = sends.findIndex(({ action }, at) => receiveOf(action) !== actionName(receives[at]!.action));
  if (index < 0) return [];
  const [send, receive] = [sends[index]!, receives[index]!];
  return [
    {
      code: "schedule/channel-order",
      actions: [send, receive],
      message: `message ${index} of a channel is ${describe(send)} but received by ${describe(receive)}`,
      advice: "Post the receives of a channel in the order of its sends.",
    },
  ];
}

function receiveOf({ kind, stage, microbatch }: Action): string {
  const forward = kind === "SEND_F";
  return actionName({ kind: forward ? "RECV_F" : "RECV_B", stage: stage + (forward ? 1 : -1), microbatch });
}

function sendBeforeBlock(placed: PlacedAction): ScheduleProblem {
  return {
    code: "schedule/send-before-block",
    actions: [placed],
    message: `${describe(placed)} comes before the block whose result it sends`,
    advice: "Put a send right after its block.",
  };
}

function receiveAfterUse(placed: PlacedAction): ScheduleProblem {
  return {
    code: "schedule/receive-after-use",
    actions: [placed],
    message: `${describe(placed)} comes after the block that needs it`,
    advice: "Post a receive before its consumer.",
  };
}
