// Runs `bace` in this process and records what it says.
import { resolve } from "node:path";
import pc from "picocolors";
import type { Io } from "../../src/io.ts";
import { main } from "../../src/main.ts";

export const ROOT = resolve(import.meta.dirname, "../../../..");

export interface Run {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface Outside {
  readonly input?: string;
  /** To every question; without one there is no terminal to ask on. */
  readonly answer?: boolean;
  readonly env?: Io["env"];
  readonly folder?: string;
  /** When Ctrl-C is pressed. */
  readonly interrupted?: Promise<void>;
}

export async function bace(args: readonly string[], outside: Outside = {}): Promise<Run> {
  const { io, recorded } = recordingIo(outside);
  const exitCode = await main(args, io);
  return { exitCode, ...recorded };
}

export function recordingIo(outside: Outside = {}): {
  readonly io: Io;
  readonly recorded: Omit<Run, "exitCode">;
} {
  const recorded = { out: "", err: "" };
  const record = (name: "out" | "err") => (text: string) => {
    recorded[name] += text;
  };
  const stream = (name: "out" | "err") => ({
    write: record(name),
    draw: record(name),
    isTerminal: false,
    rows: () => 24,
    columns: () => 120,
    colors: pc.createColors(false),
  });
  const io: Io = {
    out: stream("out"),
    err: stream("err"),
    env: outside.env ?? {},
    folder: outside.folder ?? ROOT,
    readInput: async () => outside.input ?? "",
    confirm: async () => outside.answer,
    onInterrupt(callback) {
      void outside.interrupted?.then(callback);
      return () => undefined;
    },
  };
  return { io, recorded };
}
