// A control plane with hands: facts and decisions on a clock, launches that obey at once.
import { type Deciding, decide } from "../../src/control/decide.ts";
import type { Event, Fact } from "../../src/control/event.ts";
import { reduce } from "../../src/control/reduce.ts";
import { emptyState, type State } from "../../src/control/state.ts";
import { EXIT } from "../../src/control/verdict.ts";
import type { Policy } from "../../src/scheduler/policy.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";

export interface Plane {
  readonly events: Event[];
  state(): State;
  /** When the last decision wants to be made again. */
  reconsiderAtSeconds(): number | undefined;
  /** Facts at one time, then what is decided upon them. */
  at(seconds: number, ...facts: readonly Fact[]): void;
  /** Every launch of a job that was placed runs, and its gang. */
  start(jobId: string): void;
  /** Every launch of a job ends. */
  end(jobId: string, exitCode?: number): void;
  /** Jobs that were told to stop have stopped. */
  obey(): void;
}

export function planeOf(policy: Policy = createPolicy("bace-plus")): Plane {
  let state = emptyState();
  let again: number | undefined;
  const events: Event[] = [];
  const deciding: Deciding = { policy, timeModel: "1f1b", newLaunchKey: () => "key" };
  const add = (facts: readonly Fact[], atSeconds: number) => {
    for (const fact of facts) {
      const event = JSON.parse(JSON.stringify({ ...fact, seq: state.seq + 1, atSeconds })) as Event;
      events.push(event);
      state = reduce(state, event);
    }
  };
  const observed = (jobId: string, status: Extract<Fact, { kind: "launch-observed" }>["status"]): Fact[] => {
    const { launches, number: epoch } = state.jobs.get(jobId)!.epoch!;
    return Object.keys(launches).map((region) => ({
      ...{ kind: "launch-observed", jobId, epoch, region, status },
    }));
  };
  const plane: Plane = {
    events,
    state: () => state,
    reconsiderAtSeconds: () => again,
    at(seconds, ...facts) {
      add(facts, seconds);
      const decided = decide(state, state.nowSeconds, deciding);
      again = decided.reconsiderAtSeconds;
      add(decided.facts, state.nowSeconds);
    },
    start(jobId) {
      const { number: epoch } = state.jobs.get(jobId)!.epoch!;
      const facts = observed(jobId, { kind: "running" });
      plane.at(state.nowSeconds, ...facts, { kind: "gang-started", jobId, epoch, addresses: [] });
    },
    end(jobId, exitCode = EXIT.finished) {
      plane.at(state.nowSeconds, ...observed(jobId, { kind: "exited", exitCode }));
    },
    obey() {
      for (const id of [...state.active])
        if (state.jobs.get(id)!.phase === "stopping") plane.end(id, EXIT.restart);
    },
  };
  return plane;
}

/** The same events again, from nothing. */
export function replayed(events: readonly Event[]): State {
  return events.reduce(reduce, emptyState());
}
