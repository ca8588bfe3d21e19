// What a running job reserves of its links when its blocks, or other links, are not as they were predicted.
//
// A job of eight stages over two regions: four stages in each, blocks of 3 s / 8. It reserves what its messages need.
import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/control/event.ts";
import { neededRates, RESERVATION_PAUSE_SECONDS } from "../../src/control/reserving.ts";
import { fromSnapshot, plannedPlacement, toSnapshot } from "../../src/control/state.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import { openLedger } from "../../src/fleet/ledger.ts";
import {
  carried,
  committed,
  exit,
  fleet,
  type Log,
  logOf,
  repeat,
  reserved,
  running,
  start,
  times,
  trained,
} from "../support/closed-loop.ts";

const changes = (log: Log) => log.events.filter(({ kind }) => kind === "reservation-changed");
const onHop = (log: Log) => {
  const { ledger } = log.state();
  const [a, b] = log.job().epoch!.placement.regions as [number, number];
  return ledger!.reservedBitsPerSecond[a * 3 + b]!;
};
/** The slowest block is predicted as `ratio` times as long, three times over. */
const slow = (log: Log, ratio: number) => repeat(3, times(log, ratio));

/** The same job on a fleet whose network is real: its worker is not paced. */
function onRealNetwork(bandwidth = 5e9): Log {
  const real: Fleet = {
    ...fleet,
    network: "real",
    links: fleet.links.map((link) => ({ ...link, bandwidthBitsPerSecond: bandwidth })),
  };
  const log = logOf();
  log.add([
    { kind: "fleet-loaded", fleet: real },
    { kind: "submitted", job: trained() },
  ]);
  log.decide();
  start(log);
  return log;
}

describe("a job whose blocks take longer than predicted", () => {
  it("needs as much less of its links: twice as long, half as much, free for others at once", () => {
    const log = running();
    const before = reserved(log);
    log.add(slow(log, 2));
    expect(log.decide()).toMatchObject([{ kind: "reservation-changed", hopBitsPerSecond: [before / 2] }]);
    expect(reserved(log)).toBe(before / 2);
    expect(onHop(log)).toBe(before / 2);
    expect(log.job()).toMatchObject({ phase: "running", epochs: 1 });
    expect(plannedPlacement(log.job().epoch!).hopBitsPerSecond).toEqual([before]);
    exit(log, 0);
    expect(log.state().ledger).toMatchObject({
      freeGpus: openLedger(fleet).freeGpus,
      reservedBitsPerSecond: openLedger(fleet).reservedBitsPerSecond,
    });
  });

  it("keeps what it has where that differs by a fifth or less, or too little was measured", () => {
    const log = running();
    log.add(slow(log, 1.2)); // 1 / 1.2 = 0.83
    expect(log.decide()).toEqual([]);
    const other = running();
    other.add([times(other, 2), times(other, 2)]);
    expect(other.decide()).toEqual([]);
  });

  it("is asked at most every five minutes, however its blocks flap", () => {
    const log = running();
    const at: number[] = [];
    for (let i = 0; i < 60; i++) {
      log.add(repeat(5, times(log, i % 2 === 0 ? 2 : 1)), 5);
      for (const { kind } of log.decide())
        if (kind === "reservation-changed") at.push(log.state().nowSeconds);
    }
    const gaps = at.slice(1).map((seconds, i) => seconds - at[i]!);
    expect(at.length).toBeGreaterThan(1);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(RESERVATION_PAUSE_SECONDS);
  });

  it("has the plan that it had, is given back what it holds, and is found again in a snapshot", () => {
    const log = running(trained());
    const before = reserved(log);
    log.add(slow(log, 2));
    log.decide();
    const kept = fromSnapshot(structuredClone(toSnapshot(log.state())));
    expect(kept.ledger!.reservedBitsPerSecond).toEqual(log.state().ledger!.reservedBitsPerSecond);
    expect(kept.jobs.get("a")!.epoch).toMatchObject({ plannedBitsPerSecond: [before] });
    expect(log.events.reduce((seq, event) => Math.max(seq, event.seq), 0)).toBe(log.state().seq);
  });

  it("lets a job in that did not fit beside it", () => {
    const narrow: Fleet = { ...fleet, regions: fleet.regions.map((region) => ({ ...region, gpus: 8 })) };
    const log = running();
    const need = reserved(log);
    const bandwidth = Math.floor(1.5 * need);
    const links = fleet.links.map((link) => ({ ...link, bandwidthBitsPerSecond: bandwidth }));
    const only = narrow.regions.map((region, i) => {
      return { ...region, gpus: log.job().epoch!.placement.regions.includes(i) ? 8 : 0 };
    });
    log.add([{ kind: "fleet-loaded", fleet: { ...narrow, links, regions: only } }]);
    // Alone in a region it would need no link.
    const wide = { ...trained({ minGpus: 8, maxGpus: 8 }), id: "b" };
    log.add([{ kind: "submitted", job: wide }]);
    const four: Fleet = { ...narrow, links, regions: only.map((r) => ({ ...r, gpus: Math.min(r.gpus, 8) })) };
    log.add([{ kind: "fleet-loaded", fleet: four }]);
    expect(log.decide()).toEqual([]);
    log.add(slow(log, 2));
    expect(log.decide().map(({ kind }) => kind)).toEqual(["reservation-changed"]);
    expect(log.decide()).toMatchObject([{ kind: "placed", jobId: "b" }]);
  });
});

