// A price or a carbon intensity that moved: whether a running job is worth moving, by what the policy minimises.
//
//   gain = (electricity + traffic of the steps left) where it is − the same where the policy would start it now
//
// in USD as forecast from now (scheduler/plus/forecast.ts), with carbon at what the policy pays for it. That is done if the
// gain is worth its cost (replan.ts), the job ends by its deadline, or no later than it would have, and what is left of it
// takes at most a fifth longer, its downtime included: as much as one link may make a step longer before anybody asks. By
// how much less is worth which saving the policy has weighed itself: it chose the placement by its score.
//
// A job is asked once for each time that prices moved, no more than every five minutes, and after each move for a price within
// a day only when twice as long has passed. Before the policy is, the gain is
// bounded: by prices alone it is no more than if all of the job's work were done at the cheapest place there is. Those with
// the highest bounds are asked first, a few at a time; who stays gets a fact with the figures, which is what `explain` shows.

import { iterationSeconds } from "../cost/iteration-time.ts";
import type { Placement } from "../fleet/ledger.ts";
import type { StayWhy } from "../scheduler/explain.ts";
import type { Pricing, View } from "../scheduler/policy.ts";
import { GROWTH_TOLERANCE } from "./chosen-for.ts";
import { remainingJob, stepsLeft } from "./estimated.ts";
import { movingCost } from "./moving-cost.ts";
import { lastMoveSeconds } from "./price-moves.ts";
import { leastUsdOf, usdOf } from "./remaining-usd.ts";
import { movedPlacement, presentSeconds } from "./replan-link.ts";
import { isWorthIt, priceMoveAfterSeconds, type Replanned, type Replanning } from "./replanning.ts";
import { type JobState, plannedPlacement, type State, stepSecondsSoFar, stepsDone } from "./state.ts";

/** A job is asked at most once in this time. */
export const ASK_PAUSE_SECONDS = 300;
/** Jobs for which the policy is asked in one decision; the others' turn comes a second later. */
const MOST_ASKED = 4;

export type PriceAnswer = { readonly known: JobState } & (
  | { readonly kind: "move"; readonly replanned: Replanned }
  | { readonly kind: "stay"; readonly why: StayWhy }
);

export interface PriceAnswers {
  /** At most one who moves, and it is the last. */
  readonly answers: readonly PriceAnswer[];
  /** When somebody's turn comes. */
  readonly againSeconds?: number;
}

export function priceReplans(state: State, view: View, replanning: Replanning): PriceAnswers {
  const { nowSeconds } = view;
  const { pricing } = replanning.policy;
  const moved = pricing && lastMoveSeconds(state, nowSeconds);
  if (!pricing || moved === undefined) return { answers: [] };
  const due: Asked[] = [];
  let againSeconds = Number.POSITIVE_INFINITY;
  for (const id of state.active) {
    const known = state.jobs.get(id)!;
    const { asked, epoch, phase } = known;
    if (phase !== "running" || moved <= Math.max(asked?.atSeconds ?? 0, epoch!.placedSeconds)) continue;
    const fromSeconds = Math.max(
      asked ? asked.atSeconds + ASK_PAUSE_SECONDS : 0,
      priceMoveAfterSeconds(known),
    );
    if (nowSeconds < fromSeconds) againSeconds = Math.min(againSeconds, fromSeconds);
    else due.push(askedOf(known, view, pricing));
  }
  if (due.length === 0) return { answers: [], ...again(againSeconds) };
  due.sort((a, b) => b.mostUsd - a.mostUsd);
  const answers: PriceAnswer[] = [];
  let policyAsked = 0;
  for (const each of due) {
    const cost = movingCost(each.known, view.ledger.fleet, each.stepSeconds);
    const isHopeless = !isWorthIt(each.mostUsd, 0, Math.abs(each.presentUsd)) || each.left <= 0;
    if (!isHopeless && policyAsked === MOST_ASKED) return { answers, ...again(nowSeconds + 1) };
    if (!isHopeless) policyAsked++;
    const answer = isHopeless
      ? stay(each, { costSeconds: cost.seconds })
      : answerOf(each, view, pricing, replanning);
    answers.push(answer);
    if (answer.kind === "move") return { answers, ...again(nowSeconds + 1) };
  }
  return { answers, ...again(againSeconds) };
}

