// Who may check in and report: ranks of the epoch that is alive, and nobody else. Everything older is refused, so that a
// launch that nobody knew was still running finds out and ends. Who does not have the key of a job's current epoch is told
// the same whether there is such a job, such an epoch, or neither: names of jobs are their tenants' own.
import { createHash, timingSafeEqual } from "node:crypto";
import { type Epoch, type JobState, placedGpus, type State } from "@bace-pipe/core";
import { ProblemError } from "./problem.ts";

export interface Caller {
  readonly jobId: string;
  readonly epoch: number;
  readonly launchKey: string;
  readonly rank: number;
}

export interface LiveJob extends JobState {
  readonly epoch: Epoch;
}

/** The caller's job, whose epoch is starting or running. Throws a problem that ends the caller otherwise. */
export function admitRank(state: State, caller: Caller): LiveJob {
  const known = knownRank(state, caller);
  const { phase, reason } = known;
  if (phase === "starting" || phase === "running") return known;
  const why = reason ? `: ${reason}` : "";
  throw new ProblemError("gang-cancelled", `epoch ${caller.epoch} of "${caller.jobId}" is ${phase}${why}`);
}

/** The caller's job, whose newest epoch may be stopping or over. Throws a problem where the caller is none of its ranks. */
export function knownRank(state: State, { jobId, epoch, launchKey, rank }: Caller): LiveJob {
  const known = state.jobs.get(jobId);
  const live = known?.epoch;
  if (!live || !isSame(live.launchKey, launchKey)) {
    const detail = `"${jobId}" has no current epoch with this key: this launch is over, or never was`;
    throw new ProblemError("wrong-launch-key", detail);
  }
  if (live.number !== epoch) {
    const detail = `epoch ${epoch} of "${jobId}" is not its current one, ${live.number}`;
    throw new ProblemError("stale-epoch", detail);
  }
  if (rank >= rankCountOf(live)) throw new ProblemError("unknown-rank", `the epoch has no rank ${rank}`);
  return { ...known, epoch: live };
}

/** One rank per GPU and stage; the last rank has the head, and reports the loss. */
export function rankCountOf({ placement }: Epoch): number {
  return placedGpus(placement);
}

/** In a time that does not tell how much of it is right. */
function isSame(key: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(key), digest(other));
}
