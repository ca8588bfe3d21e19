// Everything of the outside that commands touch but files and the service: streams, environment, terminal, questions.
// Tests pass one that records. Data goes to `out`, chatter to `err`.
import { text } from "node:stream/consumers";
import pc from "picocolors";
import { harmless } from "./render/plain-text.ts";

export type Colors = ReturnType<typeof pc.createColors>;

export interface Stream {
  /** On a terminal without what it would obey: much of what is told was written by others. */
  write(text: string): void;
  /** As it is: for pictures that move the cursor. */
  draw(text: string): void;
  readonly isTerminal: boolean;
  /** Lines of the terminal as it is now. */
  rows(): number;
  /** Of the terminal as it is now; 120 where there is none. */
  columns(): number;
  readonly colors: Colors;
}

export interface Io {
  readonly out: Stream;
  readonly err: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** All of standard input. */
  readInput(): Promise<string>;
  /** Yes or no, or undefined where nobody can be asked. */
  confirm(question: string): Promise<boolean | undefined>;
  /** Calls back at Ctrl-C and at requests to end; returns how to stop listening. */
  onInterrupt(callback: () => void): () => void;
}

export function processIo(): Io {
  const { env, stdin } = process;
  return {
    out: streamOf(process.stdout, env),
    err: streamOf(process.stderr, env),
    env,
    folder: process.cwd(),
    readInput: () => text(stdin),
    async confirm(question) {
      if (!stdin.isTTY || !canAnimate(process.stderr.isTTY, env)) return undefined;
      const prompts = await import("@clack/prompts"); // most commands ask nothing
      const answer = await prompts.confirm({
        ...{ message: harmless(question), initialValue: false, output: process.stderr },
      });
      return answer === true;
    },
    onInterrupt(callback) {
      const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
      for (const signal of signals) process.on(signal, callback);
      return () => {
        for (const signal of signals) process.off(signal, callback);
      };
    },
  };
}

/** A terminal where somebody looks and that can draw: builds (CI) have one at times that keeps all that is written. */
export function canAnimate(isTerminal: boolean, env: Io["env"]): boolean {
  const isBuild = !["", "0", "false", undefined].includes(env["CI"]);
  return isTerminal && env["TERM"] !== "dumb" && !isBuild;
}

/** Colour only on a terminal that can, and that was not asked to do without (no-color.org). */
export function wantsColor(isTerminal: boolean, env: Io["env"]): boolean {
  return canAnimate(isTerminal, env) && !env["NO_COLOR"];
}

export function streamOf(stream: NodeJS.WriteStream, env: Io["env"]): Stream {
  // `bace queue | head`: whoever reads has had enough.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const isTerminal = canAnimate(stream.isTTY === true, env);
  return {
    write: (text_) => void stream.write(stream.isTTY ? harmless(text_) : text_),
    draw: (text_) => void stream.write(text_),
    isTerminal,
    rows: () => stream.rows ?? 24,
    columns: () => stream.columns ?? 120,
    colors: pc.createColors(wantsColor(isTerminal, env)),
  };
}
