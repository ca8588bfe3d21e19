// Invariants over random fleets and workloads, for every policy: the simulator runs the service's own reducer, policy
// and reconciler, and is looked at after every instant.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { State } from "../../src/control/state.ts";
import { neededBitsPerSecond } from "../../src/cost/gpu-count.ts";
import { placementFootprint } from "../../src/cost/money.ts";
import { type Fleet, topologyOf } from "../../src/fleet/fleet.ts";
import { openLedger, type Placement, placedGpus, release, reserve } from "../../src/fleet/ledger.ts";
import { flat, valueAt } from "../../src/fleet/series.ts";
import { costMinSplit } from "../../src/scheduler/bace/allocator.ts";
import { createPolicy, POLICIES, type PolicyName } from "../../src/scheduler/registry.ts";
import { simulate } from "../../src/simulator/engine.ts";
import { fleets, gpu, workloads } from "../support/fleets.ts";

const RUNS = 1000;

describe.each(Object.keys(POLICIES) as PolicyName[])("%s on random fleets and workloads", (name) => {
  it("keeps every GPU and link within capacity, balances its ledger and ends every job", () => {
    fc.assert(
      fc.property(
        fleets,
        workloads,
        fc.constantFrom("overlapped", "serial", "1f1b", "auto"),
        (fleet, jobs, timeModel) => {
          let last: State | undefined;
          const result = simulate({
            fleet,
            jobs,
            policy: createPolicy(name),
            timeModel: timeModel as "overlapped",
            onInstant: (state) => {
              last = state;
              checkCapacity(state, fleet);
            },
          });
          // Everything is given back, exactly: reservations are integers.
          expect([...last!.ledger!.freeGpus]).toEqual(fleet.regions.map(({ gpus }) => gpus));
          expect([...last!.ledger!.reservedBitsPerSecond].every((held) => held === 0)).toBe(true);
          for (const job of result.jobs) {
            const { maxGpus, minGpus } = jobs.find(({ id }) => id === job.id)!;
            if (job.outcome === "infeasible") {
              const known = last!.jobs.get(job.id)!;
              const [candidate] = known.infeasibleWhy!.candidates;
              expect(known.infeasibleWhy!.candidates.every(({ outcome }) => outcome === "too-few-gpus")).toBe(
                true,
              );
              expect(candidate === undefined || candidate.gpus < minGpus).toBe(true);
            } else {
              expect(job.outcome).toBe("finished");
              const gpus = job.placement.reduce((sum, part) => sum + part.gpus, 0);
              expect(gpus).toBeGreaterThanOrEqual(minGpus);
              expect(gpus).toBeLessThanOrEqual(maxGpus);
            }
          }
        },
      ),
      { numRuns: RUNS },
    );
  }, 120_000);
});

