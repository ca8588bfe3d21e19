// Whether a running job is to be stopped, with a checkpoint, and placed anew. Three things are a reason to ask:
//   link      one is not what the job's schedule was chosen for (replan-link.ts)
//   price     electricity or carbon has become another one, here or elsewhere (replan-price.ts)
//   capacity  a region has lost GPUs that jobs hold (give-way.ts): no choice by gain, and not decided here alone
// For the first two gain and cost are compared over the steps that are left, in seconds or in the policy's USD. It is done if
// the gain is at least twice the cost, and 5 % of what it is a gain on (predictions are no better than that), and if the
// job was not moved in the last ten minutes, nor anybody else is on the way. Prices that go on moving it do so ever less often.
import { copyLedger, type Ledger, type Placement, tryReserve } from "../fleet/ledger.ts";
import type { View } from "../scheduler/policy.ts";
import type { Fact } from "./event.ts";
import { linkReplan } from "./replan-link.ts";
import { priceReplans } from "./replan-price.ts";
import { isMoving, MOVING_SECONDS, REPLAN_PAUSE_SECONDS, type Replanning } from "./replanning.ts";
import type { JobState, State } from "./state.ts";

type ReplanFact = Extract<Fact, { kind: "replan-requested" | "replan-declined" }>;
export interface Replans {
  /** At most one job is moved: that may help another, or be in its way. */
  readonly facts: readonly ReplanFact[];
  readonly againSeconds?: number;
}

export function replans(state: State, view: View, replanning: Replanning): Replans {
  const { nowSeconds } = view;
  // Nobody is asked, which takes time, while somebody moves: a decision comes with every event.
  if (isMoving(state, nowSeconds)) return { facts: [], againSeconds: nowSeconds + MOVING_SECONDS };
  for (const jobId of state.drifted) {
    const known = state.jobs.get(jobId)!;
    if (known.replan && nowSeconds < known.replan.atSeconds + REPLAN_PAUSE_SECONDS) continue;
    const replanned = linkReplan(known, view, replanning);
    if (replanned)
      return { facts: [{ kind: "replan-requested", jobId, epoch: known.epoch!.number, ...replanned }] };
  }
  const { answers, againSeconds } = priceReplans(state, view, replanning);
  const facts = answers.map((answer): ReplanFact => {
    const { epoch, job } = answer.known;
    const of = { jobId: job.id, epoch: epoch!.number };
    return answer.kind === "move"
      ? { kind: "replan-requested", ...of, ...answer.replanned }
      : { kind: "replan-declined", ...of, why: answer.why };
  });
  return { facts, ...(againSeconds === undefined ? {} : { againSeconds }) };
}

/** The placement that a queued job was stopped for, if it may have it now. */
export function keptPlacement({ epochs, replan }: JobState, ledger: Ledger): Placement | undefined {
  if (replan?.epoch !== epochs || !replan.placement) return undefined;
  return tryReserve(copyLedger(ledger), replan.placement) ? replan.placement : undefined;
}
