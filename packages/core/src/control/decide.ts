// From state to decisions: builds the policy's view, and turns what it starts or finds infeasible into facts.
// Service, simulator and dry run all come through here; there is no second scheduler.
import { iterationSeconds, type TimeModel } from "../cost/iteration-time.ts";
import type { Decision, Policy, View } from "../scheduler/policy.ts";
import type { Fact } from "./event.ts";
import type { State } from "./state.ts";

/** What a policy may see now. Jobs that back off after a failure are left out until their time has come. */
export function viewOf(state: State, nowSeconds: number): View | undefined {
  if (!state.ledger) return undefined;
  const queue = [...state.queued]
    .map((id) => state.jobs.get(id)!)
    .filter(({ notBeforeSeconds }) => notBeforeSeconds <= nowSeconds)
    .map(({ job }) => job);
  return { nowSeconds, ledger: state.ledger, queue, activeJobs: state.active.size };
}

export interface Deciding {
  readonly policy: Policy;
  /** How iteration times are predicted. */
  readonly timeModel: TimeModel;
  /** A fresh secret per epoch. */
  readonly newLaunchKey: () => string;
}

/** Facts to append after a round. Waiting is not a fact: it is explained afresh whenever somebody asks. */
export function decide(
  state: State,
  nowSeconds: number,
  { policy, timeModel, newLaunchKey }: Deciding,
): Fact[] {
  const view = viewOf(state, nowSeconds);
  if (!view || view.queue.length === 0) return [];
  return policy.decide(view).flatMap((decision): Fact[] => {
    if (decision.kind === "wait") return [];
    const { jobId, why } = decision;
    if (decision.kind === "infeasible") return [{ kind: "infeasible", jobId, why }];
    const { job, epochs } = state.jobs.get(jobId)!;
    const { placement } = decision;
    const predictedIterationSeconds = iterationSeconds(job, view.ledger.fleet, placement, timeModel);
    return [
      {
        kind: "placed",
        jobId,
        epoch: epochs + 1,
        placement,
        launchKey: newLaunchKey(),
        predictedIterationSeconds,
        why,
      },
    ];
  });
}

/** A dry run: what the policy would decide for every queued job now, waiting included. */
export function dryRun(state: State, nowSeconds: number, policy: Policy): Decision[] {
  const view = viewOf(state, nowSeconds);
  return view ? policy.decide(view) : [];
}