interface Asked {
  readonly known: JobState;
  readonly left: number;
  readonly stepSeconds: number;
  /** Of the steps left, in the policy's USD. */
  readonly presentUsd: number;
  /** No gain by prices is greater. */
  readonly mostUsd: number;
}

/** What a job has to gain at most, by the pace of its steps so far. */
function askedOf(known: JobState, view: View, pricing: Pricing): Asked {
  const left = stepsLeft(known, view.nowSeconds);
  const stepSeconds = stepSecondsSoFar(known);
  const presentUsd = usdOf(known, view, pricing)(known.epoch!.placement, left * stepSeconds, 0);
  const leastUsd = leastUsdOf(known, view, pricing, left * stepSeconds);
  return { known, left, stepSeconds, presentUsd, mostUsd: presentUsd - leastUsd };
}

function answerOf(asked: Asked, view: View, pricing: Pricing, replanning: Replanning): PriceAnswer {
  const { known, left } = asked;
  const { nowSeconds } = view;
  const { fleet } = view.ledger;
  const { epoch, job } = known;
  const present = presentSeconds(known, view, replanning);
  const to = movedPlacement(known, view, replanning);
  const here = plannedPlacement(epoch!);
  if (!to || isSame(here, to)) return stay(asked, { because: "policy" });
  const step = iterationSeconds(remainingJob(known, nowSeconds), fleet, to, replanning.timeModel);
  const cost = movingCost(known, fleet, step, to);
  // No link over which its checkpoint could come there.
  if (!Number.isFinite(cost.seconds)) return stay(asked, { because: "policy" });
  const usd = usdOf(known, view, pricing);
  // In the policy's USD, as the gain is. The new GPUs begin to draw when the old ones have stopped.
  const ofNobody = Math.max(
    0,
    usd(here, cost.stopSeconds, 0, 0) + usd(to, cost.seconds - cost.stopSeconds, cost.stopSeconds, 0),
  );
  const costUsd = pricing(job, view).usd * cost.egressUsd + ofNobody;
  const presentUsd = usd(here, left * present, 0);
  const gainUsd = presentUsd - usd(to, left * step, cost.seconds);
  // What a step really takes more than predicted it will take there too.
  const pace = asked.stepSeconds / present;
  const stays = left * asked.stepSeconds;
  const moves = cost.seconds + left * step * pace;
  const gainSeconds = stays - (moves - cost.seconds);
  const figures = { gainUsd, costUsd, gainSeconds, costSeconds: cost.seconds };
  const { deadlineSeconds = Number.POSITIVE_INFINITY } = job;
  const isLate = nowSeconds + moves > job.submitSeconds + deadlineSeconds && moves > stays;
  const isLonger = moves > (1 + GROWTH_TOLERANCE) * stays;
  if (!isWorthIt(gainUsd, costUsd, Math.abs(presentUsd))) return stay(asked, { ...figures, because: "gain" });
  if (isLate || isLonger) return stay(asked, { ...figures, because: isLate ? "deadline" : "time" });
  const names = (placement: Placement) => placement.regions.map((region) => fleet.regions[region]!.name);
  return {
    ...{ kind: "move", known },
    replanned: {
      why: {
        ...{ trigger: "price", action: "move", step: stepsDone(known) },
        ...{ from: names(here), to: names(to), ...figures },
      },
    },
  };
}

function stay({ known, mostUsd, presentUsd }: Asked, more: Partial<StayWhy>): PriceAnswer {
  const none = { gainUsd: 0, costUsd: 0, gainSeconds: 0, costSeconds: 0 };
  return { kind: "stay", known, why: { because: "price", mostUsd, presentUsd, ...none, ...more } };
}

function isSame(a: Placement, b: Placement): boolean {
  return String(a.regions) === String(b.regions) && String(a.gpus) === String(b.gpus);
}

function again(atSeconds: number): Pick<PriceAnswers, "againSeconds"> {
  return Number.isFinite(atSeconds) ? { againSeconds: atSeconds } : {};
}
