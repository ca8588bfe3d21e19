// The control plane on a virtual clock: the service's reducer, policy and reconciler, an executor that only takes time.
// At one instant everything that ended comes first, then everything that was submitted, then one scheduling round.

import { type Deciding, decide } from "../control/decide.ts";
import type { Fact } from "../control/event.ts";
import { reconcile } from "../control/reconcile.ts";
import { reduce } from "../control/reduce.ts";
import { emptyState, type JobState, type State } from "../control/state.ts";
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import { egressUsd, placementEnergyKwh } from "../cost/money.ts";
import { type Fleet, topologyOf, totalGpus } from "../fleet/fleet.ts";
import type { Ledger } from "../fleet/ledger.ts";
import type { Policy } from "../scheduler/policy.ts";
import { createVirtualExecutor } from "./executor.ts";
import { createEventHeap } from "./heap.ts";
import { type JobResult, type PolicyResult, summarise } from "./metrics.ts";

export interface Simulation {
  readonly fleet: Fleet;
  readonly jobs: readonly Job[];
  readonly policy: Policy;
  readonly timeModel: TimeModel;
  /** Called after every instant: for invariant checks, traces and progress. */
  readonly onInstant?: (state: State) => void;
}

/** Runs a workload to its end. Deterministic: the same input gives the same result, bit for bit. */
export function simulate({ fleet, jobs, policy, timeModel, onInstant }: Simulation): PolicyResult {
  const deciding: Deciding = { policy, timeModel, newLaunchKey: () => "simulated" };
  const future = createEventHeap<Fact>();
  let state = emptyState();
  let nowSeconds = 0;
  const record = (fact: Fact): void => {
    state = reduce(state, { ...fact, seq: state.seq + 1, atSeconds: nowSeconds });
  };
  const executor = createVirtualExecutor((afterSeconds, fact) =>
    future.push(nowSeconds + afterSeconds, fact),
  );
  const usage = { gpuSecondsHeld: 0, linkBitsReserved: 0 };

  record({ kind: "fleet-loaded", fleet });
  for (const job of jobs) future.push(job.submitSeconds, { kind: "submitted", job });
  for (let atSeconds = future.nextSeconds(); atSeconds !== undefined; atSeconds = future.nextSeconds()) {
    const elapsedSeconds = atSeconds - nowSeconds;
    usage.gpuSecondsHeld += elapsedSeconds * heldGpus(state.ledger!);
    usage.linkBitsReserved += elapsedSeconds * sum(state.ledger!.reservedBitsPerSecond);
    nowSeconds = atSeconds;
    const submissions: Fact[] = [];
    while (future.nextSeconds() === atSeconds) {
      const fact = future.pop();
      if (fact.kind === "submitted") submissions.push(fact);
      else {
        executor.happened(fact);
        record(fact);
      }
    }
    submissions.forEach(record);
    decide(state, nowSeconds, deciding).forEach(record);
    for (const effect of reconcile(state, executor.observed)) executor.perform(effect, state).forEach(record);
    onInstant?.(state);
  }

  const results = jobs.map((job) => resultOf(state.jobs.get(job.id)!, fleet));
  const makespanSeconds = Math.max(0, ...results.map(({ endSeconds }) => endSeconds ?? 0));
  return summarise(results, makespanSeconds, {
    ...usage,
    gpuSecondsThere: totalGpus(fleet) * makespanSeconds,
    linkBitsThere: sum(topologyOf(fleet).bandwidthBitsPerSecond) * makespanSeconds,
  });
}

function resultOf(jobState: JobState, fleet: Fleet): JobResult {
  const { job, epoch, phase, outcome } = jobState;
  const start = jobState.firstStartSeconds ?? null;
  const end = outcome?.kind === "finished" ? jobState.endedSeconds! : null;
  const placement = epoch?.placement;
  return {
    id: job.id,
    tenant: job.tenant,
    outcome: end !== null ? "finished" : phase === "infeasible" ? "infeasible" : "unfinished",
    submitSeconds: job.submitSeconds,
    startSeconds: start,
    endSeconds: end,
    waitSeconds: start === null ? null : start - job.submitSeconds,
    jctSeconds: end === null ? null : end - job.submitSeconds,
    placement:
      placement?.regions.map((r, i) => ({ region: fleet.regions[r]!.name, gpus: placement.gpus[i]! })) ?? [],
    iterationSeconds: epoch?.predictedIterationSeconds ?? null,
    electricityUsd: jobState.electricityUsd,
    energyKwh: placement && end !== null ? placementEnergyKwh(fleet, placement, end - start!) : 0,
    egressUsd: placement && end !== null ? egressUsd(job, fleet, placement) : 0,
  };
}

function heldGpus({ fleet, freeGpus }: Ledger): number {
  return totalGpus(fleet) - sum(freeGpus);
}

function sum(values: Float64Array | Int32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
