// Reference orders with BACE-Pipe's placer, to tell what its priority is worth: FCFS (strict), SRPT (shortest remaining
// processing time; jobs are not interrupted, so it is the shortest job first) and EASY backfill (FCFS in which the first
// job that has to wait gets a reservation that nobody may delay).
import type { Job } from "../../cost/job.ts";
import { totalGpus } from "../../fleet/fleet.ts";
import { searchPlacement } from "../bace/index.ts";
import { BACE_DEFAULTS, type BaceOptions } from "../bace/options.ts";
import { freeGpusOf } from "../free.ts";
import { bySubmitTime } from "../order.ts";
import type { Policy } from "../policy.ts";
import { type PolicyParts, policyOf } from "../round.ts";
import { idealOf, neededGpusOf } from "../target.ts";

export function fcfsPolicy(overrides: Partial<BaceOptions> = {}): Policy {
  return withBacePlacer(
    "fcfs",
    "BACE-Pipe's placement; strictly first come, first served",
    () => bySubmitTime,
    {
      queue: "block",
      ...overrides,
    },
  );
}

export function srptPolicy(overrides: Partial<BaceOptions> = {}): Policy {
  return withBacePlacer("srpt", "BACE-Pipe's placement; shortest job first", shortestFirst, overrides);
}

export function easyPolicy(overrides: Partial<BaceOptions> = {}): Policy {
  return withBacePlacer("easy", "BACE-Pipe's placement; FCFS with EASY backfill", () => bySubmitTime, {
    queue: "backfill",
    ...overrides,
  });
}

/** By the time that a job would take with K* GPUs and nothing lost to communication. */
export const shortestFirst: PolicyParts["order"] = ({ ledger: { fleet } }) => {
  const idealSeconds = (job: Job) => job.iterations * idealOf(job, fleet).bestSeconds;
  return { rank: idealSeconds, terms: (job) => ({ kind: "shortest", idealSeconds: idealSeconds(job) }) };
};

function withBacePlacer(
  name: string,
  description: string,
  order: PolicyParts["order"],
  overrides: Partial<BaceOptions>,
): Policy {
  const options = { ...BACE_DEFAULTS, ...overrides };
  return policyOf({
    name,
    description,
    options,
    order,
    needs: (job, fleet, start) => neededGpusOf(job, fleet, totalGpus(fleet), start),
    reachable: freeGpusOf,
    search: (job, context) => searchPlacement(job, context, options),
  });
}