describe("bace", () => {
  it("places no job over a hop that fails A/b ≤ F/k, or that had not that much left", () => {
    let hops = 0;
    fc.assert(
      fc.property(fleets, workloads, (fleet, jobs) => {
        simulate({
          fleet,
          jobs,
          policy: createPolicy("bace"),
          timeModel: "overlapped",
          onInstant: (state) => {
            for (const id of state.active) {
              const { job, epoch } = state.jobs.get(id)!;
              const gpus = placedGpus(epoch!.placement);
              for (const held of epoch!.placement.hopBitsPerSecond) {
                hops++;
                const messageSeconds = (8 * job.activationBytes) / held;
                const forwardSeconds = job.work.kind === "seconds" ? job.work.forwardSeconds : Number.NaN;
                expect(messageSeconds).toBeLessThanOrEqual((forwardSeconds / gpus) * (1 + 1e-9));
                expect(held).toBe(neededBitsPerSecond(job, gpu, gpus, "forward"));
              }
            }
          },
        });
      }),
      { numRuns: RUNS },
    );
    expect(hops).toBeGreaterThan(RUNS / 10); // the property was not vacuous
  }, 120_000);

  it("splits GPUs over a path no dearer than any other split (brute force)", () => {
    let splits = 0;
    fc.assert(
      fc.property(
        fleets,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 40_000 }),
        (fleet, want, now) => {
          const ledger = openLedger(fleet);
          const path = fleet.regions
            .map((_, region) => region)
            .filter((region) => ledger.freeGpus[region]! > 0);
          const free = path.map((region) => ledger.freeGpus[region]!);
          const gpus = Math.min(
            want,
            free.reduce((sum, n) => sum + n, 0),
          );
          if (path.length === 0 || gpus < path.length) return;
          const usdOfHour = (split: readonly number[]) => {
            const placement = { regions: path, gpus: split, hopBitsPerSecond: path.slice(1).map(() => 0) };
            return placementFootprint(flatAt(fleet, now), placement, now, now + 3600).electricityUsd;
          };
          const ours = usdOfHour(costMinSplit(ledger, path, gpus, now));
          for (const other of allSplits(free, gpus)) {
            splits++;
            expect(ours).toBeLessThanOrEqual(usdOfHour(other) + 1e-9);
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(splits).toBeGreaterThan(RUNS);
  }, 120_000);
});

describe("the ledger", () => {
  it("is as it was after any reservations are released in any order", () => {
    fc.assert(
      fc.property(
        fleets,
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat())),
        fc.nat(),
        (fleet, picks, order) => {
          const ledger = openLedger(fleet);
          const held: Placement[] = [];
          for (const [a, b, size] of picks) {
            const regions = [...new Set([a % fleet.regions.length, b % fleet.regions.length])];
            const hops = regions.length - 1;
            const placement = {
              regions,
              gpus: regions.map(() => 1 + (size % 4)),
              hopBitsPerSecond: Array(hops).fill(size),
            };
            try {
              reserve(ledger, placement);
              held.push(placement);
            } catch {
              // Full: the ledger refuses, and must not have changed.
            }
          }
          held.sort(
            (x, y) =>
              ((x.hopBitsPerSecond[0] ?? 0) % (order + 2)) - ((y.hopBitsPerSecond[0] ?? 0) % (order + 2)),
          );
          for (const placement of held) release(ledger, placement);
          expect({ ...ledger, changes: 0 }).toEqual(openLedger(fleet));
        },
      ),
      { numRuns: RUNS },
    );
  });
});

/** Plain comparisons, not `expect`: this runs some hundred thousand times. */
function checkCapacity({ ledger, seq }: State, fleet: Fleet): void {
  const { bandwidthBitsPerSecond } = topologyOf(fleet);
  const within = (values: Int32Array | Float64Array, most: (index: number) => number) =>
    values.every((value: number, index: number) => value >= 0 && value <= most(index));
  if (!within(ledger!.freeGpus, (region) => fleet.regions[region]!.gpus)) {
    throw new Error(`GPUs beyond capacity after event ${seq}: ${ledger!.freeGpus}`);
  }
  if (!within(ledger!.reservedBitsPerSecond, (link) => bandwidthBitsPerSecond[link]!)) {
    throw new Error(`links beyond capacity after event ${seq}: ${ledger!.reservedBitsPerSecond}`);
  }
}

/** The fleet with each price held at its value of an instant: what the allocator looks at. */
function flatAt(fleet: Fleet, atSeconds: number): Fleet {
  return {
    ...fleet,
    regions: fleet.regions.map((region) => {
      if (region.tariff.kind === "flat") return region;
      return { ...region, tariff: flat(valueAt(region.tariff, atSeconds)) };
    }),
  };
}

/** Every way to put `gpus` on a path, at least one and at most `free` in each region. */
function allSplits(free: readonly number[], gpus: number): number[][] {
  const [first, ...rest] = free;
  if (first === undefined) return gpus === 0 ? [[]] : [];
  const splits: number[][] = [];
  for (let n = 1; n <= Math.min(first, gpus); n++) {
    for (const tail of allSplits(rest, gpus - n)) splits.push([n, ...tail]);
  }
  return splits;
}
