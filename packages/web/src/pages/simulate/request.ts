// What the page asks its worker, and what it is told.
import type { TimeModel } from "@bace-pipe/core";
import type { Problem, Step } from "@bace-pipe/core/shell";
import type { Diagnostic } from "@bace-pipe/core/spec";

export interface Draft {
  /** As complaints name it. */
  readonly file: string;
  readonly text: string;
}

/** Texts of files by the path that a scenario gives them, or by their own name. */
export type Beside = Readonly<Record<string, string>>;

export interface Settings {
  readonly policies: readonly string[];
  readonly seed: number;
  /** The scenario's where absent. */
  readonly timeModel?: TimeModel | undefined;
}

export interface Request extends Draft, Settings {
  readonly version: string;
  readonly beside: Beside;
}

export interface Progress {
  readonly kind: "progress";
  readonly policy: string;
  /** From 1. */
  readonly place: number;
  readonly policies: number;
  readonly simulatedSeconds: number;
  readonly runningJobs: number;
  readonly waitingJobs: number;
}

export interface Refused {
  readonly kind: "refused";
  /** What is wrong with the file, or else with the whole. */
  readonly diagnostics: readonly Diagnostic[];
  readonly problem?: Problem;
  /** By the name that diagnostics give them. */
  readonly texts: Beside;
}

export interface Done {
  readonly kind: "done";
  readonly about: {
    readonly version: string;
    readonly scenario: string;
    readonly scenarioHash: string;
    readonly seed: number;
    readonly timeModel: string;
    readonly policies: readonly string[];
  };
  readonly headings: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly unfinished: readonly string[];
  readonly warnings: readonly Diagnostic[];
  readonly completion: readonly Completion[];
  readonly costs: readonly Cost[];
  readonly held: readonly Held[];
  /** Of all policies. */
  readonly endSeconds: number;
  /** What `bace simulate -o json` prints, and `--csv` writes. */
  readonly json: string;
  readonly csv: string;
}

export interface Cell {
  readonly text: string;
  /** Deviation from the reference policy, where it says something. */
  readonly against?: string;
}

/** Shares of all jobs that were done within a time of their submission. */
export interface Completion {
  readonly policy: string;
  readonly points: readonly (readonly [seconds: number, share: number])[];
  readonly medianSeconds: number | null;
  readonly p95Seconds: number | null;
}

export interface Cost {
  readonly policy: string;
  readonly where: string;
  readonly usd: number;
}

/** GPUs in use. */
export interface Held {
  readonly policy: string;
  readonly region: string;
  readonly gpus: number;
  readonly steps: readonly Step[];
  readonly meanGpus: number;
}

export type Message = Progress | Refused | Done;
