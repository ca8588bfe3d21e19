// The border between jobs whose stages are units of several GPUs (cost/unit.ts) and policies, which know one GPU per stage:
// what a policy is asked is put in units, what it answers in GPUs. With units of one GPU nothing is done at all.

import type { Job } from "../cost/job.ts";
import { placementInGpus, placementInUnits, type UnitView, unitGpusOf, unitView } from "../cost/unit.ts";
import type { Ledger } from "../fleet/ledger.ts";
import type { Candidate, Search, View } from "./policy.ts";
import type { PolicyParts, SearchContext } from "./round.ts";

/**
 * The same policy for jobs of any unit. `reachable` stays in GPUs: with regions that end in half a unit it is more than
 * can be had, so that nobody is passed over who could start.
 */
export function inUnits(parts: PolicyParts): PolicyParts {
  const { fits, needs, postpone, search } = parts;
  return {
    ...parts,
    needs(job, fleet, start) {
      if (unitGpusOf(job) === 1) return needs(job, fleet, start);
      const view = unitView(job, fleet);
      return view.unitGpus * needs(view.job, view.fleet, start);
    },
    search(job, context) {
      const unitGpus = unitGpusOf(job);
      if (unitGpus === 1) return search(job, context);
      const view = unitView(job, context.ledger.fleet);
      const found = search(view.job, contextInUnits(context, job, view));
      const { placement } = found;
      const inGpus = withCounts(found, (units) => units * unitGpus);
      return {
        ...inGpus,
        candidates: inGpus.candidates.map((candidate) => withUnit(candidate, unitGpus)),
        ...(placement ? { placement: placementInGpus(placement, unitGpus) } : {}),
      };
    },
    ...(fits
      ? {
          fits(job, context) {
            if (unitGpusOf(job) === 1) return fits(job, context);
            const view = unitView(job, context.ledger.fleet);
            return fits(view.job, contextInUnits(context, job, view));
          },
        }
      : {}),
    ...(postpone
      ? {
          postpone(job, found, context) {
            const unitGpus = unitGpusOf(job);
            if (unitGpus === 1) return postpone(job, found, context);
            const view = unitView(job, context.ledger.fleet);
            const { placement } = found;
            const asFound = {
              ...withCounts(found, (gpus) => gpus / unitGpus),
              ...(placement ? { placement: placementInUnits(placement, unitGpus) } : {}),
            };
            return postpone(view.job, asFound, contextInUnits(context, job, view));
          },
        }
      : {}),
  };
}

function contextInUnits(context: SearchContext, job: Job, { fleet, unitGpus }: UnitView): SearchContext {
  const { view } = context;
  const ledgerInUnits = (ledger: Ledger): Ledger => ({
    ...ledger,
    fleet,
    freeGpus: ledger.freeGpus.map((free) => Math.floor(free / unitGpus)),
  });
  const viewInUnits: View = {
    ...view,
    ledger: ledgerInUnits(view.ledger),
    // Of the others' GPUs whole units count; a region with less than one has none.
    running: () =>
      view.running().map((running) => ({
        ...running,
        placement: {
          ...running.placement,
          gpus: running.placement.gpus.map((gpus) => Math.floor(gpus / unitGpus)),
        },
      })),
    runSeconds: (_inUnits, placement) => view.runSeconds(job, placementInGpus(placement, unitGpus)),
  };
  return { ...context, ledger: ledgerInUnits(context.ledger), view: viewInUnits };
}

/** What was found, with other counts of GPUs; what a policy added to it stays. */
function withCounts(search: Search, counted: (count: number) => number): Search {
  return {
    ...search,
    targetGpus: counted(search.targetGpus),
    neededGpus: counted(search.neededGpus),
    candidates: search.candidates.map((candidate) => ({ ...candidate, gpus: counted(candidate.gpus) })),
  };
}

/** Says of a region without a free unit that this is what it lacks: single GPUs may be free. */
function withUnit(candidate: Candidate, unitGpus: number): Candidate {
  const rejections = candidate.rejections.map((rejection) =>
    rejection.constraint === "no-free-gpus" ? { ...rejection, unitGpus } : rejection,
  );
  return { ...candidate, rejections };
}
