// Prices and carbon intensities that somebody published of a time to come, and power that somebody measured. Invented figures.
import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/control/event.ts";
import { type InputFact, seriesProvenance } from "../../src/control/inputs.ts";
import { unsoundInput, unsoundTime } from "../../src/control/sound-input.ts";
import { fromSnapshot, toSnapshot } from "../../src/control/state.ts";
import { integral, type Series, valueAt } from "../../src/fleet/series.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { planeOf, replayed } from "../support/operations.ts";

const fleet = fleetOf(
  [
    { gpus: 4, price: 0.2 },
    { gpus: 4, price: 0.21 },
  ],
  () => 5,
);
const loaded: Fact = { kind: "fleet-loaded", fleet };
const HOUR = 3600;
const by = (observedAtSeconds: number) => ({ source: "auction", observedAtSeconds });
/** Quarters of an hour from a time on. */
const curve = (fromSeconds: number, values: readonly number[], observedAtSeconds = 0): InputFact => ({
  ...{ kind: "price-curve", region: "r0", values },
  fromSeconds: values.map((_, i) => fromSeconds + i * 900),
  untilSeconds: fromSeconds + values.length * 900,
  ...by(observedAtSeconds),
});
const figure = (priceUsdPerKwh: number, observedAtSeconds: number): InputFact => ({
  ...{ kind: "price-changed", region: "r0", priceUsdPerKwh, source: "meter", observedAtSeconds },
});
const planeWith = (...facts: readonly Fact[]) => {
  const plane = planeOf();
  plane.at(0, loaded, ...facts);
  return plane;
};
type Plane = ReturnType<typeof planeOf>;
const priceAt = (plane: Plane, seconds: number) => valueAt(plane.state().fleet!.regions[0]!.tariff, seconds);
const sourceAt = (plane: Plane, seconds: number) =>
  seriesProvenance("price", plane.state().changes.regions[0]!, seconds).source;

describe("a curve of prices", () => {
  it("is known before it begins, holds step by step, and gives way to the file's when it ends", () => {
    const plane = planeWith(curve(HOUR, [0.1, 0.3, -0.05, 0.2]));
    const times = [0, HOUR - 1, HOUR, HOUR + 899, HOUR + 900, HOUR + 1800, 2 * HOUR - 1, 2 * HOUR];
    expect(times.map((at) => priceAt(plane, at))).toEqual([0.2, 0.2, 0.1, 0.1, 0.3, -0.05, 0.2, 0.2]);
    expect([0, HOUR, 2 * HOUR].map((at) => sourceAt(plane, at))).toEqual(["default", "auction", "default"]);
  });

  it("is paid as it was: over its beginning, its steps and its end", () => {
    const plane = planeWith(curve(HOUR, [0.1, 0.3, -0.05, 0.2]));
    const { tariff } = plane.state().fleet!.regions[0]!;
    expect(integral(tariff, 0, 3 * HOUR)).toBeCloseTo(2 * HOUR * 0.2 + 900 * (0.1 + 0.3 - 0.05 + 0.2), 9);
    expect(integral(tariff, HOUR + 450, HOUR + 1350)).toBeCloseTo(450 * (0.1 + 0.3), 9);
    expect(integral(tariff, 0, 60)).toBeCloseTo(12, 9);
    expect(integral(tariff, 4 * HOUR, 5 * HOUR)).toBeCloseTo(720, 9);
  });

  it("lies below a figure that was said later, and above one that was said earlier", () => {
    const above = planeWith(curve(0, [0.1, 0.1, 0.1, 0.1], 0), figure(0.5, 10));
    expect([priceAt(above, 60), sourceAt(above, 60)]).toEqual([0.5, "meter"]);
    const below = planeWith(figure(0.5, 0), curve(0, [0.1, 0.1], 10));
    expect([priceAt(below, 60), sourceAt(below, 60)]).toEqual([0.1, "auction"]);
    // When the later one is over the earlier one still holds, for as long as it lives.
    expect([priceAt(below, HOUR), sourceAt(below, HOUR)]).toEqual([0.5, "meter"]);
    expect(sourceAt(below, 3 * HOUR)).toBe("default");
  });

  it("that says the same again is no news; one that says more replaces it; an older one does not", () => {
    const plane = planeWith(curve(0, [0.1, 0.3]));
    const { changes } = plane.state();
    plane.at(100, curve(0, [0.1, 0.3], 100));
    expect(plane.state().changes).toBe(changes);
    plane.at(200, curve(0, [0.1, 0.3, 0.4], 200));
    expect(priceAt(plane, 1800)).toBe(0.4);
    plane.at(300, curve(0, [0.1, 0.3, 0.9], 150));
    expect(priceAt(plane, 1800)).toBe(0.4);
  });

  it("moves placement: the same job goes where the hour is cheap", () => {
    const placedAt = (seconds: number) => {
      const plane = planeWith(curve(0, [0.1, 0.4]));
      plane.at(seconds, { kind: "submitted", job: jobOf("a", { minGpus: 4, maxGpus: 4, iterations: 10 }) });
      return plane.state().jobs.get("a")!.epoch!.placement.regions;
    };
    expect([placedAt(0), placedAt(900)]).toEqual([[0], [1]]);
  });

  it("survives a snapshot and a replay, and is the file's again when the file says something else", () => {
    const plane = planeWith(curve(HOUR, [0.1, 0.3], 1), figure(0.3, 0));
    const snapshot = JSON.parse(JSON.stringify(toSnapshot(plane.state())));
    expect(toSnapshot(fromSnapshot(snapshot))).toEqual(snapshot);
    expect(fromSnapshot(snapshot).fleet).toEqual(plane.state().fleet);
    expect(toSnapshot(replayed(plane.events))).toEqual(snapshot);
    plane.at(10, loaded);
    expect(priceAt(plane, HOUR)).toBe(0.1);
    const dearer = fleetOf([{ gpus: 4, price: 0.25 }, { gpus: 4 }], () => 5);
    plane.at(20, { kind: "fleet-loaded", fleet: dearer });
    expect(priceAt(plane, HOUR)).toBe(0.25);
  });
});

