// No figure that is reported, however wrong, does any harm.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event, Fact, HopMeasurement, StageMeasurement } from "../../src/control/event.ts";
import { reduce } from "../../src/control/reduce.ts";
import { emptyState, fromSnapshot, toSnapshot } from "../../src/control/state.ts";
import { topologyOf } from "../../src/fleet/fleet.ts";
import { carried, committed, exit, repeat, running, start, step, trained } from "../support/closed-loop.ts";

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
