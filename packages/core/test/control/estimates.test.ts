// Measurements folded into the state: what is believed of links and jobs, and what policies then see.
import { describe, expect, it } from "vitest";
import { decide, dryRun } from "../../src/control/decide.ts";
import { ESTIMATE_LIFE_SECONDS } from "../../src/control/estimated.ts";
import { LEAST_MEASUREMENTS } from "../../src/control/measured.ts";
import { fromSnapshot, toSnapshot } from "../../src/control/state.ts";
import { viewOf } from "../../src/control/view.ts";
import { topologyOf } from "../../src/fleet/fleet.ts";
import {
  capacity,
  carried,
  committed,
  deciding,
  exit,
  fleet,
  logOf,
  repeat,
  reserved,
  running,
  start,
  step,
  times,
  trained,
} from "../support/closed-loop.ts";

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

  it("yields to somebody who has looked at the bandwidth since, and to nobody else", () => {
    const measuredBefore = (
      observed: { bandwidthBitsPerSecond?: number; latencySeconds?: number },
      ago: number,
    ) => {
      const log = running();
      const [a, b] = log.job().epoch!.placement.regions as [number, number];
      log.add(repeat(5, carried(log, reserved(log) / 4)));
      const [from, to] = [fleet.regions[a]!.name, fleet.regions[b]!.name];
      const known = log.state().links.size;
      const observedAtSeconds = log.state().nowSeconds - ago;
      log.add([{ kind: "link-changed", from, to, source: "somebody", observedAtSeconds, ...observed }]);
      return known - log.state().links.size;
    };
    expect(measuredBefore({ bandwidthBitsPerSecond: 4e9 }, 0)).toBe(1);
    expect(measuredBefore({ latencySeconds: 0.02 }, 0)).toBe(0);
    expect(measuredBefore({ bandwidthBitsPerSecond: 4e9 }, 600)).toBe(0);
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
