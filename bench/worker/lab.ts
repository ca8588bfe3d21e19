// Runs over the lab's WAN: a request goes to `python -m lab` on standard input, the result comes back as JSON.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plan } from "../../packages/core/src/control/plan.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** `large`: socket buffers of twice the rate times the round trip, and no slow start after a pause. */
export type Windows = "large" | "default";

export interface Wan {
  readonly regions: readonly string[];
  /** Of every direction between two of them. */
  readonly bitsPerSecond: number;
  readonly delaySeconds: number;
  readonly windows: Windows;
}

export interface TorchRun {
  /** With emulated blocks; its ranks, model, training and seconds count, the actions are the schedule's. */
  readonly plan: Plan;
  readonly csv: string;
  readonly format: "compute_only" | "compute_comms";
}

/** A step of one rank; seconds of blocks are medians over the micro-batches. */
export interface StepReport {
  readonly step: number;
  readonly stepSeconds: number;
  /** Of the optimizer and of what comes with it. */
  readonly updateSeconds: number;
  readonly stages: readonly StageReport[];
}

export interface StageReport {
  readonly forwardSeconds: number;
  /** Null on steps that split every backward into I and W. */
  readonly backwardSeconds: number | null;
  readonly inputGradSeconds: number | null;
  readonly weightGradSeconds: number | null;
}

/** Since the report before: bytes to a rank, and seconds for which they kept the link busy. */
export interface LinkReport {
  readonly toRank: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface Report {
  readonly rank: number;
  readonly steps: readonly StepReport[];
  readonly links: readonly LinkReport[];
}

/** Trains the plan; what its ranks report. Throws with a rank's log where one fails. */
export async function train(wan: Wan, plan: Plan, deadlineSeconds: number): Promise<readonly Report[]> {
  const request = { kind: "train", wan, plan, deadlineSeconds };
  return (await ask<{ readonly reports: readonly Report[] }>(request)).reports;
}

/** As `python -m bace_worker probe` prints it. */
export interface Probe {
  readonly results: readonly {
    readonly direction: "out" | "back";
    readonly streams: number;
    /** Null: the kernel's own windows. */
    readonly bufferBytes: number | null;
    readonly goodputBitsPerSecond: number;
  }[];
  /** How many streams a link gets. */
  readonly chosen: Readonly<
    Record<"out" | "back", { readonly defaultWindows: number; readonly largeWindows: number }>
  >;
}

/** What the worker finds out about the link between the two regions. */
export async function probe(
  wan: Wan,
  settings: Readonly<Record<string, string>>,
  deadlineSeconds: number,
): Promise<Probe> {
  return ask<Probe>({ kind: "probe", wan, settings, deadlineSeconds });
}

/** The same order run by PyTorch's runtime: seconds of every step, by rank. */
export async function runTorch(
  wan: Wan,
  run: TorchRun,
  deadlineSeconds: number,
): Promise<readonly (readonly number[])[]> {
  const request = { kind: "torch", wan, run, deadlineSeconds };
  return (await ask<{ readonly stepSeconds: readonly (readonly number[])[] }>(request)).stepSeconds;
}

async function ask<Answer>(request: object): Promise<Answer> {
  const python = readFileSync(`${ROOT}.cache/python`, "utf8");
  const child = spawn(python, ["-m", "lab"], {
    cwd: ROOT,
    env: { ...process.env, PYTHONPATH: `${ROOT}:${ROOT}worker` },
  });
  const [output, problems]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => problems.push(chunk));
  child.stdin.end(JSON.stringify(request));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(Buffer.concat(problems).toString() || `the lab ended with ${code}`);
  return JSON.parse(Buffer.concat(output).toString()) as Answer;
}
