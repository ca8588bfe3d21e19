// The contract of a scheduling policy: a read-only view in, decisions out, each with its why.
// `bace explain`, the dashboard and the tests read the same explanation; nothing is explained a second time elsewhere.
//
// Example: two regions of 4 free GPUs, one queued job that wants 6, link too thin:
//   explain(view) → [{ kind: "wait", jobId: "a", why: { targetGpus: 6, candidates: [{ regions: ["x"], gpus: 4,
//     rejected: { constraint: "bandwidth", from: "x", to: "y", neededBitsPerSecond: 3e9, residualBitsPerSecond: 1e9 } }], … } }]
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import type { Ledger, Placement } from "../fleet/ledger.ts";
import type { Tenancy } from "./tenancy.ts";

export interface View {
  readonly nowSeconds: number;
  /** What is free now. Policies copy it to try things; they never change it. */
  readonly ledger: Ledger;
  /** Jobs that may start now, in order of submission. */
  readonly queue: readonly Job[];
  /** Jobs that hold GPUs now. */
  readonly activeJobs: number;
  /** The same, each with when it will end if it goes on as predicted. Not built unless a policy asks. */
  running(): readonly RunningJob[];
  readonly timeModel: TimeModel;
  /** Seconds of a whole job on a placement, by that time model. */
  runSeconds(job: Job, placement: Placement): number;
  /** What tenants have and have used; of fleets with tenants or priority classes. */
  readonly tenancy?: Tenancy | undefined;
}

export interface RunningJob {
  readonly jobId: string;
  readonly placement: Placement;
  readonly endSeconds: number;
}

export type Decision =
  | {
      readonly kind: "start";
      readonly jobId: string;
      readonly placement: Placement;
      readonly why: Explanation;
    }
  | { readonly kind: "wait"; readonly jobId: string; readonly why: Explanation }
  /** The policy would not place the job on this fleet even if it were empty. */
  | { readonly kind: "infeasible"; readonly jobId: string; readonly why: Explanation };

export interface Policy {
  readonly name: string;
  readonly description: string;
  /** Pure: the same view gives the same decisions. Who starts and who is infeasible; at most one decision per job. */
  decide(view: View): Round;
  /** The same round with a decision for every queued job, waiting included, in the order they were considered. */
  explain(view: View): readonly Decision[];
  /** Of a policy that moves running jobs when prices do: what it minimises of a job's electricity. Never moved where absent. */
  readonly pricing?: Pricing;
}

/** Weights of what a job costs, so that carbon is counted in USD as the policy weighs the two. */
export type Pricing = (job: Job, view: View) => { readonly usd: number; readonly usdPerGram: number };

export interface Round {
  readonly decisions: readonly Decision[];
  /** Decide again by then, even if nothing happens before: somebody waits for a better time. */
  readonly reconsiderAtSeconds?: number;
}

/** Everything that led to a decision, in names and units that people read. */
export interface Explanation {
  readonly policy: string;
  /** Place in the policy's order, from 1. */
  readonly position: number;
  readonly order: OrderTerms;
  /** K*: the GPU count with the least ideal iteration time on this fleet. */
  readonly targetGpus: number;
  /** Fewer than this are not accepted. */
  readonly neededGpus: number;
  readonly candidates: readonly Candidate[];
  /** No placement can make an iteration faster than this: ideal time at K*, nothing lost to communication. */
  readonly iterationLowerBoundSeconds: number;
  /** Set when the strict order, not the fleet, keeps the job waiting. */
  readonly blockedBy?: string | undefined;
  /** Set when it could start, but would delay this job, which has a reservation. */
  readonly reservedFor?: string | undefined;
  /** Where the fleet has tenants or priority classes. */
  readonly precedence?: Precedence | undefined;
  /** Set when its tenant's quota, not the fleet, keeps the job waiting. */
  readonly overQuota?: OverQuota | undefined;
  /** Set when so many jobs before it were looked at in vain that the round ended. */
  readonly depth?: number | undefined;
  /** Set when it could start, but does better later. */
  readonly postponed?:
    | {
        /** `faster`: GPUs that are about to be free finish it sooner. `cheaper`: it can wait for a better price. */
        readonly kind: "faster" | "cheaper";
        readonly untilSeconds: number;
      }
    | undefined;
}

/** Where tenants and priority classes put a job, before the policy's own order. */
export interface Precedence {
  readonly tenant: string;
  readonly priorityClass: string | null;
  readonly classValue: number;
  /** GPU seconds that the tenant has used, faded, over its weight, with an hour for what runs; null without tenants. */
  readonly weightedGpuSeconds: number | null;
  /** Id of a job before it that the policy alone would have tried after it. */
  readonly behind?: string | undefined;
  /** Which is of a higher class, or of a tenant that has used less of its share. */
  readonly because?: "class" | "share" | undefined;
}

/** What of a tenant's quota is too little for a job. */
export type OverQuota = { readonly tenant: string } & (
  | { readonly kind: "gpus"; readonly quota: number; readonly held: number; readonly needed: number }
  | {
      readonly kind: "usd-per-day";
      readonly quota: number;
      /** In the last 24 hours, and expected of what runs in the next. */
      readonly spent: number;
      readonly expected: number;
      /** Of the placement that it would have had, within 24 hours. */
      readonly needed: number;
    }
);

export type OrderTerms =
  | { readonly kind: "fcfs"; readonly submitSeconds: number }
  /** Shortest job first: seconds with K* GPUs and nothing lost to communication. */
  | { readonly kind: "shortest"; readonly idealSeconds: number }
  | {
      readonly kind: "priority";
      readonly score: number;
      readonly alpha: number;
      /** I: normalised computation, 0..1. */
      readonly intensity: number;
      /** D: normalised bandwidth need, 0..1. */
      readonly sensitivity: number;
    };

/** One path that was looked at. */
export interface Candidate {
  /** Region names in pipeline order. */
  readonly regions: readonly string[];
  /** GPUs the path would give: K* at most. */
  readonly gpus: number;
  readonly outcome: "chosen" | "not-best" | "too-few-gpus";
  /** Regions that could not be added to it, each by the first constraint that failed. */
  readonly rejections: readonly Rejection[];
  /** What the whole job would take there, by policies that compare placements by it; the least score is chosen. */
  readonly runSeconds?: number | undefined;
  readonly usd?: number | undefined;
  readonly score?: number | undefined;
}

export type Rejection =
  | {
      readonly constraint: "no-free-gpus";
      readonly region: string;
      /** Fewer than this are free, which is one stage's need; 1 where absent. */
      readonly unitGpus?: number;
    }
  | { readonly constraint: "single-region"; readonly region: string }
  | {
      readonly constraint: "bandwidth";
      readonly region: string;
      /** The hop that fails: the new one, or an earlier one that the longer path would overload. */
      readonly from: string;
      readonly to: string;
      readonly neededBitsPerSecond: number;
      readonly residualBitsPerSecond: number;
    };

/** A placement that was found, or why there is none. */
export interface Search {
  readonly placement?: Placement;
  readonly targetGpus: number;
  readonly neededGpus: number;
  readonly candidates: readonly Candidate[];
  readonly iterationLowerBoundSeconds: number;
}
