// The control plane on a virtual clock: the service's reducer, policy and reconciler, an executor that only takes time.
// At one instant everything that ended comes first, then everything that was submitted, then one scheduling round.
// Memory grows with the jobs that are alive: one that has ended leaves its result and is forgotten.
import { type Deciding, decide } from "../control/decide.ts";
import type { Fact } from "../control/event.ts";
import { launchEffects } from "../control/reconcile.ts";
import { forget, reduce } from "../control/reduce.ts";
import { emptyState, type State } from "../control/state.ts";
import type { TimeModel } from "../cost/iteration-time.ts";
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { placedGpus } from "../fleet/ledger.ts";
import { bySubmission } from "../scheduler/order.ts";
import type { Policy } from "../scheduler/policy.ts";
import { type Disruption, disrupted, withGpus } from "./disruption.ts";
import { createVirtualExecutor } from "./executor.ts";
import { exponential } from "./exponential.ts";
import { createEventHeap } from "./heap.ts";
import { createSummary, type JobResult, type PolicyResult, resultOf } from "./metrics.ts";
import { type RandomStream, randomStream } from "./random.ts";
import { carriedLedger, changesLinks, type Said, type SaidFact } from "./said.ts";
import { createUsageMeter } from "./usage.ts";

export interface Simulation {
  readonly fleet: Fleet;
  /** An array in any order, or anything else in order of submission, which is then read as time goes on. */
  readonly jobs: Iterable<Job>;
  readonly policy: Policy;
  readonly timeModel: TimeModel;
  /** Whether idle GPUs' electricity is part of the result's. */
  readonly payIdleGpus?: boolean;
  readonly disruptions?: readonly Disruption[];
  /** As told to a service, in order; not together with outages, whose repairs know nothing of it. */
  readonly said?: readonly Said[];
  readonly failures?: Failures;
  /** Of everything that is drawn at random, which is failures. */
  readonly seed?: number;
  /** Called with every result as it is known; results are then not collected. */
  readonly onResult?: (result: JobResult) => void;
  /** Called after every instant: for invariant checks, traces and progress. Jobs that ended are still known. */
  readonly onInstant?: (state: State) => void;
}

/** Single jobs are interrupted at random. */
export interface Failures {
  /** Mean GPU-seconds of training between two interruptions. */
  readonly gpuSecondsBetween: number;
  /** A job goes on from the last multiple of this. */
  readonly checkpointIterations: number;
}

type Coming =
  | { readonly kind: "end"; readonly jobId: string; readonly isStale: () => boolean }
  | { readonly kind: "interruption"; readonly jobId: string; readonly epoch: number }
  | { readonly kind: "disruption"; readonly disruption: Disruption }
  | { readonly kind: "said"; readonly fact: SaidFact }
  | { readonly kind: "repaired"; readonly region: number }
  | { readonly kind: "round" };

