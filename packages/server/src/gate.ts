// Who may check in and report: ranks of the epoch that is alive, and nobody else. Everything older is refused, so that a
// launch that nobody knew was still running finds out and ends.
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
  if (!known) throw new ProblemError("unknown-job", `there is no job "${jobId}"`);
  const live = known.epoch;
  if (live?.number !== epoch) {
    throw new ProblemError(
      "stale-epoch",
      `epoch ${epoch} of "${jobId}" is not its current one, ${known.epochs}`,
    );
  }
  if (live.launchKey !== launchKey)
    throw new ProblemError("wrong-launch-key", `not the key of epoch ${epoch}`);
  if (rank >= rankCountOf(live)) throw new ProblemError("unknown-rank", `the epoch has no rank ${rank}`);
  return { ...known, epoch: live };
}

/** One rank per GPU and stage; the last rank has the head, and reports the loss. */
export function rankCountOf({ placement }: Epoch): number {
  return placedGpus(placement);
}
