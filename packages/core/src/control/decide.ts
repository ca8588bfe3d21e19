// From state to decisions: builds the policy's view, and turns what it starts or finds infeasible into facts.
// Service, simulator and dry run all come through here; there is no second scheduler.
import { iterationSeconds, type TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import {
  copyLedger,
  type Ledger,
  type Placement,
  placedGpus,
  reserve,
  withHopRates,
} from "../fleet/ledger.ts";
import type { Decision, Explanation, Policy, RunningJob, View } from "../scheduler/policy.ts";
import { type Standing, tenancyWith, usdAhead, withStart } from "../scheduler/tenancy.ts";
import { chosenFor } from "./chosen-for.ts";
import {
  closedRegions,
  estimatedLedger,
  isDiminished,
  nextExpirySeconds,
  remainingJob,
} from "./estimated.ts";
import type { Fact } from "./event.ts";
import { mayBePreempted, preemptions, preemptor } from "./preempt.ts";
import { keptPlacement, replanFacts } from "./replan.ts";
import { classValueOf, tenancyOf, tenancyWithout } from "./standing.ts";
import type { JobState, State } from "./state.ts";

/**
 * What a policy may see now, corrected by what was measured: links at what they carry, jobs with what is left of them.
 * Jobs that back off after a failure are left out until their time has come, and those that are held until they are released.
 */
export function viewOf(state: State, nowSeconds: number, timeModel: TimeModel): View | undefined {
  if (!state.ledger) return undefined;
  const queue: Job[] = [];
  const least = leastClassValue(state);
  for (const id of state.queued) {
    const known = state.jobs.get(id)!;
    if (known.notBeforeSeconds > nowSeconds || known.held) continue;
    if (least === undefined || classValueOf(state, known) >= least) queue.push(remainingJob(known));
  }
  const ledger = estimatedLedger(state, nowSeconds);
  const tenancy = tenancyOf(state, nowSeconds, (known) => runningJob(known, nowSeconds));
  return {
    nowSeconds,
    ledger,
    queue,
    activeJobs: state.active.size,
    running: () => Array.from(state.active, (id) => runningJob(state.jobs.get(id)!, nowSeconds)),
    timeModel,
    runSeconds: runSecondsOn(ledger, timeModel),
    ...(tenancy ? { tenancy } : {}),
  };
}

/** Of the jobs that may be placed: while GPUs are being freed for one, nobody of a lower class takes them. */
function leastClassValue(state: State): number | undefined {
  if (!state.fleet?.priorityClasses) return undefined;
  const served = preemptor(state);
  return served && classValueOf(state, served);
}

/** The same if a job that runs were in the queue, and the ledger the one without it. */
function viewWithout(view: View, known: JobState, ledger: Ledger): View {
  return {
    ...view,
    ledger,
    queue: [...view.queue, remainingJob(known)],
    activeJobs: view.activeJobs - 1,
    running: () => view.running().filter(({ jobId }) => jobId !== known.job.id),
    runSeconds: runSecondsOn(ledger, view.timeModel),
    ...(view.tenancy ? { tenancy: tenancyWithout(view.tenancy, [known]) } : {}),
  };
}

function runSecondsOn(ledger: Ledger, timeModel: TimeModel): View["runSeconds"] {
  return (job, placement) => job.iterations * predictedIterationSeconds(job, ledger, placement, timeModel);
}

/** When an active job will end: what is left of it at the pace measured so far, or else at the predicted one. */
function runningJob({ job, epoch, progress }: JobState, nowSeconds: number): RunningJob {
  const {
    fromStep = 0,
    placement,
    placedSeconds,
    predictedIterationSeconds: predicted,
    startedSeconds,
  } = epoch!;
  const stepSeconds =
    progress && progress.stepCount > 0 ? progress.stepSecondsSum / progress.stepCount : predicted;
  const endSeconds = progress
    ? nowSeconds + (job.iterations - progress.step) * stepSeconds
    : (startedSeconds ?? placedSeconds) + (job.iterations - fromStep) * predicted;
  return { jobId: job.id, placement, endSeconds: Math.max(nowSeconds, endSeconds) };
}

/** Of a placement that is not reserved yet. */
function predictedIterationSeconds(
  job: Job,
  ledger: Ledger,
  placement: Placement,
  timeModel: TimeModel,
): number {
  return iterationSeconds(job, ledger.fleet, withHopRates(ledger, placement, 1), timeModel);
}

export interface Deciding {
  readonly policy: Policy;
  /** How iteration times are predicted. */
  readonly timeModel: TimeModel;
  /** A fresh secret per epoch. */
  readonly newLaunchKey: () => string;
}

export interface Decided {
  /** To append. Waiting is not a fact: it is explained afresh whenever somebody asks. */
  readonly facts: readonly Fact[];
  /** When to decide again, even if nothing happens before. */
  readonly reconsiderAtSeconds?: number | undefined;
}

export function decide(
  state: State,
  nowSeconds: number,
  { policy, timeModel, newLaunchKey }: Deciding,
): Decided {
  const view = viewOf(state, nowSeconds, timeModel);
  if (!view) return { facts: [] };
  const replans =
    state.drifted.size === 0
      ? []
      : replanFacts(state, view, nowSeconds, {
          ...{ policy, timeModel },
          viewWith: (known, ledger) => viewWithout(view, known, ledger),
        });
  if (view.queue.length === 0) return { facts: replans };
  const placed = (known: JobState, placement: Placement, why: Explanation): Fact => {
    const job = remainingJob(known);
    return {
      kind: "placed",
      jobId: job.id,
      epoch: known.epochs + 1,
      placement,
      launchKey: newLaunchKey(),
      predictedIterationSeconds: predictedIterationSeconds(job, view.ledger, placement, timeModel),
      why,
      ...(job.training ? { chosenFor: chosenFor(job, view.ledger.fleet, placement, timeModel) } : {}),
      ...replanOf(known),
    };
  };
  const kept = keptJob(state);
  // The others are looked at when this one has its GPUs back.
  if (kept) {
    const [known, placement] = kept;
    return { facts: [placed(known, placement, known.epoch!.why)], reconsiderAtSeconds: nowSeconds };
  }
  const { decisions, reconsiderAtSeconds } = policy.decide(view);
  const isEstimated = isDiminished(state, view.ledger);
  const facts = decisions.flatMap((decision): Fact[] => {
    if (decision.kind === "wait") return [];
    const { jobId, why } = decision;
    // What does not fit the links as they are measured now may fit them later: it waits.
    if (decision.kind === "infeasible") return isEstimated ? [] : [{ kind: "infeasible", jobId, why }];
    return [placed(state.jobs.get(jobId)!, decision.placement, why)];
  });
  const preempted = mayBePreempted(state)
    ? preemptions(state, viewAfter(view, decisions), policy)
    : { facts: [] };
  return {
    facts: [...facts, ...replans, ...preempted.facts],
    reconsiderAtSeconds: earliest(
      reconsiderAtSeconds,
      nextExpirySeconds(state, nowSeconds),
      preempted.reconsiderAtSeconds,
    ),
  };
}

/** What is left to decide about after a round: jobs that wait, on what its starts have left. */
function viewAfter(view: View, decisions: readonly Decision[]): View {
  const decided = new Set(decisions.flatMap(({ jobId, kind }) => (kind === "wait" ? [] : [jobId])));
  if (decided.size === 0) return view;
  const jobs = new Map(view.queue.map((job) => [job.id, job]));
  const ledger = copyLedger(view.ledger);
  const standings = new Map<string, Standing>();
  const started = decisions.flatMap((decision): RunningJob[] => {
    if (decision.kind !== "start") return [];
    const { jobId, placement } = decision;
    const job = jobs.get(jobId)!;
    reserve(ledger, placement);
    const endSeconds = view.nowSeconds + view.runSeconds(job, placement);
    if (view.tenancy) {
      const standing = standings.get(job.tenant) ?? view.tenancy.of(job.tenant);
      const usd = usdAhead(ledger.fleet, placement, view.nowSeconds, endSeconds);
      standings.set(job.tenant, withStart(standing, placedGpus(placement), usd));
    }
    return [{ jobId, placement, endSeconds }];
  });
  return {
    ...view,
    ledger,
    queue: view.queue.filter(({ id }) => !decided.has(id)),
    activeJobs: view.activeJobs + started.length,
    running: () => [...view.running(), ...started],
    ...(view.tenancy ? { tenancy: tenancyWith(view.tenancy, standings) } : {}),
  };
}

/** Undefined if all are. */
function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** A job that was stopped for another schedule on the GPUs that it had; never where nothing was measured. */
function keptJob(state: State): readonly [JobState, Placement] | undefined {
  const { jobs, ledger, links, queued } = state;
  if (links.size === 0) return undefined;
  const closed = closedRegions(state);
  for (const id of queued) {
    const known = jobs.get(id)!;
    const placement = known.held ? undefined : keptPlacement(known, ledger!);
    if (placement && !placement.regions.some((region) => closed.includes(region))) return [known, placement];
  }
  return undefined;
}

/** Why the last epoch was given up, if that was for a better placement. */
function replanOf({ epochs, replan }: JobState): Pick<Extract<Fact, { kind: "placed" }>, "replan"> {
  if (replan?.epoch !== epochs) return {};
  const { atSeconds: _, epoch: __, placement: ___, ...why } = replan;
  return { replan: why };
}

/**
 * A dry run: what the policy would decide for every queued job now, waiting included.
 * @param more jobs that are not in the queue.
 */
export function dryRun(
  state: State,
  nowSeconds: number,
  { policy, timeModel }: Pick<Deciding, "policy" | "timeModel">,
  more: readonly Job[] = [],
): readonly Decision[] {
  const view = viewOf(state, nowSeconds, timeModel);
  if (!view) return [];
  const isEstimated = isDiminished(state, view.ledger);
  return policy
    .explain({ ...view, queue: [...view.queue, ...more] })
    .map((decision) =>
      decision.kind === "infeasible" && isEstimated ? { ...decision, kind: "wait" } : decision,
    );
}
