// Which faults a run has, how often, and what was tried. Every kind draws from a stream of its own, and each run has its own
// rates: some runs are quiet but for one kind of fault, which finds more than everything at once.
import { type RandomStream, randomStream } from "@bace-pipe/core";

/** By kind the highest rate that a run may have, per opportunity. */
const HIGHEST = {
  "submit-lost": 0.2,
  "submit-late": 0.2,
  "submit-answer-lost": 0.2,
  "submit-throws": 0.1,
  "submit-slow": 0.3,
  "find-unknown": 0.5,
  "find-throws": 0.2,
  "list-throws": 0.1,
  "list-slow": 0.1,
  "cancel-lost": 0.3,
  "cancel-throws": 0.2,
  "launch-late": 0.2,
  "launch-killed": 0.002,
  "launch-preempted": 0.002,
  "launch-forgotten": 0.001,
  "exit-forgotten": 0.02,
  "request-lost": 0.1,
  "answer-lost": 0.1,
  "request-late": 0.1,
  "request-twice": 0.1,
  "link-slow": 0.1,
  "blocks-slow": 0.02,
  "append-refused": 0.003,
  "append-in-doubt": 0.003,
  "append-slow": 0.1,
  "snapshot-refused": 0.1,
  crash: 0.01,
  "clock-step": 0.5,
  "hostile-request": 0.5,
  "input-impossible": 0.5,
  "input-without-time": 0.5,
} as const;

export type FaultKind = keyof typeof HIGHEST;
export const FAULT_KINDS = Object.keys(HIGHEST) as FaultKind[];

export interface Faults {
  /** Whether a fault of the kind happens now. Never, once faults have stopped. */
  happens(kind: FaultKind): boolean;
  /** A number of [0, 1) of the kind's own stream. */
  draw(kind: FaultKind): number;
  stop(): void;
  /** Tried so far. */
  readonly counts: Readonly<Record<FaultKind, number>>;
}

export function createFaults(seed: number): Faults {
  const choice = randomStream(seed, "which faults");
  const share = [0, 0.1, 0.5, 1][Math.floor(choice() * 4)]!;
  const streams = new Map<FaultKind, { readonly rate: number; readonly next: RandomStream }>();
  for (const kind of FAULT_KINDS) {
    const rate = choice() < share ? HIGHEST[kind] * choice() : 0;
    streams.set(kind, { rate, next: randomStream(seed, kind) });
  }
  const counts = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  let stopped = false;
  return {
    counts,
    draw: (kind) => streams.get(kind)!.next(),
    happens(kind) {
      const { next, rate } = streams.get(kind)!;
      if (stopped || rate === 0 || next() >= rate) return false;
      counts[kind]++;
      return true;
    },
    stop() {
      stopped = true;
    },
  };
}
