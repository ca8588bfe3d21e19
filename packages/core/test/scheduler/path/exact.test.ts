// The exact searches against brute force over every order of every subset, and small cases to read.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openLedger, reserve } from "../../../src/fleet/ledger.ts";
import { hopMatrices, isUsable } from "../../../src/scheduler/path/hops.ts";
import { quickestPaths } from "../../../src/scheduler/path/quickest.ts";
import { EXACT_REGIONS, subsetSums } from "../../../src/scheduler/path/subsets.ts";
import { widestPaths } from "../../../src/scheduler/path/widest.ts";
import { fleetOf } from "../../support/fleets.ts";
import { ascending, forEachPath, hopsOf, maskOf, type Network, networks } from "./networks.ts";

const RUNS = 10_000;
const residuals = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1e6 }));

/** Both tables of a network as plain values: the figure and the path of every subset. */
function tables({ hops }: Network, regions: readonly number[], need: number) {
  const widest = widestPaths(hops, regions);
  const quickest = quickestPaths(hops, regions, need);
  const masks = Array.from({ length: 1 << regions.length }, (_, mask) => mask);
  return {
    widest: masks.map((mask) => [widest.bottleneckBitsPerSecond[mask]!, widest.path(mask)]),
    quickest: masks.map((mask) => [quickest.roundTripSeconds[mask]!, quickest.path(mask)]),
  };
}

