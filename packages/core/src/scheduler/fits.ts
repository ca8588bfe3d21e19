// Infeasible: what cannot be placed on the empty fleet at the present prices, even with the least count. Asked once per
// fleet and kind of job.
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { openLedger } from "../fleet/ledger.ts";
import type { Search } from "./policy.ts";
import type { PolicyParts, SearchContext } from "./round.ts";
import { type Ideal, idealOf } from "./target.ts";

export interface Fits {
  /** The vain search on the empty fleet; undefined if the job can be placed there. */
  refuse(job: Job, context: SearchContext): Search | undefined;
  /** Whether it has been seen that it can. */
  isKnown(job: Job, fleet: Fleet): boolean;
}

export function fitsOf({ search }: Pick<PolicyParts, "search">): Fits {
  const known = new WeakSet<Ideal>();
  return {
    isKnown: (job, fleet) => known.has(idealOf(job, fleet)),
    refuse(job, context) {
      const { fleet } = context.ledger;
      if (known.has(idealOf(job, fleet))) return undefined;
      const found = search(job, { ...context, start: "minimum", ledger: openLedger(fleet) });
      if (!found.placement) return found;
      known.add(idealOf(job, fleet));
      return undefined;
    },
  };
}
