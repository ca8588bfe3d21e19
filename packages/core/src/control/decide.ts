// From state to decisions: builds the policy's view, and turns what it starts or finds infeasible into facts.
// Service, simulator and dry run all come through here; there is no second scheduler.
import { iterationSeconds, type TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import { type Ledger, type Placement, withHopRates } from "../fleet/ledger.ts";
import type { Decision, Policy, RunningJob, View } from "../scheduler/policy.ts";
import type { Fact } from "./event.ts";
import type { JobState, State } from "./state.ts";

/** What a policy may see now. Jobs that back off after a failure are left out until their time has come. */
export function viewOf(state: State, nowSeconds: number, timeModel: TimeModel): View | undefined {
  const { ledger } = state;
  if (!ledger) return undefined;
  const queue: Job[] = [];
  for (const id of state.queued) {
    const { job, notBeforeSeconds } = state.jobs.get(id)!;
    if (notBeforeSeconds <= nowSeconds) queue.push(job);
  }
  return {
    nowSeconds,
    ledger,
    queue,
    activeJobs: state.active.size,
    running: () => Array.from(state.active, (id) => runningJob(state.jobs.get(id)!, nowSeconds)),
    timeModel,
    runSeconds: (job, placement) =>
      job.iterations * predictedIterationSeconds(job, ledger, placement, timeModel),
  };
}

/** When an active job will end: what is left of it at the pace measured so far, or else at the predicted one. */
function runningJob({ job, epoch, progress }: JobState, nowSeconds: number): RunningJob {
  const { placement, placedSeconds, predictedIterationSeconds: predicted, startedSeconds } = epoch!;
  const stepSeconds =
    progress && progress.stepCount > 0 ? progress.stepSecondsSum / progress.stepCount : predicted;
  const endSeconds = progress
    ? nowSeconds + (job.iterations - progress.step) * stepSeconds
    : (startedSeconds ?? placedSeconds) + job.iterations * predicted;
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
  if (!view || view.queue.length === 0) return { facts: [] };
  const { decisions, reconsiderAtSeconds } = policy.decide(view);
  const facts = decisions.flatMap((decision): Fact[] => {
    if (decision.kind === "wait") return [];
    const { jobId, why } = decision;
    if (decision.kind === "infeasible") return [{ kind: "infeasible", jobId, why }];
    const { job, epochs } = state.jobs.get(jobId)!;
    const { placement } = decision;
    return [
      {
        kind: "placed",
        jobId,
        epoch: epochs + 1,
        placement,
        launchKey: newLaunchKey(),
        predictedIterationSeconds: predictedIterationSeconds(job, view.ledger, placement, timeModel),
        why,
      },
    ];
  });
  return { facts, reconsiderAtSeconds };
}

/** A dry run: what the policy would decide for every queued job now, waiting included. */
export function dryRun(
  state: State,
  nowSeconds: number,
  { policy, timeModel }: Pick<Deciding, "policy" | "timeModel">,
): readonly Decision[] {
  const view = viewOf(state, nowSeconds, timeModel);
  return view ? policy.explain(view) : [];
}
