// One scheduling round, the same for every policy: order the queue, scan it, start what can be placed.
// A policy is an order plus a placer. What the paper leaves open here are named options:
//   queue "skip": a job that cannot be placed lets the next one try;  "block": it holds the head of the line;
//         "backfill": the first that cannot be placed gets a reservation, and others may only start where that does not
//         delay it (EASY backfill, Lifka 1995)
//   start "exact": K* GPUs or nothing;  "minimum": any count from the job's least upwards
//   reorder "round": one order per round;  "start": the rest is ordered anew after every start
// Infeasible: what cannot be placed on the empty fleet at the present prices, even with the least count.
// Fallback: on an idle fleet a job that cannot have K* is retried with its least count, so that nothing waits for ever.
import { demandKey, type Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { copyLedger, type Ledger, openLedger, reserve } from "../fleet/ledger.ts";
import type { Decision, Explanation, OrderTerms, Policy, Round, Search, View } from "./policy.ts";
import { keepsReservation, type Reservation, reservationFor } from "./reservation.ts";
import { inUnits } from "./units.ts";

export type StartRule = "exact" | "minimum";

export interface RoundOptions {
  readonly queue: "skip" | "block" | "backfill";
  readonly start: StartRule;
  readonly reorder?: "round" | "start";
}

export interface PolicyParts {
  readonly name: string;
  readonly description: string;
  readonly options: RoundOptions;
  /** Candidates in the order in which they are tried; they are part of the view's queue. */
  order(view: View, candidates: readonly Job[]): readonly OrderedJob[];
  /** Least GPUs with which a job starts, and the most that any one placement could have now: whom it is vain to try. */
  needs(job: Job, fleet: Fleet, start: StartRule): number;
  reachable(ledger: Ledger): number;
  /** Looks for a placement on what the ledger has free. Must not change the ledger. */
  search(job: Job, context: SearchContext): Search;
  /** A job that has waited so long that nobody may delay it any more. Ordered before the others by `order`. */
  isOverdue?(job: Job, view: View): boolean;
  /** Whether to leave a placement for later, although it could start now. */
  postpone?(job: Job, found: Search, context: SearchContext): Postponed | undefined;
}

export interface SearchContext {
  readonly ledger: Ledger;
  readonly nowSeconds: number;
  readonly start: StartRule;
  readonly view: View;
}

export interface OrderedJob {
  readonly job: Job;
  readonly terms: OrderTerms;
}

export interface Postponed {
  readonly why: NonNullable<Explanation["postponed"]>;
  /** When to look at it again, if nothing else happens before. */
  readonly untilSeconds?: number;
}

/** First come, first served; ties by id, so that the order never depends on how the queue was stored. */
export function firstComeFirstServed(_view: View, candidates: readonly Job[]): OrderedJob[] {
  return [...candidates]
    .sort(bySubmission)
    .map((job) => ({ job, terms: { kind: "fcfs", submitSeconds: job.submitSeconds } }));
}

export function bySubmission(a: Job, b: Job): number {
  return a.submitSeconds - b.submitSeconds || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

export function policyOf(ofOneGpu: PolicyParts): Policy {
  const parts = inUnits(ofOneGpu);
  const feasible = feasibility(parts);
  return {
    name: parts.name,
    description: parts.description,
    decide: (view) => scan(parts, feasible, view, false),
    explain: (view) => scan(parts, feasible, view, true).decisions,
  };
}

/**
 * @param everyone whether every queued job gets a decision, in the order they were considered; otherwise those only that
 *   start or are infeasible, and jobs are left out as soon as it is known that they cannot start.
 */
function scan(
  { options, ...parts }: PolicyParts,
  feasible: Feasibility,
  view: View,
  everyone: boolean,
): Round {
  const ledger = copyLedger(view.ledger);
  const { nowSeconds } = view;
  const context = (start: StartRule): SearchContext => ({ ledger, nowSeconds, start, view });
  const round = new Map<string, Decision>();
  /** Classes of jobs that found nothing: what is free only shrinks within a round. */
  const failed = new Set<string>();
  let reconsiderAtSeconds = Number.POSITIVE_INFINITY;
  let active = view.activeJobs;
  let reachable = parts.reachable(ledger);
  let blockedBy: string | undefined;
  let reservation: Reservation | undefined;
  let position = 0;

  const hopeless = (job: Job) => active > 0 && parts.needs(job, ledger.fleet, options.start) > reachable;
  const find = (job: Job): Search | undefined => {
    const mayFail = !everyone && active > 0;
    if (mayFail && (hopeless(job) || failed.has(demandKey(job)))) return undefined;
    const found = parts.search(job, context(options.start));
    if (found.placement || active > 0 || options.start === "minimum") return found;
    return parts.search(job, context("minimum"));
  };
  const consider = ({ job, terms }: OrderedJob): "started" | "left" => {
    const search = find(job);
    const explain = (of: Search, more: Partial<Explanation> = {}): Explanation => ({
      policy: parts.name,
      position,
      order: terms,
      targetGpus: of.targetGpus,
      neededGpus: of.neededGpus,
      candidates: of.candidates,
      iterationLowerBoundSeconds: of.iterationLowerBoundSeconds,
      ...(blockedBy === undefined ? {} : { blockedBy }),
      ...more,
    });
    const wait = (more: Partial<Explanation> = {}) => {
      if (everyone) round.set(job.id, { kind: "wait", jobId: job.id, why: explain(search!, more) });
    };
    if (search?.placement && blockedBy === undefined) {
      const { placement } = search;
      if (reservation && !keepsReservation(job, placement, reservation, view)) {
        wait({ reservedFor: reservation.job.id });
        return "left";
      }
      const postponed = parts.postpone?.(job, search, context(options.start));
      if (postponed) {
        reconsiderAtSeconds = Math.min(reconsiderAtSeconds, postponed.untilSeconds ?? reconsiderAtSeconds);
        wait({ postponed: postponed.why });
        return "left";
      }
      reserve(ledger, placement);
      reservation?.started(job, placement);
      active++;
      reachable = parts.reachable(ledger);
      round.set(job.id, { kind: "start", jobId: job.id, placement, why: explain(search) });
      return "started";
    }
    if (!search?.placement) {
      failed.add(demandKey(job));
      // On an idle fleet the search has just been that on an empty one, at the prices of now.
      const refused = active === 0 ? search : feasible(job, ledger.fleet, context("minimum"));
      if (refused) {
        round.set(job.id, { kind: "infeasible", jobId: job.id, why: explain(refused) });
        return "left";
      }
    }
    wait();
    if (options.queue === "block") blockedBy ??= job.id;
    else if (!reservation && (options.queue === "backfill" || parts.isOverdue?.(job, view))) {
      reservation = reservationFor(job, ledger, view, round, (future) =>
        parts.search(job, { ...context("minimum"), ledger: future }),
      );
    }
    return "left";
  };

  let left: readonly Job[] =
    everyone || options.queue !== "skip" ? view.queue : worthTrying(view, parts, feasible, hopeless);
  for (let again = true; again; ) {
    again = false;
    const order = parts.order({ ...view, ledger }, left);
    for (const [i, ordered] of order.entries()) {
      position++;
      if (!everyone && blockedBy !== undefined) break;
      if (consider(ordered) === "left" || options.reorder !== "start") continue;
      left = order.slice(i + 1).map(({ job }) => job);
      again = left.length > 0;
      break;
    }
  }
  return {
    decisions: [...round.values()],
    ...(Number.isFinite(reconsiderAtSeconds) ? { reconsiderAtSeconds } : {}),
  };
}

/** Jobs that could start by their number of GPUs, those that hold back others if they cannot, and those not seen yet. */
function worthTrying(
  view: View,
  parts: Pick<PolicyParts, "isOverdue">,
  feasible: Feasibility,
  hopeless: (job: Job) => boolean,
): readonly Job[] {
  return view.queue.filter(
    (job) => !hopeless(job) || !feasible.known(job, view.ledger.fleet) || parts.isOverdue?.(job, view),
  );
}

interface Feasibility {
  /** The vain search on the empty fleet; undefined if the job can be placed there. Asked once per fleet and kind of job. */
  (job: Job, fleet: Fleet, context: SearchContext): Search | undefined;
  known(job: Job, fleet: Fleet): boolean;
}

function feasibility(parts: Pick<PolicyParts, "search">): Feasibility {
  const fits = new WeakMap<Fleet, Set<string>>();
  const known = (job: Job, fleet: Fleet) => fits.get(fleet)?.has(demandKey(job)) ?? false;
  const ask = (job: Job, fleet: Fleet, context: SearchContext): Search | undefined => {
    if (known(job, fleet)) return undefined;
    const search = parts.search(job, { ...context, ledger: openLedger(fleet) });
    if (!search.placement) return search;
    const ofFleet = fits.get(fleet) ?? new Set();
    fits.set(fleet, ofFleet.add(demandKey(job)));
    return undefined;
  };
  return Object.assign(ask, { known });
}
