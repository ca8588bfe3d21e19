// One scheduling round, the same for every policy: order the queue, scan it, start what can be placed.
// A policy is an order plus a placer. What the paper leaves open here are named options:
//   queue "skip": a job that cannot be placed lets the next one try;  "block": it holds the head of the line;
//         "backfill": the first that cannot be placed gets a reservation, and others may only start where that does not
//         delay it (EASY backfill, Lifka 1995)
//   start "exact": K* GPUs or nothing;  "minimum": any count from the job's least upwards
//   reorder "round": one order per round;  "start": the rest is ordered anew after every start
//   depth: so many jobs are looked at in vain, the rest waits for the next round (Slurm's bf_max_job_test)
// Fallback: on an idle fleet a job that cannot have K* is retried with its least count, so that nothing waits for ever.
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Ledger } from "../fleet/ledger.ts";
import { kindsOf } from "./kinds.ts";
import type { Ranking } from "./order.ts";
import type { Explanation, Policy, Pricing, Search, View } from "./policy.ts";
import { withinQuotas } from "./quotas.ts";
import { scan } from "./scan.ts";
import { inUnits } from "./units.ts";

export type StartRule = "exact" | "minimum";

export interface RoundOptions {
  readonly queue: "skip" | "block" | "backfill";
  readonly start: StartRule;
  readonly reorder?: "round" | "start";
  readonly depth?: number;
}

export interface PolicyParts {
  readonly name: string;
  readonly description: string;
  readonly options: RoundOptions;
  /** In which order jobs of the view's queue are tried. */
  order(view: View): Ranking;
  /** Least GPUs with which a job starts, and the most that any one placement could have now: whom it is vain to try. */
  needs(job: Job, fleet: Fleet, start: StartRule): number;
  reachable(ledger: Ledger): number;
  /** Looks for a placement on what the ledger has free. Must not change the ledger. */
  search(job: Job, context: SearchContext): Search;
  /** Whether `search` with the least count would find anything, where that is quicker to tell. */
  fits?(job: Job, context: SearchContext): boolean;
  /** A job that has waited so long that nobody may delay it any more: tried before the others, in order of submission. */
  isOverdue?(job: Job, view: View): boolean;
  /** Whether to leave a placement for later, although it could start now. */
  postpone?(job: Job, found: Search, context: SearchContext): Postponed | undefined;
  readonly pricing?: Pricing | undefined;
}

export interface SearchContext {
  readonly ledger: Ledger;
  readonly nowSeconds: number;
  readonly start: StartRule;
  readonly view: View;
}

export interface Postponed {
  readonly why: NonNullable<Explanation["postponed"]>;
  /** When to look at it again, if nothing else happens before. */
  readonly untilSeconds?: number;
}

export function policyOf(ofOneGpu: PolicyParts): Policy {
  const parts = inUnits(ofOneGpu);
  const kinds = kindsOf(parts);
  return withinQuotas({
    name: parts.name,
    description: parts.description,
    decide: (view) => scan(parts, kinds, view, false),
    explain: (view) => scan(parts, kinds, view, true).decisions,
    ...(parts.pricing ? { pricing: parts.pricing } : {}),
  });
}
