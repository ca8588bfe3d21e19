// From state to decisions: turns what a policy starts or finds infeasible, and what has to be stopped for that, into facts.
// Service, simulator and dry run all come through here; there is no second scheduler.
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import type { Ledger, Placement } from "../fleet/ledger.ts";
import type { Decision, Explanation, Policy } from "../scheduler/policy.ts";
import { chosenFor } from "./chosen-for.ts";
import { closedRegions, isDiminished, nextExpirySeconds, remainingJob } from "./estimated.ts";
import type { Fact } from "./event.ts";
import { givingWay } from "./give-way.ts";
import { mayBePreempted, preemptions } from "./preempt.ts";
import { nextMoveSeconds } from "./price-moves.ts";
import { keptPlacement, replans } from "./replan.ts";
import { isLeaving, MOVING_SECONDS } from "./replanning.ts";
import { reservationFacts } from "./reserving.ts";
import { type JobState, type State, whyOf } from "./state.ts";
import { predictedIterationSeconds, viewAfter, viewOf, viewWithout } from "./view.ts";

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
  const forced = givingWay(state, nowSeconds);
  // One thing at a time: where jobs have to give way, what is free will be another matter when they have.
  const chosen =
    forced.facts.length > 0
      ? { facts: [] }
      : replans(state, view, {
          ...{ policy, timeModel },
          viewWith: (known, ledger) => viewWithout(view, known, ledger),
        });
  const again = earliest(
    forced.againSeconds,
    chosen.againSeconds,
    policy.pricing && state.active.size > 0 ? nextMoveSeconds(state, nowSeconds) : undefined,
  );
  const reconsidered = again === undefined ? {} : { reconsiderAtSeconds: again };
  const reservations = (ledger: Ledger) => reservationFacts(state, ledger, nowSeconds);
  if (view.queue.length === 0)
    return { facts: [...forced.facts, ...chosen.facts, ...reservations(view.ledger)], ...reconsidered };
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
    return {
      facts: [...forced.facts, placed(known, placement, known.epoch!.why)],
      reconsiderAtSeconds: nowSeconds,
    };
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
  const after = viewAfter(view, decisions);
  const starts = facts.some(({ kind }) => kind === "placed");
  const moves = chosen.facts.some(({ kind }) => kind === "replan-requested");
  // What the one who moves was promised may have just been given away: he is asked again on what is left.
  const isTaken = starts && moves;
  const replanned = [...forced.facts, ...(isTaken ? [] : chosen.facts)];
  const isFreeing = forced.facts.length > 0 || (moves && !isTaken) || isLeaving(state, nowSeconds);
  const preempted = !mayBePreempted(state)
    ? { facts: [] }
    : isFreeing
      ? { facts: [], reconsiderAtSeconds: nowSeconds + MOVING_SECONDS }
      : preemptions(state, after, policy);
  const reserved = reservations(after.ledger);
  return {
    facts: [...facts, ...replanned, ...preempted.facts, ...reserved],
    reconsiderAtSeconds: earliest(
      reserved.length > 0 || isTaken ? nowSeconds : undefined, // somebody may fit what others do not need
      again,
      reconsiderAtSeconds,
      nextExpirySeconds(state, nowSeconds),
      preempted.reconsiderAtSeconds,
    ),
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
  return { replan: whyOf(replan) };
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
