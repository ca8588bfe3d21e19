// Measurements folded into the state: what is believed of links and jobs, what policies then see, when a job is moved, and
// that no figure, however wrong, does any harm.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chosenFor, isWithin } from "../../src/control/chosen-for.ts";
import { decide, dryRun, viewOf } from "../../src/control/decide.ts";
import { ESTIMATE_LIFE_SECONDS } from "../../src/control/estimated.ts";
import type { Event, Fact, HopMeasurement, StageMeasurement } from "../../src/control/event.ts";
import { LEAST_MEASUREMENTS } from "../../src/control/measured.ts";
import { reduce } from "../../src/control/reduce.ts";
import { emptyState, fromSnapshot, type State, toSnapshot } from "../../src/control/state.ts";
import { MAX_EPOCHS } from "../../src/control/verdict.ts";
import { iterationSeconds, type TimeModel } from "../../src/cost/iteration-time.ts";
import type { Job, Training } from "../../src/cost/job.ts";
import { topologyOf } from "../../src/fleet/fleet.ts";
import type { Policy } from "../../src/scheduler/policy.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";

/** Two regions that are joined by 5 Gbit/s, and a third with half as much to both. */
const fleet = fleetOf([{ gpus: 4 }, { gpus: 4, price: 0.1 }, { gpus: 4, price: 0.3 }], (_, b) =>
  b === 2 ? 2.5 : 5,
);
/** Only that there is something to train matters here. */
const training = {} as Training;
const trained = (fields: Partial<Job> = {}) =>
  jobOf("a", { minGpus: 8, maxGpus: 8, layers: 8, microbatches: 16, training, ...fields });

const plus = createPolicy("bace-plus");
const deciding = (timeModel: TimeModel = "auto", policy = plus) => ({
  ...{ policy, timeModel, newLaunchKey: () => "key" },
});

