/**
 * A timed schedule in the Trace Event Format (Chrome trace JSON), for Perfetto and chrome://tracing.
 *
 * A process is a region, or a rank where regions are not given; a thread is a rank; a slice is a block; a
 * flow arrow is a message from the block that made it to the block that uses it. A further process shows each
 * link that messages occupy. Times are microseconds, as the format demands. Leaves out sends and receives:
 * they take no time.
 */

import { actionOf } from "../compile.ts";
import { type Action, actionName, isCommunication } from "../schedule.ts";
import type { TimedSchedule } from "../time.ts";

export type TraceEvent = {
  readonly ph: "X" | "M" | "s" | "f";
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  readonly bp?: "e";
  readonly args?: Readonly<Record<string, string | number>>;
};

export type ChromeTrace = {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly TraceEvent[];
};

/** `regionOfRank[rank]` is a region's name. Pass the result to `JSON.stringify`. */
export function chromeTrace(timed: TimedSchedule, regionOfRank?: readonly string[]): ChromeTrace {
  const { ranks } = timed.compiled.schedule;
  const processOfRank = ranks.map((_, rank) => regionOfRank?.[rank] ?? `rank ${rank}`);
  const processes = [...new Set(processOfRank)];
  const tracks = ranks.map((_, rank) => ({ pid: processes.indexOf(processOfRank[rank]!), tid: rank }));
  return {
    displayTimeUnit: "ms",
    traceEvents: [
      ...processes.map((name, pid) => named("process_name", name, pid, 0)),
      ...tracks.map(({ pid, tid }) => named("thread_name", `rank ${tid}`, pid, tid)),
      ...blockEvents(timed, tracks),
      ...flowEvents(timed, tracks),
      ...linkEvents(timed, processes.length),
    ],
  };
}

type Track = { readonly pid: number; readonly tid: number };

function named(name: "process_name" | "thread_name", value: string, pid: number, tid: number): TraceEvent {
  return { ph: "M", name, pid, tid, args: { name: value } };
}

function blockEvents(timed: TimedSchedule, tracks: readonly Track[]): readonly TraceEvent[] {
  return Array.from(timed.compiled.rankOfAction).flatMap((rank, id) => {
    const action = actionOf(timed.compiled, id);
    const { kind, stage, microbatch } = action;
    if (isCommunication(kind)) return [];
    return {
      ph: "X",
      name: actionName(action),
      cat: kind,
      ...tracks[rank]!,
      ...interval(timed.startSeconds[id]!, timed.endSeconds[id]!),
      args: { stage, microbatch },
    } as const;
  });
}

/** Arrows start and end at the starts of their slices, because a slice does not contain its own end. */
function flowEvents(timed: TimedSchedule, tracks: readonly Track[]): readonly TraceEvent[] {
  const { compiled, startSeconds } = timed;
  return Array.from(compiled.receiverOfMessage).flatMap((receiver, message): readonly TraceEvent[] => {
    const block = producerOf(timed, message);
    const name = passOf(timed, message);
    const from = tracks[compiled.rankOfAction[block]!]!;
    const to = tracks[compiled.rankOfAction[receiver]!]!;
    return [
      { ph: "s", name, cat: "message", id: message, ...from, ts: microseconds(startSeconds[block]!) },
      {
        ph: "f",
        name,
        cat: "message",
        id: message,
        bp: "e",
        ...to,
        ts: microseconds(startSeconds[receiver]!),
      },
    ];
  });
}

function linkEvents(timed: TimedSchedule, pid: number): readonly TraceEvent[] {
  const { compiled, messageStartSeconds, messageEndSeconds } = timed;
  const slices = Array.from(compiled.linkOfMessage).flatMap((link, message) => {
    const [start, end] = [messageStartSeconds[message]!, messageEndSeconds[message]!];
    if (end === start) return [];
    const name = actionName(actionOf(compiled, producerOf(timed, message)));
    return { ph: "X", name, cat: "message", pid, tid: link, ...interval(start, end) } as const;
  });
  const used = [...new Set(slices.map((slice) => slice.tid))];
  const names = used.map((link) => {
    const { fromRank, toRank } = compiled.links[link]!;
    return named("thread_name", `rank ${fromRank} to ${toRank}`, pid, link);
  });
  return used.length === 0 ? [] : [named("process_name", "links", pid, 0), ...names, ...slices];
}

/** The block whose result the message carries; in a lowered schedule it stands before the SEND. */
function producerOf({ compiled }: TimedSchedule, message: number): number {
  let id = compiled.senderOfMessage[message]!;
  const { stage, microbatch, kind } = actionOf(compiled, id);
  const isProducer = (other: Action) =>
    other.stage === stage &&
    other.microbatch === microbatch &&
    (kind === "SEND_F" ? other.kind === "F" : other.kind === "B" || other.kind === "I");
  while (isCommunication(kind) && !isProducer(actionOf(compiled, id))) id--;
  return id;
}

function passOf({ compiled }: TimedSchedule, message: number): "activation" | "gradient" {
  return actionOf(compiled, compiled.receiverOfMessage[message]!).kind === "F" ? "activation" : "gradient";
}

function interval(startSeconds: number, endSeconds: number) {
  return { ts: microseconds(startSeconds), dur: microseconds(endSeconds - startSeconds) };
}

function microseconds(seconds: number): number {
  return seconds * 1e6;
}
