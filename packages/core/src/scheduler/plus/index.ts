// BACE-Pipe, better: the default policy of this program. What differs from the paper, each an option (options.ts):
//   path, count and split chosen together, exactly, for a weighted objective; round trips hidden by extra warm-up;
//   waiting for GPUs that are about to be free; prices over the run; deferral within a
//   deadline; shortest job first, with a reservation for whoever has waited too long.
//
// No starvation: a job that has waited `patience` times its ideal run time is overdue. Overdue jobs come first, the
// longest submitted before the others; the first that cannot start gets a reservation, and nobody may start who would
// delay it. So, if jobs run as predicted, a job waits no longer than patience × its ideal run time, and then at most
// once the longest run for itself and for each job that was submitted before it.
import type { Job } from "../../cost/job.ts";
import { totalGpus } from "../../fleet/fleet.ts";
import { shortestFirst } from "../baselines/reference.ts";
import { freeGpusOf, mostFreeGpus } from "../free.ts";
import type { Policy, Pricing, View } from "../policy.ts";
import { policyOf } from "../round.ts";
import { idealOf, leastCount, neededGpusOf } from "../target.ts";
import { cheaperLater, fasterLater } from "./later.ts";
import { PLUS_DEFAULTS, type PlusOptions } from "./options.ts";
import { searchPlus } from "./search.ts";
import { valuerOf } from "./value.ts";

export function bacePlusPolicy(
  overrides: Partial<PlusOptions> = {},
  name = "bace-plus",
  description = "path, GPU count and split chosen together; hides latency; waits where that is sooner; starves nobody",
): Policy {
  const options = { ...PLUS_DEFAULTS, ...overrides };
  const isOverdue = (job: Job, { ledger, nowSeconds }: View): boolean => {
    const waited = nowSeconds - job.submitSeconds;
    const idealSeconds = job.iterations * idealOf(job, ledger.fleet).bestSeconds;
    return options.patience > 0 && waited > options.patience * idealSeconds;
  };
  return policyOf({
    name,
    description,
    options: { queue: "skip", start: "minimum", depth: options.depth },
    isOverdue,
    order: shortestFirst,
    pricing: pricingOf(options),
    needs: (job, fleet, start) => neededGpusOf(job, fleet, totalGpus(fleet), start),
    reachable: freeGpusOf,
    search: (job, context) => searchPlus(job, context, options),
    fits(job, context) {
      const { ledger } = context;
      const least = neededGpusOf(job, ledger.fleet, totalGpus(ledger.fleet), "minimum");
      if (freeGpusOf(ledger) < least) return false;
      const inOneRegion = leastCount(job, ledger.fleet) !== undefined && mostFreeGpus(ledger) >= least;
      return inOneRegion || searchPlus(job, context, options).placement !== undefined;
    },
    postpone(job, { placement }, context) {
      const { view } = context;
      if (isOverdue(job, view)) return undefined;
      const valuer = valuerOf(job, view, options);
      const worth = valuer.worth(placement!, view.runSeconds(job, placement!), view.nowSeconds);
      // Where others wait too, who defers comes behind them later: only if there are no others.
      const mayDefer = options.deferral && view.queue.length === 1;
      return (
        (mayDefer ? cheaperLater(job, placement!, worth, view, valuer) : undefined) ??
        fasterLater(job, worth, context, options)
      );
    },
  });
}

/**
 * USD and carbon by their weights in the score, scaled to add up to USD: where carbon has no weight, a USD is a USD. Nobody
 * is moved by prices where neither counts.
 */
function pricingOf(options: PlusOptions): Pricing | undefined {
  const { carbonWeight, costWeight } = options;
  const all = carbonWeight + costWeight;
  if (!(all > 0)) return undefined;
  return (job, view) => {
    if (carbonWeight === 0) return { usd: 1, usdPerGram: 0 };
    const { idealGrams, idealUsd } = valuerOf(job, view, options);
    const perGram = idealGrams > 0 ? idealUsd / idealGrams : 0;
    return { usd: costWeight / all, usdPerGram: (carbonWeight / all) * perGram };
  };
}
