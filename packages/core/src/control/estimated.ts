// Fleet and jobs as they are thought to be now: the file's figures, corrected by what was observed and measured. Where nothing
// was, the very same values come back, so that simulations and services without links know nothing of this.
// An estimate that nobody has confirmed for half an hour counts no more: the file's figure does, until somebody who uses
// the link measures it again. A link that was slow once is tried again and not avoided for ever. So it is with a link that
// somebody observed; of its bandwidth a lower quantile is planned with (fleet/freshness.ts). A region that is cordoned has no
// GPUs: those that jobs hold there are nobody's when they are given back.
import { type Job, slowedWork } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { expirySeconds, isFresh, nextStepSeconds, plannedBitsPerSecond } from "../fleet/freshness.ts";
import type { Ledger } from "../fleet/ledger.ts";
import { linkChange, type ObservedFigure, regionChange } from "./inputs.ts";
import { linkKey } from "./measured.ts";
import { type JobState, type LinkEstimate, type State, stepsDone } from "./state.ts";

export const ESTIMATE_LIFE_SECONDS = 1800;

/** The ledger with links at what they are believed to carry, and without regions that are closed. */
export function estimatedLedger(state: State, nowSeconds: number): Ledger {
  const ledger = state.ledger!;
  const links = believedLinks(state, nowSeconds);
  const closed = closedRegions(state);
  if (links.length === 0 && closed.length === 0) return ledger;
  const fleet = believedFleet(ledger.fleet, links, closed);
  if (closed.length === 0) return { ...ledger, fleet };
  const freeGpus = ledger.freeGpus.slice();
  for (const region of closed) freeGpus[region]! -= ledger.fleet.regions[region]!.gpus;
  return { ...ledger, fleet, freeGpus };
}

/** Indices of the regions that take no new placements. */
export function closedRegions({ changes, fleet }: Pick<State, "changes" | "fleet">): readonly number[] {
  if (!changes.regions.some(({ cordon }) => cordon)) return [];
  return fleet!.regions.flatMap(({ name }, index) => (regionChange(changes, name).cordon ? [index] : []));
}

export function isLimited({ limit }: LinkEstimate, nowSeconds: number): boolean {
  return limit !== undefined && nowSeconds < limit.atSeconds + ESTIMATE_LIFE_SECONDS;
}

/** Whether there is less to see now than the file says, so that jobs may fit later that do not fit now: they wait. */
export function isDiminished(
  { declaredFleet }: Pick<State, "declaredFleet">,
  { fleet }: Pick<Ledger, "fleet">,
): boolean {
  if (fleet === declaredFleet) return false;
  const { links, regions } = declaredFleet!;
  return (
    regions.some(({ gpus }, index) => fleet.regions[index]!.gpus < gpus) ||
    links.some(
      ({ bandwidthBitsPerSecond, latencySeconds }, index) =>
        fleet.links[index]!.bandwidthBitsPerSecond < bandwidthBitsPerSecond ||
        fleet.links[index]!.latencySeconds > latencySeconds,
    )
  );
}

/** When what is believed of a link next changes by itself; undefined if nothing does. */
export function nextExpirySeconds({ changes, links }: State, nowSeconds: number): number | undefined {
  let next: number | undefined;
  const consider = (atSeconds: number) => {
    if (next === undefined || atSeconds < next) next = atSeconds;
  };
  for (const link of links.values())
    if (isLimited(link, nowSeconds)) consider(link.limit!.atSeconds + ESTIMATE_LIFE_SECONDS);
  for (const { bandwidth, latency } of changes.links) {
    if (bandwidth && isFresh("link", bandwidth, nowSeconds)) consider(nextStepSeconds(bandwidth, nowSeconds));
    if (latency && isFresh("link", latency, nowSeconds)) consider(expirySeconds("link", latency));
  }
  return next;
}

/** A directed link that is thought to be other than the ledger has it. */
interface Believed {
  readonly index: number;
  readonly bandwidthBitsPerSecond: number;
  readonly latencySeconds: number;
}

/** What to plan with of a link of the state's fleet, by its index. */
export function believedLink(
  state: Pick<State, "changes" | "declaredFleet" | "fleet" | "links">,
  index: number,
  nowSeconds: number,
): Believed {
  const { links, regions } = state.fleet!;
  const link = links[index]!;
  const [from, to] = [regions[link.from]!.name, regions[link.to]!.name];
  const { bandwidth, latency } = linkChange(state.changes, from, to);
  const declared = state.declaredFleet!.links[index]!;
  const fresh = (observed: ObservedFigure | undefined) =>
    observed && isFresh("link", observed, nowSeconds) ? observed : undefined;
  const rate = fresh(bandwidth);
  const estimate = state.links.get(linkKey(from, to));
  const limit = estimate && isLimited(estimate, nowSeconds) ? estimate.limit!.bitsPerSecond : undefined;
  const known = rate
    ? plannedBitsPerSecond(rate.value, nowSeconds - rate.observedAtSeconds)
    : declared.bandwidthBitsPerSecond;
  return {
    index,
    bandwidthBitsPerSecond: limit === undefined ? known : Math.min(limit, known),
    latencySeconds: fresh(latency)?.value ?? declared.latencySeconds,
  };
}

function believedLinks(state: State, nowSeconds: number): readonly Believed[] {
  if (state.links.size === 0 && state.changes.links.length === 0) return [];
  return state.fleet!.links.flatMap((link, index) => {
    const believed = believedLink(state, index, nowSeconds);
    const isAsThere =
      believed.bandwidthBitsPerSecond === link.bandwidthBitsPerSecond &&
      believed.latencySeconds === link.latencySeconds;
    return isAsThere ? [] : [believed];
  });
}

/** The last of each fleet: what schedulers remember by a fleet's value is good until something changes. */
const believedFleets = new WeakMap<Fleet, { readonly key: string; readonly fleet: Fleet }>();

function believedFleet(fleet: Fleet, believed: readonly Believed[], closed: readonly number[]): Fleet {
  const key = JSON.stringify([believed, closed]);
  const known = believedFleets.get(fleet);
  if (known?.key === key) return known.fleet;
  const links = [...fleet.links];
  for (const { index, ...figures } of believed) links[index] = { ...links[index]!, ...figures };
  const regions = fleet.regions.map((region, index) =>
    closed.includes(index) ? { ...region, gpus: 0 } : region,
  );
  const value = { ...fleet, links, regions: closed.length === 0 ? fleet.regions : regions };
  believedFleets.set(fleet, { key, fleet: value });
  return value;
}

/**
 * What is left of a job, with blocks as long as they were measured to be.
 * @param nowSeconds of a job that may run without having reported a step.
 */
export function remainingJob(known: JobState, nowSeconds?: number): Job {
  if (known.blockRatio === undefined && known.epochs === 0) return known.job;
  const left =
    nowSeconds === undefined ? known.job.iterations - stepsDone(known) : stepsLeft(known, nowSeconds);
  return corrected(known.job, Math.max(1, left), known.blockRatio ?? 1);
}

/** Steps still to be done, by what a job has reported, or else by the time that it has run. */
export function stepsLeft(known: JobState, nowSeconds: number): number {
  const { epoch, job, phase, progress } = known;
  const left = job.iterations - stepsDone(known);
  if (progress || phase !== "running") return left;
  const done = Math.floor((nowSeconds - epoch!.startedSeconds!) / epoch!.predictedIterationSeconds);
  return Math.max(0, left - Math.max(0, done));
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
