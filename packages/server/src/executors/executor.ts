// The contract of an executor: what starts launches in some regions and knows what became of them. It may be far away
// and unreliable; the contract is made so that the control plane is right all the same:
//   - A launch is named by its key (job, epoch, region). Submitting a key twice starts it once, whoever asks.
//   - `unknown` is an answer of its own: a submit that timed out may have happened. `find` settles it.
//   - `list` is complete or it rejects. A launch that is missing from it counts as not there.
//   - An executor never starts a launch again by itself, and keeps an ended one in its list with its exit code.
//   - No call hangs: an executor gives up after a time-out of its own and says `unknown`, or rejects.
//
// Example: the network fails during a submit, but the launch was started.
//   await executor.submit("job-3.1.frankfurt", artifact)  → { kind: "unknown", reason: "timed out" }
//   await executor.find("job-3.1.frankfurt")              → { kind: "running" }     settled: nothing to do
//   await executor.submit("job-3.1.frankfurt", artifact)  → { kind: "exists" }      would have been harmless, too
//   … later …
//   await executor.list()                                 → Map { "job-3.1.frankfurt" → { kind: "exited", exitCode: 0 } }
import type { Plan } from "@bace-pipe/core";
import type { LogPart, LogRequest } from "./log-parts.ts";
import type { Pruning } from "./pruning.ts";

/** What is to be started: the ranks of one region of a plan. */
export interface Artifact {
  readonly plan: Plan;
  readonly region: string;
  /** Of the region: what its launches are started with; directly where absent. */
  readonly commandPrefix?: readonly string[];
}

export type Submitted =
  | { readonly kind: "accepted" }
  /** The key is there already, running or ended. */
  | { readonly kind: "exists" }
  /** It will not be started, and asking again will not help. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** It may have been started. */
  | { readonly kind: "unknown"; readonly reason: string };

export type Launch =
  /** Started, or about to be. */
  { readonly kind: "running" } | { readonly kind: "exited"; readonly exitCode: number };

export type Found = Launch | { readonly kind: "absent" } | { readonly kind: "unknown" };

/** Exit code of a launch that ended without leaving one: nobody's fault but the infrastructure's. */
export const NO_EXIT_CODE = -1;

export interface Executor {
  readonly capabilities: {
    readonly name: string;
    /** Whether it starts launches in a region. */
    serves(region: string): boolean;
  };
  submit(key: string, artifact: Artifact): Promise<Submitted>;
  find(key: string): Promise<Found>;
  /** Every launch it has, by key, ended ones included. Rejects when the list would not be complete. */
  list(): Promise<ReadonlyMap<string, Launch>>;
  /** Asks a launch to end and, if it does not, makes it. To be repeated until the launch is no longer running. */
  cancel(key: string): Promise<void>;
  /** What a launch has written, by file; nothing where it has written nothing, or is gone. Rejects where nobody knows. */
  logs(key: string, request: LogRequest): Promise<readonly LogPart[]>;
  /**
   * Throws away what is left of some launches that have ended long ago and are not kept; they leave its list. To be repeated
   * as long as it finds many. A crash at any point leaves something for the next time, and nothing else.
   * @returns how many launches it has thrown away
   */
  prune?(pruning: Pruning): Promise<number>;
}