/** A log under a clock of its own. */
function logOf(from: State = emptyState()) {
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
type Log = ReturnType<typeof logOf>;

/** The job is placed over two regions and runs. */
function running(job = trained(), timeModel?: TimeModel, policy?: Policy): Log {
  const log = logOf();
  log.add([
    { kind: "fleet-loaded", fleet },
    { kind: "submitted", job },
  ]);
  log.decide(timeModel, policy);
  start(log);
  return log;
}

function start(log: Log): void {
  const { launches, number: epoch } = log.job().epoch!;
  const status = { kind: "running" } as const;
  log.add(
    Object.keys(launches).map((region) => ({ kind: "launch-observed", jobId: "a", epoch, region, status })),
  );
  log.add([{ kind: "gang-started", jobId: "a", epoch, addresses: [] }]);
}

function exit(log: Log, exitCode: number): void {
  const { launches, number: epoch } = log.job().epoch!;
  const status = { kind: "exited", exitCode } as const;
  log.add(
    Object.keys(launches).map((region) => ({ kind: "launch-observed", jobId: "a", epoch, region, status })),
  );
}

const epochOf = (log: Log) => log.job().epoch!.number;
const reserved = (log: Log) => log.job().epoch!.placement.hopBitsPerSecond[0]!;
const carried = (log: Log, forth: number, back = forth): Fact => ({
  kind: "measured",
  ...{ jobId: "a", epoch: epochOf(log), stages: [] },
  hops: [
    { hop: 0, direction: "forth", bitsPerSecond: forth, roundTripSeconds: 0.02 },
    { hop: 0, direction: "back", bitsPerSecond: back, roundTripSeconds: null },
  ],
});
const step = (log: Log, n: number, loss: number | null = 4): Fact => ({
  kind: "progress",
  ...{ jobId: "a", epoch: epochOf(log), step: n, loss, stepSeconds: 10 },
});
const committed = (log: Log, n: number): Fact => ({
  kind: "checkpoint-committed",
  ...{ jobId: "a", epoch: epochOf(log), step: n },
});
const times = (log: Log, ratio: number): Fact => ({
  kind: "measured",
  ...{ jobId: "a", epoch: epochOf(log), hops: [] },
  stages: log.job().epoch!.chosenFor!.stages.map(({ backwardSeconds, forwardSeconds }, stage) => ({
    ...{ stage, forwardSeconds: forwardSeconds * ratio, backwardSeconds: backwardSeconds * ratio },
  })),
});
const capacity = (state: State, from: number, to: number) => {
  const view = viewOf(state, state.nowSeconds, "auto")!;
  return topologyOf(view.ledger.fleet).bandwidthBitsPerSecond[from * 3 + to]!;
};
const repeat = (count: number, fact: Fact): Fact[] => Array.from({ length: count }, () => fact);

describe("the interval of a hop", () => {
  it.each(["overlapped", "serial", "1f1b", "auto"] as const)(
    "holds the reserved rate; below it a step is longer by a fifth, or another schedule better (%s)",
    (timeModel) => {
      const job = trained();
      const placement = { regions: [0, 1], gpus: [4, 4], hopBitsPerSecond: [1_000_000_000] };
      const { hops, stages } = chosenFor(job, fleet, placement, timeModel);
      const [interval] = hops;
      expect(isWithin(interval!, 1_000_000_000)).toBe(true);
      expect(stages).toHaveLength(8);
      const seconds = (rate: number) =>
        iterationSeconds(job, fleet, { ...placement, hopBitsPerSecond: [rate] }, timeModel);
      if (timeModel === "auto") return;
      const { highBitsPerSecond, lowBitsPerSecond } = interval!;
      expect(highBitsPerSecond).toBeNull();
      expect(seconds(lowBitsPerSecond + 1)).toBeLessThanOrEqual(1.2 * seconds(1_000_000_000));
      expect(seconds(0.94 * lowBitsPerSecond)).toBeGreaterThan(1.2 * seconds(1_000_000_000));
    },
  );

  it("has no lower end where the hop hardly matters", () => {
    const job = trained({ activationBytes: 10 });
    const placement = { regions: [0, 1], gpus: [4, 4], hopBitsPerSecond: [1_000_000_000] };
    expect(chosenFor(job, fleet, placement, "1f1b").hops[0]!.lowBitsPerSecond).toBe(0);
  });

  it("is written down for jobs that are trained, and for no others", () => {
    expect(running().job().epoch!.chosenFor!.hops).toHaveLength(1);
    const { training: _, ...simulated } = trained();
    expect(running(simulated).job().epoch).not.toHaveProperty("chosenFor");
  });
});

describe("what is believed of a link", () => {
  it("is the lower quartile of the last five: one slow report changes nothing, two do", () => {
    const log = running();
    const full = reserved(log);
    log.add([...repeat(4, carried(log, full)), carried(log, full / 10)]);
    expect(log.state().links.get("r0 → r1") ?? log.state().links.get("r1 → r0")).toMatchObject({
      bitsPerSecond: full,
    });
    log.add([carried(log, full / 10)]);
    for (const link of log.state().links.values()) expect(link.bitsPerSecond).toBe(full / 10);
  });

  it("is nothing before three measurements", () => {
    const log = running();
    log.add(repeat(LEAST_MEASUREMENTS - 1, carried(log, 1)));
    expect(log.state().links.size).toBe(0);
  });

  it("lowers the link that policies see by as much as the job gets less, and never raises it", () => {
    const log = running();
    const [a, b] = log.job().epoch!.placement.regions as [number, number];
    log.add(repeat(3, carried(log, 100 * reserved(log))));
    expect(capacity(log.state(), a, b)).toBe(5e9);
    log.add(repeat(5, carried(log, reserved(log) / 4, reserved(log))));
    expect(Math.abs(capacity(log.state(), a, b) - reserved(log) / 4)).toBeLessThanOrEqual(1);
    expect(capacity(log.state(), b, a)).toBe(5e9);
    expect(topologyOf(log.state().fleet!).bandwidthBitsPerSecond[a * 3 + b]).toBe(5e9);
  });

  it("is the same fleet value as long as nothing changes, so that policies remember what they computed", () => {
    const log = running();
    const fleetSeen = () => viewOf(log.state(), log.state().nowSeconds, "auto")!.ledger.fleet;
    expect(fleetSeen()).toBe(log.state().fleet);
    log.add(repeat(5, carried(log, reserved(log) / 4)));
    const seen = fleetSeen();
    log.add(repeat(5, carried(log, reserved(log) / 4)));
    expect(fleetSeen()).toBe(seen);
  });

  it("is forgotten when nobody has confirmed it for a time, and by a fleet in which the link is another one", () => {
    const log = running();
    const [a, b] = log.job().epoch!.placement.regions as [number, number];
    log.add(repeat(5, carried(log, reserved(log) / 4)));
    expect(capacity(log.state(), a, b)).toBeLessThan(5e9);
    const same = { ...fleet, regions: fleet.regions.map((region) => ({ ...region, gpus: 5 })) };
    log.add([{ kind: "fleet-loaded", fleet: same }]);
    expect(capacity(log.state(), a, b)).toBeLessThan(5e9);
    const links = fleet.links.map((link) => ({ ...link, latencySeconds: 0.05 }));
    const other = logOf(fromSnapshot(structuredClone(toSnapshot(log.state()))));
    other.add([{ kind: "fleet-loaded", fleet: { ...fleet, links } }]);
    expect(other.state().links.size).toBe(0);
    const view = viewOf(log.state(), log.state().nowSeconds + ESTIMATE_LIFE_SECONDS, "auto")!;
    expect(view.ledger.fleet).toBe(log.state().fleet);
  });

  it("makes no job infeasible: it waits, and is asked about again when the estimate counts no more", () => {
    const log = running();
    const [a, b] = log.job().epoch!.placement.regions as [number, number];
    log.add(repeat(5, carried(log, 1000)));
    exit(log, 0);
    const pair = {
      ...fleet,
      regions: fleet.regions.map((r, i) => ({ ...r, gpus: i === a || i === b ? 4 : 0 })),
    };
    log.add([
      { kind: "fleet-loaded", fleet: pair },
      { kind: "submitted", job: { ...trained(), id: "b" } },
    ]);
    const { facts, reconsiderAtSeconds } = decide(log.state(), log.state().nowSeconds, deciding());
    expect(facts).toEqual([]);
    expect(dryRun(log.state(), log.state().nowSeconds, deciding())[0]!.kind).toBe("wait");
    expect(reconsiderAtSeconds).toBeLessThanOrEqual(log.state().nowSeconds + ESTIMATE_LIFE_SECONDS);
    const later = decide(log.state(), reconsiderAtSeconds!, deciding());
    expect(later.facts).toMatchObject([{ kind: "placed", jobId: "b" }]);
  });
});

describe("what is believed of a job", () => {
  it("is how much longer its blocks take than predicted: the median of five, from three on", () => {
    const log = running();
    log.add([times(log, 1.5), times(log, 1.5)]);
    expect(log.job().blockRatio).toBeUndefined();
    log.add([times(log, 40), times(log, 1.52)]);
    expect(log.job().blockRatio).toBe(1.5);
  });

  it("corrects it in the queue, with the steps that are left", () => {
    const log = running();
    log.add([...repeat(3, times(log, 2)), step(log, 400), committed(log, 400)]);
    exit(log, 69);
    const [queued] = viewOf(log.state(), log.state().nowSeconds + 60, "auto")!.queue;
    expect(queued).toMatchObject({ iterations: 600, work: { forwardSeconds: 2, backwardSeconds: 4 } });
    expect(log.job().job.iterations).toBe(1000);
  });
});

describe("a job that goes on from a checkpoint", () => {
  it("counts no step twice, and shows the loss of its first step as the first", () => {
    const log = running();
    log.add([step(log, 1, 6), step(log, 2, 5), step(log, 3, 4), committed(log, 2)]);
    exit(log, 69);
    log.add([], 0);
    log.add([{ kind: "submitted", job: trained() }], 60);
    log.decide();
    start(log);
    expect(log.job()).toMatchObject({ epochs: 2, committedStep: 2, epoch: { fromStep: 2 } });
    expect(log.job().progress).toBeUndefined();
    log.add([step(log, 3, 4.1), step(log, 3, 4.1), step(log, 4, 3)]);
    expect(log.job().progress).toMatchObject({ step: 4, stepCount: 1, firstLoss: 6, lastLoss: 3 });
  });

  it("ends as much sooner as it has done", () => {
    const log = running();
    const end = () => viewOf(log.state(), log.state().nowSeconds, "auto")!.running()[0]!.endSeconds;
    const { predictedIterationSeconds, startedSeconds } = log.job().epoch!;
    expect(end()).toBeCloseTo(startedSeconds! + 1000 * predictedIterationSeconds, 6);
    log.add([committed(log, 900)]);
    exit(log, 69);
    log.add([{ kind: "submitted", job: trained() }], 60);
    log.decide();
    start(log);
    expect(end()).toBeCloseTo(log.job().epoch!.startedSeconds! + 100 * predictedIterationSeconds, 6);
  });
});

describe("moving a job", () => {
  const drop = (log: Log) => log.add(repeat(5, carried(log, reserved(log) / 10)));

  it("takes three measurements in a row outside the interval", () => {
    const log = running();
    const [good, bad] = [carried(log, reserved(log)), carried(log, reserved(log) / 10)];
    log.add([bad, bad, good, bad, bad, good]);
    expect(log.state().drifted.size).toBe(0);
    log.add([bad, bad, bad]);
    expect([...log.state().drifted]).toEqual(["a"]);
  });

  it("says why, holds everything until the launches are over, and places it at once, elsewhere", () => {
    const log = running();
    const first = log.job().epoch!.placement;
    log.add([step(log, 40), committed(log, 40)]);
    drop(log);
    const [fact] = log.decide();
    expect(fact).toMatchObject({ kind: "replan-requested", epoch: 1, why: { step: 40 } });
    expect(log.job()).toMatchObject({
      phase: "stopping",
      reason: expect.stringMatching(/^moved at step 40: r/),
    });
    expect(log.decide()).toEqual([]);
    exit(log, 75);
    expect(log.job()).toMatchObject({ phase: "queued", notBeforeSeconds: log.state().nowSeconds });
    const [placed] = log.decide();
    expect(placed).toMatchObject({ kind: "placed", epoch: 2, replan: { step: 40 } });
    expect(log.job().epoch!.placement.regions.toSorted()).not.toEqual(first.regions.toSorted());
    expect([...log.state().drifted]).toEqual([]);
  });

  it("is not worth it at the end of a job", () => {
    const log = running();
    log.add([step(log, 999), committed(log, 999)]);
    drop(log);
    expect(log.decide()).toEqual([]);
    expect(log.job().phase).toBe("running");
  });

  it("is not worth it where everything that was done would be lost", () => {
    const log = running();
    log.add([step(log, 900)]);
    drop(log);
    expect(log.decide()).toEqual([]);
  });

  it("gives it another schedule on the GPUs that it has, where nothing better is free; nobody takes them meanwhile", () => {
    // It reserves so much that a forward hides a message: with less, warm-up can hide it.
    const bace = createPolicy("bace");
    const log = running(trained(), "1f1b", bace);
    const first = log.job().epoch!.placement;
    const here = fleet.regions.map((r, i) => ({ ...r, gpus: first.regions.includes(i) ? 4 : 0 }));
    log.add([{ kind: "fleet-loaded", fleet: { ...fleet, regions: here } }, committed(log, 1)]);
    const rate = Math.round(reserved(log) * 0.4);
    log.add(repeat(5, carried(log, rate)));
    const [fact] = log.decide("1f1b", bace);
    expect(fact).toMatchObject({ kind: "replan-requested", why: { action: "reschedule" } });
    log.add([{ kind: "submitted", job: { ...trained(), id: "b" } }]);
    exit(log, 75);
    expect(log.decide("1f1b", bace)).toMatchObject([
      { kind: "placed", jobId: "a", replan: { action: "reschedule" } },
    ]);
    const { gpus, hopBitsPerSecond, hopExtraForwards, regions } = log.job().epoch!.placement;
    expect({ gpus, regions, hopBitsPerSecond }).toEqual({
      ...{ gpus: first.gpus, regions: first.regions },
      hopBitsPerSecond: [rate],
    });
    expect(first.hopExtraForwards).toBeUndefined();
    expect(hopExtraForwards![0]).toBeGreaterThan(0);
    expect(log.decide("1f1b", bace)).toEqual([]);
  });

  it("is no failure, however often; others are counted as before", () => {
    const log = running(trained({ iterations: 1_000_000 }));
    for (let epoch = 1; epoch <= 2 * MAX_EPOCHS; epoch++) {
      log.add([committed(log, epoch)], 700);
      drop(log);
      log.add([
        {
          kind: "replan-requested",
          ...{ jobId: "a", epoch },
          why: {
            ...{
              action: "move",
              step: epoch,
              from: "r0",
              to: "r1",
              measuredBitsPerSecond: 1,
              lowBitsPerSecond: 2,
            },
            ...{ highBitsPerSecond: null, gainSeconds: 2, costSeconds: 1 },
          },
        },
      ]);
      exit(log, 75);
      expect(log.job()).toMatchObject({ phase: "queued", epochs: epoch, excusedEpochs: epoch });
      log.add([{ kind: "submitted", job: trained() }], ESTIMATE_LIFE_SECONDS);
      log.decide();
      start(log);
    }
    exit(log, 69);
    expect(log.job()).toMatchObject({ phase: "queued", notBeforeSeconds: log.state().nowSeconds + 2 });
  });
});

describe("whatever is reported", () => {
  const any = fc.oneof(
    fc.double(),
    fc.integer({ min: -2, max: 9 }),
    fc.constantFrom(Number.NaN, -1, 0, 1e308, Number.POSITIVE_INFINITY, null as unknown as number),
  );
  const direction = fc.constantFrom("forth", "back", "outside", "__proto__") as fc.Arbitrary<
    HopMeasurement["direction"]
  >;
  const hop: fc.Arbitrary<HopMeasurement> = fc.record({
    ...{ hop: any, direction, bitsPerSecond: fc.oneof(any, fc.double({ min: 1e3, max: 1e10 })) },
    roundTripSeconds: fc.option(any),
  });
  const stage: fc.Arbitrary<StageMeasurement> = fc.record({
    ...{ stage: any, forwardSeconds: any, backwardSeconds: any },
  });
  const epoch = fc.constantFrom(0, 1, 1, 1, 2);
  const fact: fc.Arbitrary<Fact> = fc.oneof(
    fc.record({
      kind: fc.constant("measured" as const),
      ...{ jobId: fc.constantFrom("a", "z"), epoch },
      hops: fc.array(hop, { maxLength: 4 }),
      stages: fc.array(stage, { maxLength: 4 }),
    }),
    fc.record({
      ...{ kind: fc.constant("checkpoint-committed" as const), jobId: fc.constant("a"), epoch, step: any },
    }),
    fc.record({
      kind: fc.constant("progress" as const),
      ...{ jobId: fc.constant("a"), epoch, step: fc.integer({ min: 1, max: 1000 }), loss: fc.option(any) },
      stepSeconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
    }),
  );

  it("the reducer takes it, the ledger stays within the fleet, and a replay gives the same state", () => {
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 30 }), fc.constantFrom(0, 69, 75), (facts, code) => {
        const log = running();
        for (const each of facts) {
          log.add([each]);
          log.decide();
        }
        if (log.job().phase === "running" || log.job().phase === "stopping") exit(log, code);
        log.decide();
        const { fleet: own, ledger } = log.state();
        const { bandwidthBitsPerSecond } = topologyOf(own!);
        ledger!.reservedBitsPerSecond.forEach((bits, i) => {
          expect(bits).toBeGreaterThanOrEqual(0);
          expect(bits).toBeLessThanOrEqual(bandwidthBitsPerSecond[i]!);
        });
        for (const free of ledger!.freeGpus) expect(free).toBeGreaterThanOrEqual(0);
        const replayed = log.events.reduce(reduce, emptyState());
        expect(toSnapshot(replayed)).toEqual(toSnapshot(log.state()));
        const { ledger: _, ...restored } = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(replayed))));
        const { ledger: __, ...known } = log.state();
        expect(restored).toEqual(known);
        for (const link of known.links.values()) expect(link.bitsPerSecond).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it("what cannot be leaves everything as it was but the time of the last measurement", () => {
    const log = running();
    const impossible: Fact = {
      kind: "measured",
      ...{ jobId: "a", epoch: 1 },
      hops: [Number.NaN, -1, 0, 1e16].map((bitsPerSecond) => ({
        ...{ hop: 0, direction: "forth" as const, bitsPerSecond, roundTripSeconds: null },
      })),
      stages: [{ stage: 99, forwardSeconds: 1, backwardSeconds: 1 }],
    };
    log.add(repeat(9, impossible));
    expect(log.job().epoch!.measured).toMatchObject({ hops: [{}], stages: [], recentRatios: [] });
    expect(log.state().links.size).toBe(0);
  });

  it("of an epoch that is over changes nothing", () => {
    const log = running();
    exit(log, 69);
    log.add([{ kind: "submitted", job: trained() }], 60);
    log.decide();
    start(log);
    const before = JSON.stringify(toSnapshot(log.state()).jobs);
    const old = [carried(log, 1), committed(log, 5), step(log, 7)].map(
      (each) => ({ ...each, epoch: 1 }) as Fact,
    );
    log.add([...old, ...old]);
    expect(JSON.stringify(toSnapshot(log.state()).jobs)).toBe(before);
  });
});

it("a log of a version that measured nothing is read as it was", () => {
  const log = running();
  const old = log.events.map((event) => {
    if (event.kind !== "placed") return event;
    const { chosenFor: _, replan: __, ...rest } = event;
    return rest as Event;
  });
  const state = old.reduce(reduce, emptyState());
  expect(state.jobs.get("a")).toMatchObject({ phase: "running", epochs: 1 });
  const { links: _, ...snapshot } = toSnapshot(state);
  expect(fromSnapshot(structuredClone(snapshot)).links.size).toBe(0);
});
