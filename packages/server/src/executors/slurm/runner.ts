// Runs one command where a cluster's commands are: on this machine, or on another over the system's ssh, whose
// connection is kept for the next. A vector of words and bytes on standard input, never a line for a shell. Bounded in
// time and output; whatever is beyond that, or is not known to have ended by itself, is no answer.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkedWords, wordsForRemoteShell } from "./words.ts";

export interface Command {
  readonly words: readonly string[];
  readonly input?: string | Uint8Array;
  readonly timeoutSeconds?: number;
}

export type Ran =
  /** Output that is not UTF-8 has replacement characters in it. */
  | { readonly kind: "ended"; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  /** Nobody knows whether it has done what it was to do. */
  | { readonly kind: "no-answer"; readonly reason: string };

export type Run = (command: Command) => Promise<Ran>;

export interface RunnerOptions {
  /** Destination of ssh; this machine where absent. */
  readonly host?: string | undefined;
  /** What every command is started with. */
  readonly prefix?: readonly string[] | undefined;
  /** Program and first options, in place of the system's ssh. */
  readonly ssh?: readonly string[] | undefined;
}

const TIMEOUT_SECONDS = 20;
const MOST_OUTPUT_BYTES = 32e6;
/** Commands; sshd lets ten share a connection by default, and a controller does not like many. */
const MOST_AT_ONCE = 4;
/** ssh's own failures. */
const SSH_FAILED = 255;
/** A user's environment may hold defaults for options, and a service that runs in a job has that job's. */
const SLURM_VARIABLE = /^(?:SLURM|SBATCH|SQUEUE|SCANCEL|SINFO|SALLOC|SRUN)_(?!CONF$)/;

export function createRunner({ host, prefix = [], ssh = ["ssh"] }: RunnerOptions): Run {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !SLURM_VARIABLE.test(name)));

  const vectorOf = (words: readonly string[]): readonly string[] => {
    const all = [...prefix, ...words];
    if (host === undefined) return checkedWords(all);
    const options = ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=10", "ControlMaster=auto"];
    const control = [...options, `ControlPath=${controlFolder()}/%C`, "ControlPersist=60"];
    return [...ssh, ...control.flatMap((option) => ["-o", option]), "--", host, ...wordsForRemoteShell(all)];
  };

  const inTurn = turns(MOST_AT_ONCE);
  return async ({ words, input = "", timeoutSeconds = TIMEOUT_SECONDS }) => {
    const [program, ...rest] = vectorOf(words);
    const ran = await inTurn(() => runProgram(program!, rest, env, input, timeoutSeconds));
    if (ran.kind === "ended" && ran.exitCode === SSH_FAILED && host !== undefined)
      return { kind: "no-answer", reason: `ssh to ${host}: ${lastLine(ran.stderr)}` };
    return ran;
  };
}

let folder: string | undefined;

/** Of the process: paths of sockets may have about a hundred characters, and nobody else may put one there. */
function controlFolder(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "bace-ssh-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
}

/** Lets so many run at once; the others wait, in order. */
export function turns(most: number): <T>(run: () => Promise<T>) => Promise<T> {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

/** What programs say last is mostly why they ended. */
export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)!.slice(0, 300);
}

/** One program of this machine, its words as they are. */
export function runProgram(
  program: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  input: string | Uint8Array,
  timeoutSeconds: number,
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { env, stdio: "pipe", detached: true });
    const output: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
    let bytes = 0;
    const answer = (ran: Ran): void => {
      clearTimeout(timer);
      resolve(ran);
    };
    const giveUp = (reason: string): void => {
      endGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      answer({ kind: "no-answer", reason });
    };
    const timer = setTimeout(() => giveUp(`no answer after ${timeoutSeconds} s`), timeoutSeconds * 1000);
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_OUTPUT_BYTES) giveUp(`more than ${MOST_OUTPUT_BYTES / 1e6} MB of output`);
        else output[name].push(chunk);
      });
    }
    child.stdin.on("error", () => {}); // a program that does not read; its exit code says what it makes of it
    child.stdin.end(input);
    child.on("error", (error) =>
      answer({ kind: "no-answer", reason: `cannot start ${program}: ${error.message}` }),
    );
    child.on("close", (exitCode, signal) => {
      if (exitCode === null)
        return answer({ kind: "no-answer", reason: `${program} was ended by ${signal}` });
      const [stdout, stderr] = [output.stdout, output.stderr].map((chunks) =>
        Buffer.concat(chunks).toString(),
      );
      answer({ kind: "ended", exitCode, stdout: stdout!, stderr: stderr! });
    });
  });
}

/** The program and what it has started. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {} // it has just ended
}
