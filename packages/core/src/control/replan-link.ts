// A link that is not what a job's schedule was chosen for: whether the job is worth moving.
//
//   gain = steps left · (step by the present schedule at the measured rates − step by what would be chosen now)
//
// Asked if a hop was outside its interval three times in a row. There are two ways:
//   move         what the policy starts with the job's GPUs given back and the job in the queue
//   reschedule   the same GPUs with the schedule that is best at the measured rates, if that is shorter, or if the policy
//                would let the job wait. It then has its GPUs back before anybody else is asked
// The gain is in seconds and so is the cost: egress of the checkpoint is as many of them as the job costs that much in.
import { iterationSeconds } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import { placementFootprint } from "../cost/money.ts";
import { placementInGpus, placementInUnits, unitView } from "../cost/unit.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { copyLedger, type Placement, release, tryReserve, withHopRates } from "../fleet/ledger.ts";
import { withWarmup } from "../scheduler/plus/hops.ts";
import type { View } from "../scheduler/policy.ts";
import { secondsAsChosen } from "./chosen-for.ts";
import { remainingJob, slowedJob, stepsLeft } from "./estimated.ts";
import { hasLeft, rateOf, slowerDirection } from "./measured.ts";
import { movingCost, movingUsd } from "./moving-cost.ts";
import { isWorthIt, type Replanned, type Replanning } from "./replanning.ts";
import { type Epoch, type JobState, plannedPlacement, stepsDone } from "./state.ts";

export function linkReplan(known: JobState, view: View, replanning: Replanning): Replanned | undefined {
  const { epoch } = known;
  const { nowSeconds } = view;
  const { fleet } = view.ledger;
  const { timeModel } = replanning;
  const remaining = remainingJob(known, nowSeconds);
  const measured = measuredRates(epoch!);
  const present = presentSeconds(known, view, replanning);
  const seconds = (candidate: Placement) => iterationSeconds(remaining, fleet, candidate, timeModel);
  const moved = movedPlacement(known, view, replanning);
  const move = moved ? seconds(moved) : Number.POSITIVE_INFINITY;
  const planned = plannedPlacement(epoch!);
  const [kept, shorter] = shortest(
    warmUps(remaining, fleet, { ...planned, hopBitsPerSecond: measured }),
    seconds,
  );
  const freed = copyLedger(view.ledger);
  release(freed, epoch!.placement);
  const stay = tryReserve(freed, kept) ? shorter : Number.POSITIVE_INFINITY;
  if (stay === Number.POSITIVE_INFINITY && !moved) return undefined;
  const isMove = move <= stay;
  const to = isMove ? moved! : kept;

  const left = stepsLeft(known, nowSeconds);
  const cost = movingCost(known, fleet, present, to);
  const costSeconds = cost.seconds + inSeconds(cost.egressUsd, planned, fleet, nowSeconds);
  const gainSeconds = left * (present - Math.min(stay, move));
  if (!isWorthIt(gainSeconds, costSeconds, left * present)) return undefined;
  const usd = (placement: Placement, step: number) =>
    placementFootprint(fleet, placement, nowSeconds, nowSeconds + left * step).electricityUsd;
  const costUsd = movingUsd(cost, fleet, planned, to, nowSeconds);
  const gainUsd = usd(planned, present) - usd(to, isMove ? move : stay);
  const why = {
    ...{ trigger: "link" as const, ...whyHop(epoch!, fleet, measured), step: stepsDone(known) },
    ...{ gainSeconds, costSeconds, gainUsd, costUsd },
  };
  return isMove
    ? { why: { action: "move", ...why } }
    : { why: { action: "reschedule", ...why }, placement: kept };
}

/** Seconds of a step as it is now: by the schedule that it was given, with rates and blocks as they were measured. */
export function presentSeconds(known: JobState, view: View, { timeModel }: Replanning): number {
  const { epoch, job } = known;
  const chosenWith = slowedJob(job, epoch!.blockRatio ?? 1);
  const remaining = remainingJob(known, view.nowSeconds);
  const placement = plannedPlacement(epoch!);
  return secondsAsChosen(
    chosenWith,
    view.ledger.fleet,
    placement,
    timeModel,
    remaining,
  )(measuredRates(epoch!));
}

/** Where the policy would start the job now, at the rates that its hops would have. */
export function movedPlacement(
  known: JobState,
  { ledger }: View,
  { policy, viewWith }: Replanning,
): Placement | undefined {
  const { placement } = known.epoch!;
  const freed = copyLedger(ledger);
  release(freed, placement);
  for (const decision of policy.decide(viewWith(known, freed)).decisions) {
    if (decision.jobId === known.job.id && decision.kind === "start")
      return notFaster(withHopRates(freed, decision.placement, 1), placement, measuredRates(known.epoch!));
  }
  return undefined;
}

/** How long the job may run for so many USD; infinite where its electricity costs nothing. */
function inSeconds(usd: number, placement: Placement, fleet: Fleet, nowSeconds: number): number {
  if (usd === 0) return 0;
  const perHour = placementFootprint(fleet, placement, nowSeconds, nowSeconds + 3600).electricityUsd;
  return perHour > 0 ? (3600 * usd) / perHour : Number.POSITIVE_INFINITY;
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

/** By hop what the slower direction carries; what the plan has where nothing was measured. */
export function measuredRates(epoch: Epoch): readonly number[] {
  return plannedPlacement(epoch).hopBitsPerSecond.map((planned, hop) => {
    const known = epoch.measured?.hops[hop];
    const direction = known && slowerDirection(known);
    return direction ? Math.max(1, Math.round(rateOf(known[direction]!))) : planned;
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