describe("a job whose blocks are faster than predicted", () => {
  it("reserves more on a real network, and never more than is free", () => {
    const log = onRealNetwork();
    const before = reserved(log);
    log.add(slow(log, 0.5));
    expect(log.decide()).toMatchObject([{ hopBitsPerSecond: [2 * before] }]);
    expect(onHop(log)).toBe(2 * before);
    const full = onRealNetwork(Math.floor(1.5 * before));
    full.add(slow(full, 0.5));
    expect(full.decide()).toMatchObject([{ hopBitsPerSecond: [Math.floor(1.5 * before)] }]);
    // What is left is a tenth: not worth a change.
    const fuller = onRealNetwork(Math.floor(1.1 * before));
    fuller.add(slow(fuller, 0.5));
    expect(fuller.decide()).toEqual([]);
  });

  it("reserves no more than the link is believed to carry now, whether or not anybody waits", () => {
    for (const others of [[], [{ ...trained({ minGpus: 12, maxGpus: 12 }), id: "waiting" }]]) {
      const log = onRealNetwork();
      const before = reserved(log);
      const observedAtSeconds = log.state().nowSeconds;
      const [a, b] = log.job().epoch!.placement.regions.map((region) => `r${region}`) as [string, string];
      const seen = { kind: "link-changed", source: "probe", observedAtSeconds } as const;
      const bandwidthBitsPerSecond = 1.6 * before;
      log.add([
        { ...seen, from: a, to: b, bandwidthBitsPerSecond },
        { ...seen, from: b, to: a, bandwidthBitsPerSecond },
        ...others.map((job) => ({ kind: "submitted", job }) as const),
        ...slow(log, 0.5),
      ]);
      log.decide();
      expect(reserved(log)).toBeGreaterThan(before);
      expect(reserved(log)).toBeLessThanOrEqual(bandwidthBitsPerSecond);
    }
  });

  it("takes no more than its worker is paced to where links are emulated", () => {
    const emulated: Fleet = { ...fleet, network: "emulated" };
    const log = running();
    log.add(slow(log, 0.5));
    expect(neededRates(log.job().job, log.job().epoch!, emulated)).toEqual([reserved(log)]);
  });

  it("keeps what it has if somebody else was faster: the log may say so", () => {
    const log = onRealNetwork();
    const before = reserved(log);
    const late: Fact = { kind: "reservation-changed", jobId: "a", epoch: 1, hopBitsPerSecond: [6e9] };
    log.add([late]);
    expect(reserved(log)).toBe(before);
    log.add([
      { ...late, epoch: 7, hopBitsPerSecond: [1] },
      { ...late, hopBitsPerSecond: [1, 2] },
    ]);
    expect(reserved(log)).toBe(before);
  });
});

it("a link that carries less than was reserved is short of it: nothing is given back for that", () => {
  const log = running();
  const before = reserved(log);
  log.add([...repeat(3, times(log, 1)), ...repeat(5, carried(log, before / 2))]);
  expect(neededRates(log.job().job, log.job().epoch!, fleet)).toEqual([before]);
});

it("a job that is placed again with corrected blocks is corrected by the same figure, and not by none", () => {
  const log = running();
  log.add([...slow(log, 2), committed(log, 10)]);
  exit(log, 69);
  log.add([{ kind: "submitted", job: trained() }], 60);
  log.decide();
  start(log);
  expect(log.job().epoch).toMatchObject({ number: 2, blockRatio: 2 });
  // As predicted now, which is twice as long as by the job's own figures.
  log.add(repeat(3, times(log, 1)));
  expect(log.job().blockRatio).toBe(2);
  expect(changes(log)).toEqual([]);
});
