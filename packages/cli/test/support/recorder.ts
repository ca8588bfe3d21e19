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
  readonly answer?: string;
  readonly env?: Io["env"];
  readonly folder?: string;
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
  const stream = (name: "out" | "err") => ({
    write: (text: string) => {
      recorded[name] += text;
    },
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
    ask: async () => outside.answer,
    onInterrupt: () => () => undefined,
  };
  return { io, recorded };
}
