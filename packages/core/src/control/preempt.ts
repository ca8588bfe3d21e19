// Whether running jobs are to be stopped, with a checkpoint, so that a job of a higher class can start.
//
// Looked at are the first of the jobs that may preempt and cannot start, the highest class first. Of the running jobs of lower classes that may be
// preempted it takes the set with the least loss, in GPU seconds since their last checkpoints, with which the policy would
// start it: exactly up to eight such jobs, beyond that by taking the cheapest until it starts, then leaving out whom it does
// not need. While any job is being preempted nobody else is, and until the one that waits for it has started, only jobs
// of its class or higher are placed: the GPUs are not given away as they come free, one job at a time.
//
// While somebody is being stopped to move, nobody is (decide.ts): his GPUs are about to be free, and nobody is stopped twice.
//
// No thrash: a job that was preempted is let alone for ten minutes after it has been placed again.
import { copyLedger, type Ledger, placedGpus, release } from "../fleet/ledger.ts";
import { classOf } from "../fleet/tenancy.ts";
import { bySubmission } from "../scheduler/order.ts";
import type { Policy, View } from "../scheduler/policy.ts";
import type { Fact } from "./event.ts";
import { classValueOf, tenancyWithout } from "./standing.ts";
import { type JobState, type State, stepsDone } from "./state.ts";

export const PREEMPTION_PAUSE_SECONDS = 600;
/** Jobs that may be preempted, up to which all sets of them are compared. */
const MOST_EXACT = 8;
/** Waiting jobs for which it is tried: one that is over its quota does not keep others from it. */
const MOST_TRIED = 3;

export interface Preempted {
  readonly facts: readonly Fact[];
  /** When somebody may be preempted who may not now. */
  readonly reconsiderAtSeconds?: number;
}

/** The queued job for which others are being stopped. */
export function preemptor({ active, jobs }: State): JobState | undefined {
  for (const id of active) {
    const { epoch, phase } = jobs.get(id)!;
    const by = phase === "stopping" ? epoch!.givenUp?.by : undefined;
    const known = by === undefined ? undefined : jobs.get(by);
    if (known?.phase === "queued" && !known.held) return known;
  }
  return undefined;
}

/** Whether a fleet has classes for which jobs are stopped, and nobody is being stopped yet. */
export function mayBePreempted(state: State): boolean {
  const { active, fleet, jobs } = state;
  if (!fleet!.priorityClasses?.some(({ mayPreempt }) => mayPreempt)) return false;
  for (const id of active) {
    const { epoch, phase } = jobs.get(id)!;
    if (phase === "stopping" && epoch!.givenUp?.by !== undefined) return false;
  }
  return true;
}

/** @param view whose queue are the jobs that do not start in this round. */
export function preemptions(state: State, view: View, policy: Policy): Preempted {
  const fleet = state.fleet!;
  const waiting = view.queue
    .filter((job) => classOf(fleet, job).mayPreempt)
    .sort((a, b) => classOf(fleet, b).value - classOf(fleet, a).value || bySubmission(a, b))
    .slice(0, MOST_TRIED);
  let soonest = Number.POSITIVE_INFINITY;
  for (const job of waiting) {
    const { againSeconds, victims } = victimsOf(state, classOf(fleet, job).value, view.nowSeconds);
    soonest = Math.min(soonest, againSeconds);
    const starts = (gone: readonly JobState[]): boolean =>
      policy
        .decide(viewWithout({ ...view, queue: [job] }, gone))
        .decisions.some(({ jobId, kind }) => kind === "start" && jobId === job.id);
    if (victims.length === 0 || !starts(victims.map(({ known }) => known))) continue;
    const chosen = victims.length <= MOST_EXACT ? cheapest(victims, starts) : nearlyCheapest(victims, starts);
    return {
      facts: chosen.map(({ job: { id: jobId }, epoch }) => {
        return { kind: "preempted", jobId, epoch: epoch!.number, by: job.id };
      }),
    };
  }
  return { facts: [], ...(Number.isFinite(soonest) ? { reconsiderAtSeconds: soonest } : {}) };
}

