// Whether a running job is to be stopped and placed anew, because a link is not what its schedule was chosen for.
//
//   gain = steps left · (step by the present schedule at the measured rates − step by what would be chosen now)
//   cost = stopping and starting again (as long as the start of this epoch took) + the steps that would be done again
//
// That is done if a hop was outside its interval three times in a row, a step gets at least 5 % shorter (predictions are no
// better than that), the gain is at least twice the cost, and it was not done in the last ten minutes. There are two ways:
//   move         what the policy starts with the job's GPUs given back and the job in the queue
//   reschedule   the same GPUs with the schedule that is best at the measured rates, if that is shorter, or if the policy
//                would let the job wait. It then has its GPUs back before anybody else is asked
// Once a checkpoint was committed, the step under way alone is lost: SIGTERM writes another. Before, all that was done
// counts as lost, since nobody knows that checkpoints can be written.
import { iterationSeconds, type TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import { placementInGpus, placementInUnits, unitView } from "../cost/unit.ts";
import type { Fleet } from "../fleet/fleet.ts";
import {
  copyLedger,
  type Ledger,
  type Placement,
  release,
  tryReserve,
  withHopRates,
} from "../fleet/ledger.ts";
import { withWarmup } from "../scheduler/plus/hops.ts";
import type { Policy, View } from "../scheduler/policy.ts";
import { secondsAsChosen } from "./chosen-for.ts";
import { remainingJob, slowedJob } from "./estimated.ts";
import type { Fact } from "./event.ts";
import { hasLeft, rateOf, slowerDirection } from "./measured.ts";
import { type Epoch, type JobState, type State, stepsDone } from "./state.ts";

/** A job is moved at most once in this time. */
export const REPLAN_PAUSE_SECONDS = 600;
/** Gain over cost. */
const MARGIN = 2;
/** Share of a step that must be saved. */
const LEAST_SHARE = 0.05;
/** From SIGTERM until the last launch is over, its checkpoint written: an assumption. */
const STOP_SECONDS = 10;

export interface Replanning {
  readonly policy: Policy;
  readonly timeModel: TimeModel;
  /** What the policy would see if the job were in the queue, and the ledger this one. */
  readonly viewWith: (job: JobState, ledger: Ledger) => View;
}

type Replanned = Extract<Fact, { kind: "replan-requested" }>;

/** At most one: moving one job may help another. */
export function replanFacts(
  state: State,
  view: View,
  nowSeconds: number,
  replanning: Replanning,
): Replanned[] {
  for (const jobId of state.drifted) {
    const known = state.jobs.get(jobId)!;
    if (known.replan && nowSeconds < known.replan.atSeconds + REPLAN_PAUSE_SECONDS) continue;
    const replanned = replanOf(known, view, replanning);
    if (replanned) return [{ kind: "replan-requested", jobId, epoch: known.epoch!.number, ...replanned }];
  }
  return [];
}

/** The placement that a queued job was stopped for, if it may have it now. */
export function keptPlacement({ epochs, replan }: JobState, ledger: Ledger): Placement | undefined {
  if (replan?.epoch !== epochs || !replan.placement) return undefined;
  return tryReserve(copyLedger(ledger), replan.placement) ? replan.placement : undefined;
}

function replanOf(
  known: JobState,
  view: View,
  replanning: Replanning,
): Pick<Replanned, "why" | "placement"> | undefined {
  const { epoch, job } = known;
  const { placedSeconds, placement, startedSeconds } = epoch!;
  const { fleet } = view.ledger;
  const { timeModel } = replanning;
  const remaining = remainingJob(known);
  const measured = measuredRates(epoch!);
  const chosenWith = slowedJob(job, epoch!.blockRatio ?? 1);
  const present = secondsAsChosen(chosenWith, fleet, placement, timeModel, remaining)(measured);
  const seconds = (candidate: Placement) => iterationSeconds(remaining, fleet, candidate, timeModel);
  const moved = movedPlacement(known, view, measured, replanning);
  const move = moved ? seconds(moved) : Number.POSITIVE_INFINITY;
  const [kept, stay] = shortest(
    warmUps(remaining, fleet, { ...placement, hopBitsPerSecond: measured }),
    seconds,
  );

  const saved = present - Math.min(stay, move);
  const gainSeconds = (job.iterations - stepsDone(known)) * saved;
  const lostSteps = 1 + (known.committedStep === undefined ? stepsDone(known) : 0);
  const costSeconds = STOP_SECONDS + (startedSeconds! - placedSeconds) + lostSteps * present;
  if (saved < LEAST_SHARE * present || gainSeconds < MARGIN * costSeconds) return undefined;
  const why = { ...whyHop(epoch!, fleet, measured), step: stepsDone(known), gainSeconds, costSeconds };
  return stay < move
    ? { why: { action: "reschedule", ...why }, placement: kept }
    : { why: { action: "move", ...why } };
}

/** Where the policy would start the job now, at the rates that its hops would have. */
function movedPlacement(
  known: JobState,
  { ledger }: View,
  measured: readonly number[],
  { policy, viewWith }: Replanning,
): Placement | undefined {
  const { placement } = known.epoch!;
  const freed = copyLedger(ledger);
  release(freed, placement);
  for (const decision of policy.decide(viewWith(known, freed)).decisions) {
    if (decision.jobId === known.job.id && decision.kind === "start")
      return notFaster(withHopRates(freed, decision.placement, 1), placement, measured);
  }
  return undefined;
}

/** The placement as it is, and with the extra warm-up that hides its hops at the rates that it has. */
function warmUps(job: Job, fleet: Fleet, placement: Placement): readonly Placement[] {
  const view = unitView(job, fleet);
  const types = placement.regions.map((region) => view.fleet.regions[region]!.gpuType);
  const slowest = types.reduce((a, b) => (b.peakFlopsPerSecond < a.peakFlopsPerSecond ? b : a));
  const units = placementInUnits(placement, view.unitGpus);
  return [placement, placementInGpus(withWarmup(view.job, view.fleet, units, slowest), view.unitGpus)];
}

function shortest(
  candidates: readonly Placement[],
  secondsOf: (candidate: Placement) => number,
): readonly [placement: Placement, seconds: number] {
  return candidates
    .map((candidate) => [candidate, secondsOf(candidate)] as const)
    .reduce((best, each) => (each[1] < best[1] ? each : best));
}

/** The hop that has left its interval, by its slower direction. */
function whyHop({ chosenFor, measured, placement }: Epoch, fleet: Fleet, rates: readonly number[]) {
  const hop = measured!.hops.findIndex(hasLeft);
  const ends = [hop, hop + 1].map((position) => fleet.regions[placement.regions[position]!]!.name);
  const [from, to] = slowerDirection(measured!.hops[hop]!) === "back" ? ends.toReversed() : ends;
  return { from: from!, to: to!, measuredBitsPerSecond: rates[hop]!, ...chosenFor!.hops[hop]! };
}

/** By hop what the slower direction carries; what is reserved where nothing was measured. */
function measuredRates({ measured, placement }: Epoch): readonly number[] {
  return placement.hopBitsPerSecond.map((reserved, hop) => {
    const known = measured?.hops[hop];
    const direction = known && slowerDirection(known);
    return direction ? Math.max(1, Math.round(rateOf(known[direction]!))) : reserved;
  });
}

/** A hop that the job has already is not faster for a new placement than it was measured. */
function notFaster(candidate: Placement, present: Placement, measured: readonly number[]): Placement {
  const { regions } = candidate;
  const hopBitsPerSecond = candidate.hopBitsPerSecond.map((bitsPerSecond, hop) => {
    const pair = [regions[hop]!, regions[hop + 1]!];
    const same = measured.filter(
      (_, i) => pair.includes(present.regions[i]!) && pair.includes(present.regions[i + 1]!),
    );
    return Math.min(bitsPerSecond, ...same);
  });
  return { ...candidate, hopBitsPerSecond };
}
