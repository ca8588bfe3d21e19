// What policies see: the state at a moment, corrected by what was measured, and what it would be without a job or after some
// decisions.
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
import type { Decision, RunningJob, View } from "../scheduler/policy.ts";
import { type Standing, tenancyWith, usdAhead, withStart } from "../scheduler/tenancy.ts";
import { estimatedLedger, remainingJob } from "./estimated.ts";
import { preemptor } from "./preempt.ts";
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
  // Once for all who ask: a policy may ask for each job that it places.
  let running: readonly RunningJob[] | undefined;
  return {
    nowSeconds,
    ledger,
    queue,
    activeJobs: state.active.size,
    running() {
      running ??= Array.from(state.active, (id) => runningJob(state.jobs.get(id)!, nowSeconds));
      return running;
    },
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
export function viewWithout(view: View, known: JobState, ledger: Ledger): View {
  return {
    ...view,
    ledger,
    queue: [...view.queue, remainingJob(known, view.nowSeconds)],
    activeJobs: view.activeJobs - 1,
    running: () => view.running().filter(({ jobId }) => jobId !== known.job.id),
    runSeconds: runSecondsOn(ledger, view.timeModel),
    ...(view.tenancy ? { tenancy: tenancyWithout(view.tenancy, [known]) } : {}),
  };
}

/** What is left to decide about after a round: jobs that wait, on what its starts have left. */
export function viewAfter(view: View, decisions: readonly Decision[]): View {
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
export function predictedIterationSeconds(
  job: Job,
  ledger: Ledger,
  placement: Placement,
  timeModel: TimeModel,
): number {
  return iterationSeconds(job, ledger.fleet, withHopRates(ledger, placement, 1), timeModel);
}
