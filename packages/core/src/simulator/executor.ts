// The executor of the simulator: carries effects out on the virtual clock. A launch runs at once, a gang starts as its
// last launch does, and every launch ends after iterations × iteration time. Left out: start-up time, failures.

import type { Fact } from "../control/event.ts";
import { type Effect, launchKeyOf, type Observed } from "../control/reconcile.ts";
import type { State } from "../control/state.ts";

export interface VirtualExecutor {
  /** Launches that run, for the reconciler. */
  readonly observed: ReadonlyMap<string, Observed>;
  /** Carries one effect out; returns facts that are seen at once, and schedules those that come later. */
  perform(effect: Effect, state: State): Fact[];
  /** A fact that it had scheduled is now. */
  happened(fact: Fact): void;
}

export function createVirtualExecutor(schedule: (afterSeconds: number, fact: Fact) => void): VirtualExecutor {
  const observed = new Map<string, Observed>();
  return {
    observed,
    happened(fact) {
      if (fact.kind === "launch-observed") observed.delete(launchKeyOf(fact.jobId, fact.epoch, fact.region));
    },
    perform(effect, state) {
      if (effect.kind === "record") return [effect.fact];
      if (effect.kind === "cancel") throw new Error(`nothing is cancelled in a simulation: ${effect.key}`);
      const { jobId, epoch, region } = effect;
      observed.set(effect.key, "running");
      const { job, epoch: current } = state.jobs.get(jobId)!;
      const regions = Object.keys(current!.launches);
      const facts: Fact[] = [{ kind: "launch-observed", jobId, epoch, region, status: { kind: "running" } }];
      if (!regions.every((name) => observed.has(launchKeyOf(jobId, epoch, name)))) return facts;
      const runSeconds = job.iterations * current!.predictedIterationSeconds;
      for (const name of regions) {
        schedule(runSeconds, {
          kind: "launch-observed",
          jobId,
          epoch,
          region: name,
          status: { kind: "exited", exitCode: 0 },
        });
      }
      return [...facts, { kind: "gang-started", jobId, epoch, addresses: [] }];
    },
  };
}