/** Whom a job of a class may have stopped now, the cheapest first, and when the next of the others. */
function victimsOf(
  state: State,
  classValue: number,
  nowSeconds: number,
): { readonly victims: readonly Victim[]; readonly againSeconds: number } {
  const mayGo = [...state.active]
    .map((id) => state.jobs.get(id)!)
    .filter(
      (known) => classOf(state.fleet!, known.job).preemptible && classValueOf(state, known) < classValue,
    );
  const later = mayGo.map(preemptibleSeconds).filter((atSeconds) => atSeconds > nowSeconds);
  const victims = mayGo
    .filter((known) => preemptibleSeconds(known) <= nowSeconds)
    .map((known) => ({ known, lost: lostGpuSeconds(known, nowSeconds) }))
    .sort((a, b) => a.lost - b.lost || (a.known.job.id < b.known.job.id ? -1 : 1));
  return { victims, againSeconds: Math.min(...later, Number.POSITIVE_INFINITY) };
}

interface Victim {
  readonly known: JobState;
  readonly lost: number;
}

/** GPU seconds that would have to be spent again: those since the newest checkpoint, or else since the epoch was placed. */
export function lostGpuSeconds(known: JobState, nowSeconds: number): number {
  const { committedStep = 0, epoch, progress } = known;
  const { placedSeconds, placement, startedSeconds } = epoch!;
  const mean = progress && progress.stepCount > 0 ? progress.stepSecondsSum / progress.stepCount : undefined;
  const seconds = progress
    ? Math.max(0, stepsDone(known) - committedStep) * (mean ?? progress.lastStepSeconds)
    : nowSeconds - (startedSeconds ?? placedSeconds);
  return placedGpus(placement) * seconds;
}

/** From when a job may be preempted; never while it is being stopped. */
function preemptibleSeconds({ epoch, phase, preempted }: JobState): number {
  if (phase === "stopping") return Number.POSITIVE_INFINITY;
  return preempted ? epoch!.placedSeconds + PREEMPTION_PAUSE_SECONDS : Number.NEGATIVE_INFINITY;
}

/** Every set, from the one with the least loss; of equals the one with fewer jobs. */
function cheapest(
  victims: readonly Victim[],
  starts: (gone: readonly JobState[]) => boolean,
): readonly JobState[] {
  const sets = Array.from({ length: 2 ** victims.length - 1 }, (_, i) => {
    const members = victims.filter((__, bit) => ((i + 1) >> bit) & 1);
    return { members, lost: members.reduce((sum, { lost }) => sum + lost, 0) };
  }).sort((a, b) => a.lost - b.lost || a.members.length - b.members.length);
  const found = sets.find(({ members }) => starts(members.map(({ known }) => known)))!;
  return found.members.map(({ known }) => known);
}

function nearlyCheapest(
  victims: readonly Victim[],
  starts: (gone: readonly JobState[]) => boolean,
): readonly JobState[] {
  const chosen: JobState[] = [];
  for (const { known } of victims) {
    chosen.push(known);
    if (starts(chosen)) break;
  }
  // The dearest first: whom it does not need after all.
  for (const known of chosen.toReversed()) {
    const without = chosen.filter((each) => each !== known);
    if (without.length > 0 && starts(without)) chosen.splice(chosen.indexOf(known), 1);
  }
  return chosen;
}

/** The same if some running jobs had given their GPUs back. */
function viewWithout(view: View, gone: readonly JobState[]): View {
  const ledger: Ledger = copyLedger(view.ledger);
  for (const { epoch } of gone) release(ledger, epoch!.placement);
  const ids = new Set(gone.map(({ job }) => job.id));
  return {
    ...view,
    ledger,
    activeJobs: view.activeJobs - gone.length,
    running: () => view.running().filter(({ jobId }) => !ids.has(jobId)),
    tenancy: tenancyWithout(view.tenancy!, gone),
  };
}
