// What a policy remembers of a kind of job: jobs that ask the same of a fleet in every iteration (see `idealOf`). Long
// queues are looked through in every round, and this is all that is looked at of most jobs.
// Infeasible: what cannot be placed on the empty fleet at the present prices, even with the least count.
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { openLedger } from "../fleet/ledger.ts";
import type { Search } from "./policy.ts";
import type { PolicyParts, SearchContext } from "./round.ts";
import { type Ideal, idealOf } from "./target.ts";

export interface Kind {
  readonly fleet: Fleet;
  /** Least GPUs with which it starts. */
  readonly neededGpus: number;
  /** Whether it has been seen that it can be placed on the empty fleet. */
  isFeasible: boolean;
}

export interface Kinds {
  /** The very same value for all jobs of a kind. */
  of(job: Job, fleet: Fleet): Kind;
  /** The vain search on the empty fleet; undefined if the job can be placed there. Searched once for a kind that can. */
  refuse(job: Job, context: SearchContext): Search | undefined;
}

export function kindsOf({ needs, options, search }: PolicyParts): Kinds {
  const ofJobs = new WeakMap<Job, Kind>();
  const kinds = new WeakMap<Ideal, Kind>();
  const of = (job: Job, fleet: Fleet): Kind => {
    const known = ofJobs.get(job);
    if (known?.fleet === fleet) return known;
    const ideal = idealOf(job, fleet);
    let kind = kinds.get(ideal);
    if (!kind) {
      kind = { fleet, neededGpus: needs(job, fleet, options.start), isFeasible: false };
      kinds.set(ideal, kind);
    }
    ofJobs.set(job, kind);
    return kind;
  };
  return {
    of,
    refuse(job, context) {
      const { fleet } = context.ledger;
      const kind = of(job, fleet);
      if (kind.isFeasible) return undefined;
      const found = search(job, { ...context, start: "minimum", ledger: openLedger(fleet) });
      if (!found.placement) return found;
      kind.isFeasible = true;
      return undefined;
    },
  };
}
