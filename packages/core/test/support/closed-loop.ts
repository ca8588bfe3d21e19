import { decide } from "../../src/control/decide.ts";
import type { Event, Fact } from "../../src/control/event.ts";
import { reduce } from "../../src/control/reduce.ts";
import { emptyState, type State } from "../../src/control/state.ts";
import { viewOf } from "../../src/control/view.ts";
import type { TimeModel } from "../../src/cost/iteration-time.ts";
import type { Job, Training } from "../../src/cost/job.ts";
import { topologyOf } from "../../src/fleet/fleet.ts";
import type { Policy } from "../../src/scheduler/policy.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { fleetOf, jobOf } from "./fleets.ts";

/** Two regions that are joined by 5 Gbit/s, and a third with half as much to both. */
export const fleet = fleetOf([{ gpus: 4 }, { gpus: 4, price: 0.1 }, { gpus: 4, price: 0.3 }], (_, b) =>
  b === 2 ? 2.5 : 5,
);
/** Only that there is something to train matters here. */
export const training = {} as Training;
export const trained = (fields: Partial<Job> = {}) =>
  jobOf("a", { minGpus: 8, maxGpus: 8, layers: 8, microbatches: 16, training, ...fields });

export const plus = createPolicy("bace-plus");
export const deciding = (timeModel: TimeModel = "auto", policy = plus) => ({
  ...{ policy, timeModel, newLaunchKey: () => "key" },
});

/** A log under a clock of its own. */
export function logOf(from: State = emptyState()) {
  let state = from;
  const events: Event[] = [];
  return {
    events,
    state: () => state,
    job: () => state.jobs.get("a")!,
    add(facts: readonly Fact[], seconds = 5): void {
      for (const fact of facts) {
        const event = { ...fact, seq: state.seq + 1, atSeconds: state.nowSeconds + seconds };
        events.push(JSON.parse(JSON.stringify(event)) as Event);
        state = reduce(state, events.at(-1)!);
      }
    },
    decide(timeModel?: TimeModel, policy?: Policy): readonly Fact[] {
      const { facts } = decide(state, state.nowSeconds, deciding(timeModel, policy));
      this.add(facts, 0);
      return facts;
    },
  };
}
export type Log = ReturnType<typeof logOf>;

/** The job is placed over two regions and runs. */
export function running(job = trained(), timeModel?: TimeModel, policy?: Policy): Log {
  const log = logOf();
  log.add([
    { kind: "fleet-loaded", fleet },
    { kind: "submitted", job },
  ]);
  log.decide(timeModel, policy);
  start(log);
  return log;
}

export function start(log: Log): void {
  const { launches, number: epoch } = log.job().epoch!;
  const status = { kind: "running" } as const;
  log.add(
    Object.keys(launches).map((region) => ({ kind: "launch-observed", jobId: "a", epoch, region, status })),
  );
  log.add([{ kind: "gang-started", jobId: "a", epoch, addresses: [] }]);
}

export function exit(log: Log, exitCode: number): void {
  const { launches, number: epoch } = log.job().epoch!;
  const status = { kind: "exited", exitCode } as const;
  log.add(
    Object.keys(launches).map((region) => ({ kind: "launch-observed", jobId: "a", epoch, region, status })),
  );
}

export const epochOf = (log: Log) => log.job().epoch!.number;
export const reserved = (log: Log) => log.job().epoch!.placement.hopBitsPerSecond[0]!;
export const carried = (log: Log, forth: number, back = forth): Fact => ({
  kind: "measured",
  ...{ jobId: "a", epoch: epochOf(log), stages: [] },
  hops: [
    { hop: 0, direction: "forth", bitsPerSecond: forth, roundTripSeconds: 0.02 },
    { hop: 0, direction: "back", bitsPerSecond: back, roundTripSeconds: null },
  ],
});
export const step = (log: Log, n: number, loss: number | null = 4): Fact => ({
  kind: "progress",
  ...{ jobId: "a", epoch: epochOf(log), step: n, loss, stepSeconds: 10 },
});
export const committed = (log: Log, n: number): Fact => ({
  kind: "checkpoint-committed",
  ...{ jobId: "a", epoch: epochOf(log), step: n },
});
export const times = (log: Log, ratio: number): Fact => ({
  kind: "measured",
  ...{ jobId: "a", epoch: epochOf(log), hops: [] },
  stages: log.job().epoch!.chosenFor!.stages.map(({ backwardSeconds, forwardSeconds }, stage) => ({
    ...{ stage, forwardSeconds: forwardSeconds * ratio, backwardSeconds: backwardSeconds * ratio },
  })),
});
export const capacity = (state: State, from: number, to: number) => {
  const view = viewOf(state, state.nowSeconds, "auto")!;
  return topologyOf(view.ledger.fleet).bandwidthBitsPerSecond[from * 3 + to]!;
};
export const repeat = (count: number, fact: Fact): Fact[] => Array.from({ length: count }, () => fact);