describe("exact path search", () => {
  it("finds what brute force finds in every subset, the lexicographically smallest path of equals", () => {
    let crossing = 0;
    fc.assert(
      fc.property(networks(7), residuals, (network, need) => {
        const regions = ascending(network.regions);
        const widest: [number, readonly number[] | undefined][] = [];
        const quickest: [number, readonly number[] | undefined][] = [];
        for (let mask = 0; mask < 1 << regions.length; mask++) {
          widest.push([0, undefined]);
          quickest.push([Number.POSITIVE_INFINITY, undefined]);
        }
        // Paths come lexicographically, so the first of equals stays.
        forEachPath(network, regions, 0, (path, bottleneck) => {
          const mask = maskOf(path, regions);
          if (bottleneck > widest[mask]![0]) widest[mask] = [bottleneck, [...path]];
        });
        forEachPath(network, regions, need, (path, _, seconds) => {
          const mask = maskOf(path, regions);
          if (seconds < quickest[mask]![0]) quickest[mask] = [seconds, [...path]];
          if (path.length > 2) crossing++;
        });
        expect(tables(network, network.regions, need)).toEqual({ widest, quickest });
      }),
      { numRuns: RUNS },
    );
    expect(crossing).toBeGreaterThan(RUNS); // the property was not vacuous
  });

  it("does not depend on the order in which regions are given, whatever the delays round to", () => {
    fc.assert(
      fc.property(
        networks(9),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        residuals,
        (network, scale, need) => {
          const roundTripSeconds = network.hops.roundTripSeconds.map((seconds) => seconds * scale);
          const scaled = { ...network, hops: { ...network.hops, roundTripSeconds } };
          const given = tables(scaled, scaled.regions, need);
          expect(tables(scaled, ascending(scaled.regions), need)).toEqual(given);
          expect(tables(scaled, [...scaled.regions].reverse(), need)).toEqual(given);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("leads around the hub trap: two regions whose hop is bad meet over the one between them", () => {
    // 24, 16 and 16 GPUs; hops 0–1 100, 0–2 60, 1–2 1 Gbit/s. Grown from the tail of 0–1, the third never joins.
    const gbps = [
      [0, 100, 60],
      [100, 0, 1],
      [60, 1, 0],
    ];
    const ledger = openLedger(fleetOf([{ gpus: 24 }, { gpus: 16 }, { gpus: 16 }], (a, b) => gbps[a]![b]!));
    const { regions, bottleneckBitsPerSecond, path } = widestPaths(hopMatrices(ledger), [2, 1, 0]);
    expect(regions).toEqual([0, 1, 2]);
    expect(path(0b111)).toEqual([1, 0, 2]);
    expect(bottleneckBitsPerSecond[0b111]).toBe(60e9);
    expect(bottleneckBitsPerSecond[0b110]).toBe(1e9);
    expect(bottleneckBitsPerSecond[0b001]).toBe(Number.POSITIVE_INFINITY);
    expect([...subsetSums(regions, ledger.freeGpus)]).toEqual([0, 24, 16, 40, 16, 40, 32, 56]);
  });

  it("takes the longer way where the direct hop is too narrow for the need", () => {
    const hops = hopsOf(
      3,
      (a, b) => (a === 2 && b === 0 ? 1e9 : 9e9),
      (a, b) => (a === 2 && b === 0 ? 0.01 : 0.1),
    );
    expect(quickestPaths(hops, [0, 1, 2], 1e9).path(0b111)).toEqual([0, 2, 1]);
    const narrow = quickestPaths(hops, [0, 1, 2], 2e9);
    expect(narrow.path(0b111)).toEqual([0, 1, 2]);
    expect(narrow.roundTripSeconds[0b111]).toBeCloseTo(0.2);
    expect(narrow.path(0b101)).toBeUndefined();
    expect(narrow.roundTripSeconds[0b101]).toBe(Number.POSITIVE_INFINITY);
  });

  it("crosses no hop without residual, even for a job that needs none", () => {
    const hops = hopsOf(2, () => 0);
    expect(quickestPaths(hops, [0, 1], 0).path(0b11)).toBeUndefined();
    expect(widestPaths(hops, [0, 1]).path(0b11)).toBeUndefined();
    expect(widestPaths(hops, [0, 1]).path(0b10)).toEqual([1]);
  });

  it("counts no hop as usable whose delay is not finite", () => {
    const hops = hopsOf(
      2,
      () => 9e9,
      () => Number.POSITIVE_INFINITY,
    );
    expect(isUsable(hops, 1, 1e9)).toBe(false);
    expect(quickestPaths(hops, [0, 1], 1e9).path(0b11)).toBeUndefined();
  });

  it("answers for no regions, and for as many as it takes, and refuses more, twins and strangers", () => {
    const hops = hopsOf(EXACT_REGIONS + 1, (a, b) => (a === b + 1 ? 7 : 3));
    expect(widestPaths(hops, []).path(0)).toBeUndefined();
    expect(quickestPaths(hops, [], 1).path(0)).toBeUndefined();
    const all = Array.from({ length: EXACT_REGIONS + 1 }, (_, region) => region);
    const most = all.slice(1);
    expect(widestPaths(hops, most).path((1 << EXACT_REGIONS) - 1)).toEqual(most);
    for (const search of [widestPaths, (h: typeof hops, r: number[]) => quickestPaths(h, r, 1)]) {
      expect(() => search(hops, all)).toThrow("14 at most");
      expect(() => search(hops, [1, 2, 1])).toThrow("not distinct regions");
      expect(() => search(hops, [0, 99])).toThrow("not distinct regions");
    }
  });
});

describe("hopMatrices", () => {
  it("takes the narrower direction less what is reserved, and both latencies", () => {
    const fleet = fleetOf([{ gpus: 4 }, { gpus: 4 }, { gpus: 4 }], (a, b) => (a + b === 3 ? 0 : 10), 0.02);
    const links = fleet.links.map((link) =>
      link.from === 1 ? { ...link, bandwidthBitsPerSecond: 6e9, latencySeconds: 0.05 } : link,
    );
    const ledger = openLedger({ ...fleet, links });
    reserve(ledger, { regions: [0, 1], gpus: [1, 1], hopBitsPerSecond: [4e9] });
    const before = hopMatrices(ledger);
    expect([...before.residualBitsPerSecond].map((bits) => bits / 1e9)).toEqual([
      0, 2, 10, 2, 0, 0, 10, 0, 0,
    ]);
    expect(before.roundTripSeconds[1]).toBeCloseTo(0.07);
    expect(before.roundTripSeconds[3]).toBe(before.roundTripSeconds[1]);
    reserve(ledger, { regions: [1, 0], gpus: [1, 1], hopBitsPerSecond: [2e9] });
    expect(before.residualBitsPerSecond[1]).toBe(2e9);
    expect(hopMatrices(ledger).residualBitsPerSecond[1]).toBe(0);
  });
});
