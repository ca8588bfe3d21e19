// What a production log says, as a workload for the simulator, and what really became of it.
//
// Simulated are the jobs that finished: how long one would have run that was cancelled or failed, the log does not know.
// Regions are told apart by their place in the fleet, so simulated is the time since the fleet was last replaced by one
// of other regions. What was said of that fleet since then is said to the simulation too (said.ts).
import {
  type Fleet,
  type Job,
  type JobResult,
  type JobState,
  resultOf,
  type Said,
  type State,
} from "@bace-pipe/core";
import type { Backup, NamedState } from "@bace-pipe/server";
import { type Naming, saidAlready, saidBy, saidTo } from "./said.ts";
import { shiftedFleet } from "./shifted.ts";

export interface Recorded {
  readonly state: NamedState;
  /** Undefined where no job finished. */
  readonly workload: Workload | undefined;
  /** Jobs by why they are not simulated; `earlier`: on a fleet of other regions. */
  readonly leftOut: ReadonlyMap<LeftOut, number>;
}

export type LeftOut = "cancelled" | "failed" | "unfinished" | "earlier";

/** Times count from the first submission. */
export interface Workload {
  readonly fleet: Fleet;
  readonly jobs: readonly Job[];
  /** What operators and feeds said meanwhile. */
  readonly said: readonly Said[];
  /** What really happened to each. */
  readonly results: readonly JobResult[];
}

/** Since the fleet has the regions that it has. */
interface Era {
  readonly sinceSeconds: number;
  /** As it was loaded first. */
  readonly fleet: Fleet;
  readonly said: Said[];
}

/** @param onEvent told how many events have been folded in */
export async function recorded(backup: Backup, onEvent?: (count: number) => void): Promise<Recorded> {
  const { namedState, replay } = await import("@bace-pipe/server");
  const over = new Map<string, JobState>();
  let era: Era | undefined;
  let count = 0;
  const state = await replay(backup, {
    before(current, event) {
      era ??= eraOf(current); // a log that was thinned out begins with a state
      if (event.kind === "forgotten") for (const id of event.jobIds) keep(over, current.jobs.get(id));
    },
    after(current, event) {
      onEvent?.(++count);
      if (event.kind === "fleet-loaded" && !(era && isComparable(era.fleet, event.fleet)))
        era = { sinceSeconds: event.atSeconds, fleet: event.fleet, said: saidAlready(current) };
      else era?.said.push(...saidBy(event));
    },
  });
  era ??= eraOf(state);
  for (const known of state.jobs.values()) keep(over, known);
  const leftOut = new Map<LeftOut, number>();
  const simulated = [...over.values()].filter((known) => {
    const reason = reasonToLeaveOut(known, era?.sinceSeconds ?? 0);
    if (reason) leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    return reason === undefined;
  });
  return { state: namedState(state), workload: era && workloadOf(simulated, era, state), leftOut };
}

function eraOf(state: State): Era | undefined {
  const { declaredFleet: fleet } = state;
  return fleet && { sinceSeconds: Number.NEGATIVE_INFINITY, fleet, said: saidAlready(state) };
}

/** A name may come back after its job was forgotten. */
function keep(over: Map<string, JobState>, known: JobState | undefined): void {
  if (known) over.set(`${known.job.id} ${known.job.submitSeconds}`, known);
}

function reasonToLeaveOut({ job, outcome }: JobState, eraSeconds: number): LeftOut | undefined {
  if (job.submitSeconds < eraSeconds) return "earlier";
  if (!outcome) return "unfinished";
  return outcome.kind === "finished" ? undefined : outcome.kind;
}

function workloadOf(
  simulated: readonly JobState[],
  { fleet, said }: Era,
  state: State,
): Workload | undefined {
  if (simulated.length === 0) return undefined;
  const originSeconds = Math.min(...simulated.map(({ job }) => job.submitSeconds));
  const names = uniqueNames(simulated);
  const nameAt: Naming = (id, atSeconds) => {
    const known = simulated.findLast(({ job }) => job.id === id && job.submitSeconds <= atSeconds);
    return known && names.get(known.job);
  };
  return {
    fleet: shiftedFleet(fleet, originSeconds),
    said: saidTo(said, originSeconds, nameAt),
    jobs: simulated.map(({ job }) => ({
      ...job,
      id: names.get(job)!,
      submitSeconds: job.submitSeconds - originSeconds,
    })),
    results: simulated.map((known) => {
      const result = resultOf(known, state.fleet!);
      const shifted = (seconds: number | null) => (seconds === null ? null : seconds - originSeconds);
      return {
        ...result,
        id: names.get(known.job)!,
        submitSeconds: result.submitSeconds - originSeconds,
        startSeconds: shifted(result.startSeconds),
        endSeconds: shifted(result.endSeconds),
      };
    }),
  };
}

function uniqueNames(simulated: readonly JobState[]): ReadonlyMap<Job, string> {
  const seen = new Map<string, number>();
  return new Map(
    simulated.map(({ job }) => {
      const count = (seen.get(job.id) ?? 0) + 1;
      seen.set(job.id, count);
      return [job, count === 1 ? job.id : `${job.id} (${count})`];
    }),
  );
}

/** Whether indices of regions mean the same in both. */
function isComparable(a: Fleet, b: Fleet): boolean {
  const key = ({ regions }: Fleet) =>
    JSON.stringify(regions.map(({ gpuType, name }) => [name, gpuType.name]));
  return key(a) === key(b);
}