/** Runs a workload to its end. Deterministic: the same input gives the same result, bit for bit. */
export function simulate(simulation: Simulation): PolicyResult {
  const { fleet, policy, timeModel, disruptions = [], failures, onInstant, said = [] } = simulation;
  const { payIdleGpus = false } = simulation;
  const deciding: Deciding = { policy, timeModel, newLaunchKey: () => "simulated" };
  const coming = createEventHeap<Coming>();
  const arrivals = inOrder(simulation.jobs);
  const summary = createSummary();
  const meter = createUsageMeter();
  const results = new Map<string, JobResult>();
  const streams = new Map<string, RandomStream>();
  /** What each region has while it is up, and until when it is down. */
  const nominalGpus = fleet.regions.map(({ gpus }) => gpus);
  const downUntilSeconds = fleet.regions.map(() => 0);
  let state = emptyState();
  let nowSeconds = 0;
  /** Jobs get other parts of a link as others come and go: where links are shared, and where one can shrink under them. */
  const ratesChange =
    fleet.linkModel === "share" || disruptions.some(({ kind }) => kind === "link") || said.some(changesLinks);
  /** Jobs that something happened to at this instant. */
  const touched = new Set<string>();

  const record = (fact: Fact): void => {
    state = reduce(state, { ...fact, seq: state.seq + 1, atSeconds: nowSeconds });
    if ("jobId" in fact) touched.add(fact.jobId);
  };
  const loadFleet = (changed: Fleet): void => record({ kind: "fleet-loaded", fleet: changed });
  const executor = createVirtualExecutor({
    timeModel,
    nowSeconds: () => nowSeconds,
    checkpointIterations: failures?.checkpointIterations ?? 1,
    scheduleEnd: (atSeconds, jobId, isStale) => coming.push(atSeconds, { kind: "end", jobId, isStale }),
  });
  const interrupt = (jobId: string): void => executor.end(jobId, { kind: "lost" }).forEach(record);

  const happen = (what: Coming): void => {
    switch (what.kind) {
      case "end":
        if (!what.isStale()) executor.end(what.jobId, { kind: "exited", exitCode: 0 }).forEach(record);
        return;
      case "interruption":
        if (state.jobs.get(what.jobId)?.epoch?.number === what.epoch) interrupt(what.jobId);
        return;
      case "repaired":
        if (nowSeconds >= downUntilSeconds[what.region]!)
          loadFleet(withGpus(state.declaredFleet!, what.region, nominalGpus[what.region]!));
        return;
      case "round":
        return;
      case "disruption": {
        const { disruption } = what;
        if (disruption.kind === "capacity") {
          nominalGpus[disruption.region] = disruption.gpus;
          if (nowSeconds < downUntilSeconds[disruption.region]!) return;
        }
        if (disruption.kind === "outage") {
          const { region, downSeconds } = disruption;
          const runsThere = (jobId: string) =>
            state.jobs.get(jobId)!.epoch!.placement.regions.includes(region);
          [...executor.running()].filter(runsThere).forEach(interrupt);
          const repairedSeconds = nowSeconds + downSeconds;
          downUntilSeconds[region] = Math.max(downUntilSeconds[region]!, repairedSeconds);
          coming.push(repairedSeconds, { kind: "repaired", region });
        }
        loadFleet(disrupted(state.declaredFleet!, disruption));
        return;
      }
      case "said":
        hear(what.fact);
    }
  };

  const hear = (fact: SaidFact): void => {
    if ("jobId" in fact && !state.jobs.has(fact.jobId)) return;
    record(fact);
    for (const jobId of state.active) if (state.jobs.get(jobId)!.phase === "stopping") touched.add(jobId);
  };

  /** Starts what was placed; notes when jobs will be interrupted. */
  const carryOut = (jobId: string): void => {
    if (!state.active.has(jobId)) return;
    if (state.jobs.get(jobId)!.phase === "stopping") {
      executor.stop(jobId).forEach(record);
      coming.push(nowSeconds, { kind: "round" }); // somebody waits for its GPUs
      return;
    }
    for (const effect of launchEffects(state, jobId, executor.observed)) {
      const facts = executor.perform(effect, state);
      facts.forEach(record);
      if (!failures || !facts.some(({ kind }) => kind === "gang-started")) continue;
      const { job, epoch } = state.jobs.get(jobId)!;
      const stream = streams.get(jobId) ?? randomStream(simulation.seed ?? 1, `failures/${job.id}`);
      streams.set(jobId, stream);
      const seconds = (exponential(stream) * failures.gpuSecondsBetween) / placedGpus(epoch!.placement);
      coming.push(nowSeconds + seconds, { kind: "interruption", jobId, epoch: epoch!.number });
    }
  };

  const settle = (jobId: string): void => {
    const known = state.jobs.get(jobId)!;
    if (known.phase === "queued" && known.notBeforeSeconds > nowSeconds)
      coming.push(known.notBeforeSeconds, { kind: "round" });
    if (known.phase !== "ended") return;
    conclude(resultOf(known, state.fleet!));
    meter.mark();
    streams.delete(jobId);
  };
  const conclude = (result: JobResult): void => {
    summary.add(result);
    if (simulation.onResult) simulation.onResult(result);
    else results.set(result.id, result);
  };

  record({ kind: "fleet-loaded", fleet });
  for (const disruption of disruptions) {
    coming.push(disruption.atSeconds, { kind: "disruption", disruption });
  }
  for (const { atSeconds, fact } of said) coming.push(atSeconds, { kind: "said", fact });
  for (;;) {
    const atSeconds = Math.min(
      coming.nextSeconds() ?? Number.POSITIVE_INFINITY,
      arrivals.nextSeconds() ?? Number.POSITIVE_INFINITY,
    );
    if (atSeconds === Number.POSITIVE_INFINITY) break;
    meter.elapse(state.ledger!, nowSeconds, atSeconds);
    nowSeconds = atSeconds;
    while (coming.nextSeconds() === nowSeconds) happen(coming.pop());
    while (arrivals.nextSeconds() === nowSeconds) record({ kind: "submitted", job: arrivals.take() });
    const { facts, reconsiderAtSeconds } = decide(state, nowSeconds, deciding);
    facts.forEach(record);
    if (reconsiderAtSeconds !== undefined && reconsiderAtSeconds > nowSeconds)
      coming.push(reconsiderAtSeconds, { kind: "round" });
    for (const jobId of touched) carryOut(jobId);
    if (ratesChange) executor.retime(carriedLedger(state));
    touched.forEach(settle);
    onInstant?.(state);
    for (const jobId of touched) if (state.jobs.get(jobId)?.phase === "ended") forget(state, jobId);
    touched.clear();
  }
  for (const known of state.jobs.values()) conclude(resultOf(known, state.fleet!));
  return summary.result(meter.usage(), payIdleGpus, arrivals.inInputOrder(results));
}

interface Arrivals {
  nextSeconds(): number | undefined;
  take(): Job;
  /** Results in the order of the array that was given; by submission otherwise. */
  inInputOrder(results: ReadonlyMap<string, JobResult>): JobResult[];
}

function inOrder(jobs: Iterable<Job>): Arrivals {
  const given = Array.isArray(jobs) ? (jobs as readonly Job[]) : undefined;
  const iterator = (given ? [...given].sort(bySubmission) : jobs)[Symbol.iterator]();
  let next = iterator.next();
  return {
    nextSeconds: () => (next.done ? undefined : next.value.submitSeconds),
    take() {
      const job: Job = next.value;
      next = iterator.next();
      if (!next.done && next.value.submitSeconds < job.submitSeconds)
        throw new Error(`jobs are not in order of submission: ${next.value.id} after ${job.id}`);
      return job;
    },
    inInputOrder: (results) =>
      given
        ? given.flatMap(({ id }) => results.get(id) ?? [])
        : [...results.values()].sort((a, b) => a.submitSeconds - b.submitSeconds),
  };
}
