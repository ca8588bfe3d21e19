// What is asked of Slurm, however it is asked: by its commands (by-commands.ts) or of its REST daemon (by-rest.ts).
import type { SlurmSettings } from "@bace-pipe/core";
import type { Artifact } from "../executor.ts";
import type { QueuedJob } from "./queue.ts";

export interface NewJob {
  readonly key: string;
  readonly artifact: Artifact;
  readonly settings: SlurmSettings;
  /** Of the launch: the job's working directory. */
  readonly folder: string;
}

export type Asked =
  | { readonly kind: "accepted" }
  /** There is no job. `isFinal`: asking again will not help. */
  | { readonly kind: "refused"; readonly isFinal: boolean; readonly reason: string }
  /** There may be one. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface ClusterJobs {
  /** Jobs of this cluster's launches, by key, ended ones included; of one launch where its key is given. Complete, or it rejects. */
  queue(key?: string): Promise<ReadonlyMap<string, readonly QueuedJob[]>>;
  submit(job: NewJob): Promise<Asked>;
  /** Takes those that wait out of the queue, and tells supervisors of the others to stop. Rejects where it may not have done so. */
  stop(jobs: readonly QueuedJob[]): Promise<void>;
  /** Ends them whatever they do. */
  end(jobs: readonly QueuedJob[]): Promise<void>;
}

export function byKey(jobs: readonly QueuedJob[]): Map<string, QueuedJob[]> {
  const found = new Map<string, QueuedJob[]>();
  for (const job of jobs) found.set(job.key, [...(found.get(job.key) ?? []), job]);
  return found;
}
