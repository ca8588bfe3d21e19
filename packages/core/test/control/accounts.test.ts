// What jobs have used is the sum of the intervals in which nothing changed, whatever changes: the naive integral, second by
// second, of what each of its GPUs cost when it ran.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jobFootprint } from "../../src/control/accounts.ts";
import type { Fact } from "../../src/control/event.ts";
import { isActive, type State } from "../../src/control/state.ts";
import { unusedBy, usdSince, withUse } from "../../src/control/tenant-use.ts";
import { busyFacilityWatts, type Fleet } from "../../src/fleet/fleet.ts";
import { valueAt } from "../../src/fleet/series.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { type Plane, planeOf } from "../support/operations.ts";

const HOUR = 3600;
const submitted = (id: string, gpus: number): Fact => ({
  kind: "submitted",
  job: jobOf(id, { minGpus: gpus, maxGpus: gpus, layers: gpus, iterations: 1e6 }),
});
const price = (region: string, priceUsdPerKwh: number, observedAtSeconds: number): Fact => ({
  ...{ kind: "price-changed", region, priceUsdPerKwh, source: "test", observedAtSeconds },
});
const job = (plane: Plane, id: string) => plane.state().jobs.get(id)!;
describe("an epoch over a change of price", () => {
  // 4 GPUs of 300 W: 1.2 kW.
  const started = () => {
    const plane = planeOf();
    plane.at(
      0,
      { kind: "fleet-loaded", fleet: fleetOf([{ gpus: 4, price: 0.1 }], () => 0) },
      submitted("a", 4),
    );
    plane.start("a");
    return plane;
  };

  it("is paid at each price for as long as it held", () => {
    const plane = started();
    plane.at(HOUR, price("r0", 0.4, HOUR));
    plane.at(2 * HOUR, price("r0", 0.2, 2 * HOUR));
    plane.at(4 * HOUR, { kind: "held", jobId: "a" });
    plane.obey();
    expect(job(plane, "a").electricityUsd).toBeCloseTo(1.2 * (0.1 + 0.4 + 2 * 0.2), 12);
  });

  it("is paid at the file's price again when the observed one has expired", () => {
    const plane = started();
    plane.at(0, price("r0", 0.4, 0));
    plane.at(10 * HOUR, { kind: "held", jobId: "a" });
    plane.obey();
    expect(job(plane, "a").electricityUsd).toBeCloseTo(1.2 * (3 * 0.4 + 7 * 0.1), 12);
  });

  it("and of a fleet that is loaded meanwhile with another tariff", () => {
    const plane = started();
    plane.at(HOUR, { kind: "fleet-loaded", fleet: fleetOf([{ gpus: 4, price: 0.3 }], () => 0) });
    plane.at(3 * HOUR, { kind: "held", jobId: "a" });
    plane.obey();
    expect(job(plane, "a").electricityUsd).toBeCloseTo(1.2 * (0.1 + 2 * 0.3), 12);
  });

  it("has one interval where nothing changed: the bits are those of one integral", () => {
    const plane = started();
    plane.at(HOUR, { kind: "fleet-loaded", fleet: fleetOf([{ gpus: 8, price: 0.1 }], () => 0) });
    expect(job(plane, "a").epoch!.spent).toBeUndefined();
  });
});

