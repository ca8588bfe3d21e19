// What may go of a cluster's folder: launches that have ended, that nobody keeps and that Slurm does not have as live; and workers
// of other versions that no live launch uses. A few commands for up to 200 launches; each step may be the last one of a crash.
import { MOST_PER_ROUND, type Pruning } from "../pruning.ts";
import type { ClusterFiles } from "./cluster-files.ts";

export interface PruneOptions extends Pruning {
  /** Whether the executor has it as ended; what it does not know is left alone. */
  readonly hasEnded: (key: string) => boolean;
  /** Launches that have not ended, and those that Slurm has a job of that is not over. */
  readonly live: ReadonlySet<string>;
  /** SHA-256 of the one that new launches get. */
  readonly worker: string;
}

/** @returns the launches that are gone. */
export async function prune(files: ClusterFiles, options: PruneOptions): Promise<readonly string[]> {
  const { hasEnded, isKept, live, olderThanSeconds, worker } = options;
  const old = await files.endedBefore(olderThanSeconds);
  const gone = old.filter((key) => hasEnded(key) && !isKept(key) && !live.has(key)).slice(0, MOST_PER_ROUND);
  await files.remove(gone);
  await files.removeWorkers(olderThanSeconds, worker, [...live]);
  return gone;
}
