// The beam: whatever it returns is a path, and with room for everything it misses none.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BeamPath, beamPaths } from "../../../src/scheduler/path/beam.ts";
import { isUsable } from "../../../src/scheduler/path/hops.ts";
import { quickestPaths } from "../../../src/scheduler/path/quickest.ts";
import { ascending, hopsOf, maskOf, networks } from "./networks.ts";

const needs = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1e6 }));

describe("beam path search", () => {
  it("returns paths of the regions asked for, each hop wide enough, no set twice, no more than it may", () => {
    let crossing = 0;
    fc.assert(
      fc.property(
        networks(20),
        needs,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 8 }),
        ({ hops, regions, freeGpus }, need, width, maxLength) => {
          const paths = beamPaths(hops, regions, freeGpus, need, { width, maxLength });
          expect(paths.length).toBeLessThanOrEqual(regions.length + width * (maxLength - 1));
          expect(new Set(paths.map((path) => ascending(path.regions).join())).size).toBe(paths.length);
          for (const path of paths) {
            expect(path.regions.length).toBeLessThanOrEqual(maxLength);
            expect(new Set(path.regions).size).toBe(path.regions.length);
            expect(path.regions[0]).toBeLessThanOrEqual(path.regions.at(-1)!);
            let seconds = 0;
            path.regions.forEach((region, i) => {
              expect(regions).toContain(region);
              expect(freeGpus[region]).toBeGreaterThan(0);
              if (i === 0) return;
              const hop = path.regions[i - 1]! * hops.regionCount + region;
              expect(isUsable(hops, hop, need)).toBe(true);
              expect(hops.residualBitsPerSecond[hop]).toBeGreaterThanOrEqual(need);
              seconds += hops.roundTripSeconds[hop]!;
              crossing++;
            });
            expect(path.roundTripSeconds).toBe(seconds);
            expect(path.gpus).toBe(path.regions.reduce((sum, region) => sum + freeGpus[region]!, 0));
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(crossing).toBeGreaterThan(300); // the property was not vacuous
  });

  it("with room for everything finds the quickest path of every subset", () => {
    fc.assert(
      fc.property(networks(7, 1), needs, ({ hops, regions, freeGpus }, need) => {
        const exact = quickestPaths(hops, regions, need);
        const expected = [...exact.roundTripSeconds.entries()].filter(
          ([, seconds]) => seconds < Number.POSITIVE_INFINITY,
        );
        const paths = beamPaths(hops, regions, freeGpus, need, { width: 1000, maxLength: 7 });
        const found = paths.map(
          (path) => [maskOf(path.regions, exact.regions), path.roundTripSeconds] as const,
        );
        expect([...found].sort(([a], [b]) => a - b)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("lists first the paths that no other beats in both GPUs and delay, most GPUs first", () => {
    fc.assert(
      fc.property(networks(9), needs, ({ hops, regions, freeGpus }, need) => {
        const paths = beamPaths(hops, regions, freeGpus, need, { width: 8, maxLength: 6 });
        const beaten = ({ gpus, roundTripSeconds }: BeamPath) =>
          paths.some(
            (other) =>
              other.gpus >= gpus &&
              other.roundTripSeconds <= roundTripSeconds &&
              (other.gpus > gpus || other.roundTripSeconds < roundTripSeconds),
          );
        const front = paths.filter((path) => !beaten(path));
        expect(paths.slice(0, front.length)).toEqual(front);
        expect(front).toEqual([...front].sort((a, b) => b.gpus - a.gpus));
      }),
      { numRuns: 300 },
    );
  });

  it("does not depend on the order in which regions are given", () => {
    fc.assert(
      fc.property(networks(20), needs, ({ hops, regions, freeGpus }, need) => {
        const search = (order: readonly number[]) =>
          beamPaths(hops, order, freeGpus, need, { width: 8, maxLength: 6 });
        expect(search([...regions].reverse())).toEqual(search(regions));
        expect(search(ascending(regions))).toEqual(search(regions));
      }),
      { numRuns: 100 },
    );
  });

  it("grows a chain from its middle, and leaves out regions that have nothing free", () => {
    // Regions in a row, only neighbours linked; the one with most GPUs in the middle.
    const hops = hopsOf(30, (a, b) => (a === b + 1 ? 1e9 : 0));
    const gpus = hops.residualBitsPerSecond
      .subarray(0, 30)
      .map((_, region) => (region === 25 ? 0 : 30 - Math.abs(15 - region)));
    const all = Array.from(gpus.keys());
    const [best] = beamPaths(hops, all, gpus, 1e9, { width: 2, maxLength: 5 });
    expect(best!.regions).toEqual([13, 14, 15, 16, 17]);
    expect(best!.roundTripSeconds).toBeCloseTo(0.4);
    const whole = beamPaths(hops, all, gpus, 1e9, { width: 2, maxLength: 30 });
    expect(whole[0]!.regions).toEqual(all.slice(0, 25));
    expect(beamPaths(hops, all, gpus, 2e9, { width: 2, maxLength: 30 }).length).toBe(29);
  });
});
