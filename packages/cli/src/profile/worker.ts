// Runs `python -m bace_worker` for figures: JSON on its standard output, what it says meanwhile line by line.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { badInput, EXIT, Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { WORKER } from "../places.ts";

/** As ranks run. */
const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
/** Exit codes of the worker for what its user has asked. */
const USER_ERRORS: ReadonlySet<number | null> = new Set([1, 78]);
const PEER_LOST = 69;

/** The parsed output. Throws where the worker refuses or fails, and at Ctrl-C. */
export async function workerFigures(python: string, args: readonly string[], io: Io): Promise<unknown> {
  const child = spawn(python, ["-m", "bace_worker", ...args], {
    cwd: WORKER,
    env: { ...process.env, ...ONE_THREAD },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let isInterrupted = false;
  const stopListening = io.onInterrupt(() => {
    isInterrupted = true;
    child.kill("SIGTERM");
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    if (line.startsWith("measuring ")) io.err.write(`${line}\n`);
  });
  const ended = new Promise<{ readonly code: number | null; readonly signal: string | null }>(
    (resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal }));
    },
  );
  try {
    const [printed, { code, signal }] = await Promise.all([text(child.stdout), ended]);
    if (code === 0) return JSON.parse(printed) as unknown;
    if (isInterrupted)
      throw new Failure("stopped: nothing was written", { exitCode: EXIT.interrupted, code: "interrupted" });
    throw failureOf(code, signal, said);
  } finally {
    stopListening();
  }
}

function failureOf(code: number | null, signal: string | null, said: readonly string[]): Failure {
  const last = (said.at(-1) ?? "").replace(/^bace_worker \w+: /, "");
  if (USER_ERRORS.has(code)) return badInput("worker-refused", last, "change what is measured");
  if (code === PEER_LOST) {
    const hint = "look whether it listens there, and with the same key";
    return new Failure(`the other machine: ${last}`, { exitCode: EXIT.failed, code: "peer-lost", hint });
  }
  const hint =
    signal === "SIGKILL" ? "probably memory: measure fewer --layers-together" : said.slice(-8).join("\n");
  return new Failure(`the worker ended with ${signal ?? `exit code ${code}`}`, {
    exitCode: EXIT.failed,
    code: "worker-failed",
    hint,
  });
}
