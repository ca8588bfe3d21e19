// One scheduling round, the same for every policy: order the queue, scan it, start what can be placed.
// A policy is an order plus a placer. What the paper leaves open here are named options:
//   queue "skip": a job that cannot be placed lets the next one try;  "block": it holds the head of the line
//   start "exact": K* GPUs or nothing;  "minimum": any count from the job's least upwards
// Infeasible: what cannot be placed on the empty fleet at the present prices, even with the least count.
// Fallback: on an idle fleet a job that cannot have K* is retried with its least count, so that nothing waits for ever.
import type { Job } from "../cost/job.ts";
import { copyLedger, type Ledger, openLedger, reserve } from "../fleet/ledger.ts";
import type { Decision, Explanation, OrderTerms, Policy, Search, View } from "./policy.ts";

export type StartRule = "exact" | "minimum";

export interface RoundOptions {
  readonly queue: "skip" | "block";
  readonly start: StartRule;
}

export interface PolicyParts {
  readonly name: string;
  readonly description: string;
  readonly options: RoundOptions;
  order(view: View): readonly OrderedJob[];
  /** Looks for a placement on what the ledger has free. Must not change the ledger. */
  search(job: Job, ledger: Ledger, nowSeconds: number, start: StartRule): Search;
}

export interface OrderedJob {
  readonly job: Job;
  readonly terms: OrderTerms;
}

/** First come, first served; ties by id, so that the order never depends on how the queue was stored. */
export function firstComeFirstServed(view: View): OrderedJob[] {
  return [...view.queue]
    .sort((a, b) => a.submitSeconds - b.submitSeconds || (a.id < b.id ? -1 : 1))
    .map((job) => ({ job, terms: { kind: "fcfs", submitSeconds: job.submitSeconds } }));
}

export function policyOf(parts: PolicyParts): Policy {
  const onEmptyFleet = (job: Job, ledger: Ledger, nowSeconds: number): Search =>
    parts.search(job, openLedger(ledger.fleet), nowSeconds, "minimum");

  const decide = (view: View): Decision[] => {
    const ledger = copyLedger(view.ledger);
    const decisions: Decision[] = [];
    let active = view.activeJobs;
    let blockedBy: string | undefined;
    parts.order(view).forEach(({ job, terms }, index) => {
      let search = parts.search(job, ledger, view.nowSeconds, parts.options.start);
      if (!search.placement && active === 0 && parts.options.start === "exact") {
        search = parts.search(job, ledger, view.nowSeconds, "minimum");
      }
      const explained = (of: Search) => explain(parts.name, index + 1, terms, of, blockedBy);
      const why = explained(search);
      if (search.placement && blockedBy === undefined) {
        reserve(ledger, search.placement);
        active++;
        decisions.push({ kind: "start", jobId: job.id, placement: search.placement, why });
        return;
      }
      const atBest = search.placement ? search : onEmptyFleet(job, ledger, view.nowSeconds);
      if (atBest.placement) {
        decisions.push({ kind: "wait", jobId: job.id, why });
        if (parts.options.queue === "block") blockedBy ??= job.id;
      } else {
        decisions.push({ kind: "infeasible", jobId: job.id, why: explained(atBest) });
      }
    });
    return decisions;
  };
  return { name: parts.name, description: parts.description, decide };
}

function explain(
  policy: string,
  position: number,
  order: OrderTerms,
  search: Search,
  blockedBy: string | undefined,
): Explanation {
  const { targetGpus, neededGpus, candidates, iterationLowerBoundSeconds } = search;
  return {
    policy,
    position,
    order,
    targetGpus,
    neededGpus,
    candidates,
    iterationLowerBoundSeconds,
    ...(blockedBy === undefined ? {} : { blockedBy }),
  };
}
