// When a job that runs is moved, what it takes with it, and why it is not.
import { describe, expect, it } from "vitest";
import { ESTIMATE_LIFE_SECONDS } from "../../src/control/estimated.ts";
import { MAX_EPOCHS } from "../../src/control/verdict.ts";
import { createPolicy } from "../../src/scheduler/registry.ts";
import {
  carried,
  committed,
  exit,
  fleet,
  type Log,
  repeat,
  reserved,
  running,
  start,
  step,
  trained,
} from "../support/closed-loop.ts";

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

  it("waits for another one that moves: both would count on the same free GPUs", () => {
    const log = running();
    const more = fleet.regions.map((region, i) => (i === 2 ? { ...region, gpus: 6 } : region));
    const other = trained({ id: "b", minGpus: 2, maxGpus: 2, iterations: 100_000 });
    log.add([
      { kind: "fleet-loaded", fleet: { ...fleet, regions: more } },
      { kind: "submitted", job: other },
    ]);
    log.decide();
    const b = () => log.state().jobs.get("b")!;
    expect(b().epoch!.placement.regions).toEqual([2]);
    const gone = { region: "r2", gpus: 6, heldGpus: 8, costSeconds: 1, costUsd: 0 };
    log.add([
      {
        ...{ kind: "replan-requested", jobId: "b", epoch: 1 },
        why: { trigger: "capacity", action: "move", step: 0, ...gone },
      },
      ...[step(log, 40), committed(log, 40)],
    ]);
    expect(b().phase).toBe("stopping");
    drop(log);
    expect([...log.state().drifted]).toEqual(["a"]);
    expect(log.decide()).toEqual([]);
    const status = { kind: "exited", exitCode: 75 } as const;
    log.add([{ kind: "launch-observed", jobId: "b", epoch: 1, region: "r2", status }]);
    expect(log.decide().map(({ kind }) => kind)).toEqual(["placed"]);
    expect(log.decide()).toMatchObject([{ kind: "replan-requested", jobId: "a" }]);
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
