/**
 * An independent event-driven simulator, slow and obvious, as the oracle of the timing pass and of lowering.
 *
 * Time goes from one event to the next; at each, ranks and links do whatever they can. It shares nothing with
 * the passes under test but the types. A lowered schedule sends at its SENDs, otherwise blocks send when they
 * end. With a rendezvous transport a message enters its link only when the notice that its receive is posted
 * has come back.
 */

import {
  type Action,
  actionName,
  type Hop,
  rankOf,
  type Schedule,
  type Timing,
} from "../../../src/pipeline/index.ts";

export type Simulated = {
  /** By action name. */
  readonly startSeconds: ReadonlyMap<string, number>;
  readonly endSeconds: ReadonlyMap<string, number>;
  /** By the name of the block that consumes the message. */
  readonly arrivalSeconds: ReadonlyMap<string, number>;
  readonly makespanSeconds: number;
  /** False if some action never ran. */
  readonly finished: boolean;
};

/** Known by the block that consumes it; `releasedSeconds` is its sender's end. */
type Message = { readonly consumer: string; readonly receive: string; readonly releasedSeconds: number };
type Wire = { readonly queue: Message[]; readonly hop: Hop; freeSeconds: number };

export function simulate(
  schedule: Schedule,
  timing: Timing,
  transport: "push" | "rendezvous" = "push",
): Simulated {
  const lowered = schedule.ranks.some((actions) => actions.some(({ kind }) => kind.includes("_")));
  const splitBackward = new Set(
    schedule.ranks.flat().flatMap((a) => (a.kind === "I" ? [`${a.stage}.${a.microbatch}`] : [])),
  );
  const startSeconds = new Map<string, number>();
  const endSeconds = new Map<string, number>();
  const arrivalSeconds = new Map<string, number>();
  const noticeSeconds = new Map<string, number>();
  const wires = new Map<string, Wire>();
  const ranks = schedule.ranks.map((actions) => ({ left: [...actions], freeSeconds: 0 }));
  const agenda = new Set<number>([0]);

  while (agenda.size > 0) {
    const now = Math.min(...agenda);
    agenda.delete(now);
    while (
      ranks.some((_, rank) => step(rank, now)) ||
      [...wires.values()].some((wire) => transmit(wire, now))
    );
  }
  return {
    startSeconds,
    endSeconds,
    arrivalSeconds,
    makespanSeconds: Math.max(0, ...endSeconds.values()),
    finished: ranks.every(({ left }) => left.length === 0),
  };

  /**
   * Starts the rank's next action if it can start now. Ends of blocks are on the agenda, so no moment is
   * missed.
   */
  function step(rank: number, now: number): boolean {
    const state = ranks[rank]!;
    const action = state.left[0];
    if (action === undefined || state.freeSeconds > now || !inputsAreHere(action, now)) return false;
    state.left.shift();
    const end = now + secondsOf(action);
    startSeconds.set(actionName(action), now);
    endSeconds.set(actionName(action), end);
    state.freeSeconds = end;
    agenda.add(end);
    const { kind, stage, microbatch } = action;
    const backwardAt = (at: number) =>
      `${at}${splitBackward.has(`${at}.${microbatch}`) ? "I" : "B"}${microbatch}`;
    if (kind === (lowered ? "SEND_F" : "F")) {
      const receive = `${stage + 1}RECV_F${microbatch}`;
      const message = { consumer: `${stage + 1}F${microbatch}`, receive, releasedSeconds: end };
      send(rank, rankOf(schedule, stage + 1, microbatch), message);
    }
    if (lowered ? kind === "SEND_B" : kind === "B" || kind === "I") {
      const receive = `${stage - 1}RECV_B${microbatch}`;
      const message = { consumer: backwardAt(stage - 1), receive, releasedSeconds: end };
      send(rank, rankOf(schedule, stage - 1, microbatch), message);
    }
    if (kind === "RECV_F" || kind === "RECV_B") {
      const notice =
        end +
        hop(rank, rankOf(schedule, kind === "RECV_F" ? stage - 1 : stage + 1, microbatch)).latencySeconds;
      noticeSeconds.set(actionName(action), notice);
      agenda.add(notice);
    }
    return true;
  }

  /** There is no rank beyond either end of the pipeline. */
  function send(rank: number, toRank: number, message: Message) {
    if (toRank < 0 || toRank === rank) return;
    const key = `${rank} to ${toRank}`;
    const wire = wires.get(key) ?? { queue: [], hop: hop(rank, toRank), freeSeconds: 0 };
    wires.set(key, wire);
    wire.queue.push(message);
  }

  function transmit(wire: Wire, now: number): boolean {
    const message = wire.queue[0];
    if (message === undefined || wire.freeSeconds > now || message.releasedSeconds > now) return false;
    if (transport === "rendezvous" && (noticeSeconds.get(message.receive) ?? Infinity) > now) return false;
    wire.queue.shift();
    wire.freeSeconds = now + wire.hop.occupancySeconds;
    const arrival = wire.freeSeconds + wire.hop.latencySeconds;
    arrivalSeconds.set(message.consumer, arrival);
    agenda.add(wire.freeSeconds);
    agenda.add(arrival);
    return true;
  }

  function inputsAreHere({ kind, stage, microbatch }: Action, now: number): boolean {
    const ended = (name: string) => (endSeconds.get(name) ?? Infinity) <= now;
    const arrived = (consumer: string) => (arrivalSeconds.get(consumer) ?? Infinity) <= now;
    const posted = (receive: string) => !lowered || startSeconds.has(receive);
    const local = (other: number) =>
      rankOf(schedule, other, microbatch) === rankOf(schedule, stage, microbatch);
    switch (kind) {
      case "F":
        if (stage === 0) return true;
        if (local(stage - 1)) return ended(`${stage - 1}F${microbatch}`);
        return arrived(`${stage}F${microbatch}`) && posted(`${stage}RECV_F${microbatch}`);
      case "B":
      case "I":
        if (!ended(`${stage}F${microbatch}`)) return false;
        if (stage === schedule.stages - 1) return true;
        if (local(stage + 1))
          return ended(`${stage + 1}B${microbatch}`) || ended(`${stage + 1}I${microbatch}`);
        return arrived(`${stage}${kind}${microbatch}`) && posted(`${stage}RECV_B${microbatch}`);
      case "W":
        return ended(`${stage}I${microbatch}`);
      default:
        return true;
    }
  }

  function secondsOf({ kind, stage }: Action): number {
    const { forwardSeconds, inputGradSeconds, weightGradSeconds, overheadSeconds } = timing;
    if (kind === "F") return forwardSeconds[stage]! + overheadSeconds;
    if (kind === "I") return inputGradSeconds[stage]! + overheadSeconds;
    if (kind === "W") return weightGradSeconds[stage]! + overheadSeconds;
    if (kind === "B") return inputGradSeconds[stage]! + weightGradSeconds[stage]! + overheadSeconds;
    return 0;
  }

  function hop(fromRank: number, toRank: number): Hop {
    const found = timing.links.find((link) => link.fromRank === fromRank && link.toRank === toRank);
    return found ?? { latencySeconds: 0, occupancySeconds: 0 };
  }
}
