// What a running job reserves of its links follows what was measured: blocks that take longer than predicted send less often,
// faster ones more often, and so it is where another link of the path sets the pace. A hop needs
//
//   placed · T₀/T    T₀ the predicted period: the slowest stage, or a message on the slowest other hop
//                    T  the same with blocks and other hops as they were measured
//
// with the margin that the policy gave it. Its own rate is left out: a link that carries less than was reserved is short of
// bandwidth, and its job does not need less. Changed is what differs by more than a fifth, at most every five minutes. What is
// not needed is free for others at once; more is taken only of what is free, and never more than the rate by which the worker
// paces an emulated link: it could not use it. The job runs on with its plan.
//
// The worker sends each message as fast as its plan says (emulated) or as the network lets it (real), so two jobs' messages
// may meet. Each then takes longer, but in a period there is time for all of them: that is what a reservation means.
import type { Job } from "../cost/job.ts";
import { occupancySeconds } from "../cost/stage-times.ts";
import { unitView } from "../cost/unit.ts";
import { emulatesLinks, type Fleet } from "../fleet/fleet.ts";
import {
  copyLedger,
  holdAnyway,
  type Ledger,
  type Placement,
  release,
  residualBitsPerSecond,
} from "../fleet/ledger.ts";
import type { Fact } from "./event.ts";
import { blockRatioOf, LEAST_MEASUREMENTS, rateOf, slowerDirection } from "./measured.ts";
import { type Epoch, plannedPlacement, type State } from "./state.ts";

/** A job's reservation is changed at most once in this time. */
export const RESERVATION_PAUSE_SECONDS = 300;
/** Share of what is reserved by which what is needed must differ. */
const LEAST_CHANGE = 0.2;

type Changed = Extract<Fact, { kind: "reservation-changed" }>;

/** @param ledger after everything else that was decided. */
export function reservationFacts(state: State, ledger: Ledger, nowSeconds: number): readonly Changed[] {
  const facts: Changed[] = [];
  let left: Ledger | undefined;
  for (const id of state.measured) {
    const { epoch, job } = state.jobs.get(id)!;
    const { number, placement, reservedSeconds = Number.NEGATIVE_INFINITY } = epoch!;
    if (nowSeconds < reservedSeconds + RESERVATION_PAUSE_SECONDS) continue;
    const needs = neededRates(job, epoch!, state.fleet!);
    if (!needs?.some((need, hop) => isOther(need, placement.hopBitsPerSecond[hop]!))) continue;
    left ??= copyLedger(ledger);
    const changed = changedPlacement(placement, needs, left);
    if (changed === placement) continue;
    release(left, placement);
    holdAnyway(left, changed);
    const { hopBitsPerSecond } = changed;
    facts.push({ kind: "reservation-changed", jobId: id, epoch: number, hopBitsPerSecond });
  }
  return facts;
}

/** By hop, whole bits per second; undefined while too little was measured. */
export function neededRates(job: Job, epoch: Epoch, fleet: Fleet): readonly number[] | undefined {
  const { chosenFor, measured } = epoch;
  const ratio = measured && blockRatioOf(measured);
  if (!chosenFor || ratio === undefined) return undefined;
  const planned = plannedPlacement(epoch).hopBitsPerSecond;
  const view = unitView(job, fleet);
  const message = (bitsPerSecond: number) => occupancySeconds(view.job, bitsPerSecond);
  const block = Math.max(
    ...chosenFor.stages.map(({ backwardSeconds, forwardSeconds }) => forwardSeconds + backwardSeconds),
  );
  const carried = planned.map((rate, hop) => Math.min(rate, carriedBy(epoch, hop) ?? rate));
  return planned.map((rate, hop) => {
    const others = (rates: readonly number[]) => rates.filter((_, i) => i !== hop).map(message);
    const predicted = Math.max(block, ...others(planned));
    const now = Math.max(ratio * block, ...others(carried));
    const need = Math.max(1, Math.ceil((rate * predicted) / now));
    return emulatesLinks(fleet) ? Math.min(rate, need) : need;
  });
}

/** The slower direction of a hop, if it was measured often enough. */
function carriedBy({ measured }: Epoch, hop: number): number | undefined {
  const known = measured?.hops[hop];
  const seen = known?.[slowerDirection(known) ?? "forth"];
  return seen && seen.recentBitsPerSecond.length >= LEAST_MEASUREMENTS ? rateOf(seen) : undefined;
}

function changedPlacement(placement: Placement, needs: readonly number[], ledger: Ledger): Placement {
  const { hopBitsPerSecond: held, regions } = placement;
  const next = held.map((now, hop) => {
    const need = needs[hop]!;
    if (!isOther(need, now)) return now;
    const most = now + Math.floor(residualBitsPerSecond(ledger, regions[hop]!, regions[hop + 1]!));
    const granted = Math.min(need, most);
    return isOther(granted, now) ? granted : now;
  });
  return next.every((rate, hop) => rate === held[hop]) ? placement : { ...placement, hopBitsPerSecond: next };
}

function isOther(need: number, now: number): boolean {
  return Math.abs(need - now) > LEAST_CHANGE * now;
}