describe("whatever prices, carbon intensities and fleets do", () => {
  const region = fc.constantFrom("r0", "r1");
  const value = fc.double({ min: -0.2, max: 0.9, noNaN: true });
  const step = fc.record({
    minutes: fc.integer({ min: 1, max: 300 }),
    what: fc.oneof(
      fc.record({ do: fc.constant("price" as const), region, value, age: fc.integer({ min: 0, max: 9000 }) }),
      fc.record({ do: fc.constant("carbon" as const), region, value, age: fc.constant(0) }),
      fc.record({ do: fc.constant("fleet" as const), price: value }),
      fc.record({ do: fc.constant("hold" as const), jobId: fc.constantFrom("a", "b") }),
      fc.record({ do: fc.constant("release" as const), jobId: fc.constantFrom("a", "b") }),
    ),
  });

  it("USD, kWh, grams and GPU seconds are the naive integral", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const fleet = (usd: number): Fleet =>
          fleetOf(
            [
              { gpus: 3, price: usd },
              { gpus: 3, price: 0.25 },
            ],
            () => 5,
          );
        const plane = planeOf();
        plane.at(0, { kind: "fleet-loaded", fleet: fleet(0.1) }, submitted("a", 2), submitted("b", 4));
        const naive = { a: zero(), b: zero() };
        let seconds = 0;
        for (const { minutes, what } of steps) {
          for (let minute = 0; minute < minutes; minute++, seconds += 60)
            for (const id of ["a", "b"] as const) addMinute(naive[id], plane.state(), id, seconds);
          const at = {
            source: "test",
            observedAtSeconds: Math.max(0, seconds - ("age" in what ? what.age : 0)),
          };
          // Whole minutes, so that the naive sum sees every change, also the one that an expiry makes.
          at.observedAtSeconds -= at.observedAtSeconds % 60;
          if (what.do === "price")
            plane.at(seconds, {
              kind: "price-changed",
              region: what.region,
              priceUsdPerKwh: what.value,
              ...at,
            });
          else if (what.do === "carbon")
            plane.at(seconds, {
              ...{
                kind: "carbon-changed",
                region: what.region,
                carbonGramsPerKwh: Math.abs(what.value) * 500,
                ...at,
              },
            });
          else if (what.do === "fleet") plane.at(seconds, { kind: "fleet-loaded", fleet: fleet(what.price) });
          else plane.at(seconds, { kind: what.do === "hold" ? "held" : "released", jobId: what.jobId });
          plane.obey();
        }
        for (const id of ["a", "b"] as const) {
          const known = job(plane, id);
          const sum = jobFootprint(known, isActive(known.phase), plane.state().fleet!, seconds);
          for (const field of ["electricityUsd", "energyKwh", "carbonGrams", "gpuSeconds"] as const)
            expect(sum[field]).toBeCloseTo(naive[id][field], 6);
        }
      }),
      { numRuns: 100 },
    );
  });

  const zero = () => ({ electricityUsd: 0, energyKwh: 0, carbonGrams: 0, gpuSeconds: 0 });

  function addMinute(
    sum: ReturnType<typeof zero>,
    { fleet, jobs }: State,
    id: string,
    seconds: number,
  ): void {
    const known = jobs.get(id)!;
    if (!isActive(known.phase)) return;
    known.epoch!.placement.regions.forEach((index, i) => {
      const gpus = known.epoch!.placement.gpus[i]!;
      const there = fleet!.regions[index]!;
      const kwh = (gpus * busyFacilityWatts(there)) / 60_000;
      sum.energyKwh += kwh;
      sum.electricityUsd += kwh * valueAt(there.tariff, seconds);
      sum.carbonGrams += there.carbon ? kwh * valueAt(there.carbon, seconds) : 0;
      sum.gpuSeconds += gpus * 60;
    });
  }
});

describe("what a tenant has used", () => {
  it("fades by half in a week, and money is kept for a day", () => {
    const day = 24 * HOUR;
    const interval = {
      gpus: 2,
      fromSeconds: 0,
      toSeconds: HOUR,
      usdOf: (from: number, to: number) => to - from,
    };
    const used = withUse(unusedBy("t", 0), interval);
    expect(used.gpuSeconds).toBeGreaterThan(7180);
    expect(used.gpuSeconds).toBeLessThan(7200);
    const nothing = { ...interval, gpus: 0, fromSeconds: 7 * day + HOUR, toSeconds: 7 * day + HOUR };
    expect(withUse(used, nothing).gpuSeconds).toBeCloseTo(used.gpuSeconds / 2, 6);
    expect(withUse(used, nothing).usdByHour).toEqual([]);
    expect(usdSince(used, HOUR - 1)).toBe(HOUR);
    expect(usdSince(used, HOUR)).toBe(0);
  });

  it("is the same in one interval or in many", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 30 }),
        (lengths) => {
          const usdOf = (start: number, end: number) => (end - start) / 1000;
          let [parts, atSeconds] = [unusedBy("t", 0), 0];
          for (const length of lengths) {
            parts = withUse(parts, { gpus: 3, fromSeconds: atSeconds, toSeconds: atSeconds + length, usdOf });
            atSeconds += length;
          }
          const whole = withUse(unusedBy("t", 0), { gpus: 3, fromSeconds: 0, toSeconds: atSeconds, usdOf });
          expect(parts.gpuSeconds).toBeCloseTo(whole.gpuSeconds, 3);
          expect(usdSince(parts, atSeconds - 24 * HOUR)).toBeCloseTo(
            usdSince(whole, atSeconds - 24 * HOUR),
            6,
          );
        },
      ),
    );
  });
});
