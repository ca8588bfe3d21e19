// Fleet and jobs as they are thought to be now: the file's figures, corrected by what was measured. Where nothing was, the
// very same values come back, so that simulations and services without links know nothing of this.
// An estimate that nobody has confirmed for half an hour counts no more: the file's figure does, until somebody who uses
// the link measures it again. A link that was slow once is tried again and not avoided for ever.
import { type Job, slowedWork } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Ledger } from "../fleet/ledger.ts";
import { linkKey } from "./measured.ts";
import { type JobState, type LinkEstimate, type State, stepsDone } from "./state.ts";

export const ESTIMATE_LIFE_SECONDS = 1800;

/** The ledger with links at what they carry, where that is known to be less. */
export function estimatedLedger(state: State, nowSeconds: number): Ledger {
  const ledger = state.ledger!;
  const limited = [...state.links.values()].filter((link) => isLimited(link, nowSeconds));
  return limited.length === 0 ? ledger : { ...ledger, fleet: limitedFleet(ledger.fleet, limited) };
}

export function isLimited({ limit }: LinkEstimate, nowSeconds: number): boolean {
  return limit !== undefined && nowSeconds < limit.atSeconds + ESTIMATE_LIFE_SECONDS;
}

/** When the next limit counts no more; undefined if there is none. */
export function nextExpirySeconds({ links }: State, nowSeconds: number): number | undefined {
  let next: number | undefined;
  for (const link of links.values()) {
    if (!isLimited(link, nowSeconds)) continue;
    const atSeconds = link.limit!.atSeconds + ESTIMATE_LIFE_SECONDS;
    if (next === undefined || atSeconds < next) next = atSeconds;
  }
  return next;
}

/** The last of each fleet: what schedulers remember by a fleet's value is good until a limit changes. */
const limitedFleets = new WeakMap<Fleet, { readonly key: string; readonly fleet: Fleet }>();

function limitedFleet(fleet: Fleet, limited: readonly LinkEstimate[]): Fleet {
  const limits = new Map(limited.map(({ from, limit, to }) => [linkKey(from, to), limit!.bitsPerSecond]));
  const key = JSON.stringify([...limits].sort());
  const known = limitedFleets.get(fleet);
  if (known?.key === key) return known.fleet;
  const { regions } = fleet;
  const links = fleet.links.map((link) => {
    const limit = limits.get(linkKey(regions[link.from]!.name, regions[link.to]!.name));
    return limit === undefined || limit >= link.bandwidthBitsPerSecond
      ? link
      : { ...link, bandwidthBitsPerSecond: limit };
  });
  const value = { ...fleet, links };
  limitedFleets.set(fleet, { key, fleet: value });
  return value;
}

/** What is left of a job, with blocks as long as they were measured to be. */
export function remainingJob(known: JobState): Job {
  if (known.blockRatio === undefined && known.epochs === 0) return known.job;
  const iterations = Math.max(1, known.job.iterations - stepsDone(known));
  return corrected(known.job, iterations, known.blockRatio ?? 1);
}

/** The job with blocks that take so many times as long as by its own figures. */
export function slowedJob(job: Job, blockRatio: number): Job {
  return corrected(job, job.iterations, blockRatio);
}

/** The last of each job, for the same reason. */
const correctedJobs = new WeakMap<Job, { readonly key: string; readonly job: Job }>();

function corrected(job: Job, iterations: number, ratio: number): Job {
  if (iterations === job.iterations && ratio === 1) return job;
  const key = `${iterations}/${ratio}`;
  const known = correctedJobs.get(job);
  if (known?.key === key) return known.job;
  const value = { ...job, iterations, work: slowedWork(job.work, ratio) };
  correctedJobs.set(job, { key, job: value });
  return value;
}