describe("a curve of carbon intensities", () => {
  it("is of a region of which the file says nothing too", () => {
    const fact = { ...curve(0, [100, 300]), kind: "carbon-curve" } as InputFact;
    const { carbon } = planeWith(fact).state().fleet!.regions[0]!;
    expect([0, 900, 1800].map((at) => valueAt(carbon as Series, at))).toEqual([100, 300, 0]);
  });
});

describe("measured power", () => {
  it("is what a busy GPU of the region draws, from then on, and what was used before is paid as it was", () => {
    const plane = planeWith();
    plane.at(0, { kind: "submitted", job: jobOf("a", { minGpus: 4, maxGpus: 4, iterations: 1e5 }) });
    plane.start("a");
    plane.at(100, { kind: "power-changed", region: "r0", busyWatts: 150, ...by(100) });
    plane.at(300, { kind: "cancel-requested", jobId: "a" });
    plane.obey();
    expect(plane.state().jobs.get("a")!.energyKwh).toBeCloseTo((4 * (300 * 100 + 150 * 200)) / 3.6e6, 9);
    expect(plane.state().fleet!.regions[0]!.gpuType.busyWatts).toBe(300);
  });
});

describe("what cannot be", () => {
  const with_ = (fields: object) => ({ ...curve(0, [0.1, 0.2]), ...fields }) as InputFact;
  it.each<[string, InputFact, string]>([
    ["prices per MWh", curve(0, [80, 90]), "values"],
    ["no values", curve(0, []), "values"],
    ["fewer values than times", with_({ values: [0.1] }), "values"],
    ["times that run backwards", with_({ fromSeconds: [900, 0] }), "fromSeconds"],
    ["an end before the last step", with_({ untilSeconds: 900 }), "fromSeconds"],
    ["a curve of nine days", with_({ untilSeconds: 9 * 86_400 }), "untilSeconds"],
    ["a time that is none", with_({ fromSeconds: [0, Number.NaN] }), "fromSeconds"],
    ["a value that is none", curve(0, [0.1, Number.NaN]), "values"],
    ["power of nothing", { kind: "power-changed", region: "r0", busyWatts: 0, ...by(0) }, "busyWatts"],
    [
      "a blank of DCGM",
      { kind: "power-changed", region: "r0", busyWatts: 2147483632, ...by(0) },
      "busyWatts",
    ],
  ])("%s is refused with the reason", (_, fact, field) => {
    expect(unsoundInput(fleet, fact, 0)).toMatchObject({ code: "impossible-value", field });
  });

  it("a curve that is over is too late, one that is not is never too old", () => {
    expect(unsoundTime(curve(0, [0.1]), 900)).toMatchObject({ code: "impossible-time" });
    expect(unsoundTime(curve(0, Array(96).fill(0.1)), 80_000)).toBeUndefined();
    const power: InputFact = { kind: "power-changed", region: "r0", busyWatts: 300, ...by(0) };
    expect(unsoundTime(power, 86_400)).toMatchObject({ code: "impossible-time" });
    expect(unsoundTime(power, 80_000)).toBeUndefined();
  });
});
