// Figures that somebody observed: how long they count, what is planned with, and what is shown of them.
import { describe, expect, it } from "vitest";
import { estimatedLedger, nextExpirySeconds } from "../../src/control/estimated.ts";
import type { Fact } from "../../src/control/event.ts";
import type { InputFact } from "../../src/control/inputs.ts";
import { unsoundInput, unsoundTime } from "../../src/control/sound-input.ts";
import { viewOf } from "../../src/control/view.ts";
import { plannedBitsPerSecond, provenanceOf, TIME_TO_LIVE_SECONDS } from "../../src/fleet/freshness.ts";
import { integral, type Series, valueAt } from "../../src/fleet/series.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { planeOf } from "../support/operations.ts";

const fleet = fleetOf([{ gpus: 4 }, { gpus: 4 }], () => 5);
const loaded: Fact = { kind: "fleet-loaded", fleet };
const by = (observedAtSeconds: number) => ({ source: "probe", observedAtSeconds });
const link = (gbps: number, atSeconds: number): InputFact => ({
  ...{ kind: "link-changed", from: "r0", to: "r1", bandwidthBitsPerSecond: gbps * 1e9, ...by(atSeconds) },
});
const planned = (plane: ReturnType<typeof planeOf>, seconds: number) =>
  estimatedLedger(plane.state(), seconds).fleet.links[0]!.bandwidthBitsPerSecond / 1e9;

describe("bandwidth for planning", () => {
  it("is a lower quantile whose margin grows with age, down to half", () => {
    const share = (age: number) => plannedBitsPerSecond(1e9, age) / 1e9;
    expect(share(0)).toBeCloseTo(0.936, 3);
    expect(share(1800)).toBeCloseTo(0.808, 3);
    const ages = [0, 300, 600, 900, 1200, 1500, 1800, 1e6];
    for (const [i, age] of ages.entries()) if (i > 0) expect(share(age)).toBeLessThan(share(ages[i - 1]!));
    expect(share(1e9)).toBe(0.5);
    expect(plannedBitsPerSecond(1, 0)).toBe(1);
  });

  it("is the file's figure, to the bit, where nobody observed anything", () => {
    const plane = planeOf();
    plane.at(0, loaded);
    expect(estimatedLedger(plane.state(), 1e6)).toBe(plane.state().ledger);
    expect(plane.state().ledger!.fleet).toBe(plane.state().fleet);
    expect(viewOf(plane.state(), 0, "1f1b")!.tenancy).toBeUndefined();
  });

  it("is the file's again when what was observed has expired", () => {
    const plane = planeOf();
    plane.at(100, loaded, link(2, 100));
    expect(planned(plane, 100)).toBeCloseTo(2 * 0.936, 6);
    expect(nextExpirySeconds(plane.state(), 100)).toBe(400);
    expect(planned(plane, 1800)).toBeLessThan(2 * 0.85);
    expect(planned(plane, 100 + TIME_TO_LIVE_SECONDS.link)).toBe(5);
    expect(nextExpirySeconds(plane.state(), 5000)).toBeUndefined();
  });

  it("that was once more than the file's keeps no job waiting that never fits", () => {
    const plane = planeOf();
    plane.at(0, loaded);
    plane.at(1, link(9, 1));
    const tooLarge = jobOf("a", { minGpus: 9, maxGpus: 9, layers: 9 });
    plane.at(1e5, { kind: "submitted", job: tooLarge });
    expect(plane.state().jobs.get("a")!.phase).toBe("infeasible");
  });

  it("that is less than the file's keeps it waiting: nobody knows yet", () => {
    const plane = planeOf();
    plane.at(0, loaded, link(1, 0));
    plane.at(1, { kind: "submitted", job: jobOf("a", { minGpus: 9, maxGpus: 9, layers: 9 }) });
    expect(plane.state().jobs.get("a")!.phase).toBe("queued");
    plane.at(TIME_TO_LIVE_SECONDS.link, { kind: "region-cordoned", region: "r0" });
    plane.at(TIME_TO_LIVE_SECONDS.link + 1, { kind: "region-uncordoned", region: "r0" });
    expect(plane.state().jobs.get("a")!.phase).toBe("infeasible");
  });

  it("may be more than the file's, and a reservation of it stays good when it expires", () => {
    const thin = fleetOf([{ gpus: 4 }, { gpus: 4 }], () => 0.5);
    const plane = planeOf();
    plane.at(0, { kind: "fleet-loaded", fleet: thin });
    plane.at(1, link(5, 1), { ...link(5, 1), from: "r1", to: "r0" } as Fact);
    plane.at(2, { kind: "submitted", job: jobOf("a", { minGpus: 8, maxGpus: 8, layers: 8 }) });
    const [reserved] = plane.state().jobs.get("a")!.epoch!.placement.hopBitsPerSecond;
    expect(reserved).toBeGreaterThan(0.5e9);
    plane.at(1e5, { kind: "region-cordoned", region: "r0" }, { kind: "region-uncordoned", region: "r0" });
    plane.end("a");
    expect([...plane.state().ledger!.reservedBitsPerSecond]).toEqual([0, 0, 0, 0]);
  });

  it("does not believe an older figure over a newer one", () => {
    const plane = planeOf();
    plane.at(100, loaded, link(2, 90), link(4, 80));
    expect(planned(plane, 100)).toBeCloseTo(2 * 0.936, 6);
  });
});

describe("a figure that is shown", () => {
  it("says its source and age, or that it is the default", () => {
    expect(provenanceOf("price", by(100), 160)).toEqual({
      source: "probe",
      ageSeconds: 60,
      isDefault: false,
    });
    const expired = { source: "default", ageSeconds: null, isDefault: true };
    expect(provenanceOf("price", by(100), 100 + TIME_TO_LIVE_SECONDS.price)).toEqual(expired);
    expect(provenanceOf("link", undefined, 0)).toEqual(expired);
  });
});

describe("a series with an observed value", () => {
  it("is that value until it expires, then what would hold without it", () => {
    const then: Series = { kind: "steps", fromSeconds: [0, 100], values: [1, 3] };
    const series: Series = { kind: "until", value: 10, untilSeconds: 50, then };
    expect([0, 49, 50, 100].map((at) => valueAt(series, at))).toEqual([10, 10, 1, 3]);
    expect(integral(series, 0, 200)).toBe(50 * 10 + 50 * 1 + 100 * 3);
    expect(integral(series, 60, 80)).toBe(20);
    expect(integral(series, 20, 30)).toBe(100);
  });
});

describe("what cannot be", () => {
  const price = (priceUsdPerKwh: number): InputFact => ({
    ...{ kind: "price-changed", region: "r0", priceUsdPerKwh, ...by(0) },
  });
  it.each<[string, InputFact, string]>([
    ["NaN", price(Number.NaN), "impossible-value"],
    ["a price per MWh", price(200), "impossible-value"],
    ["no bandwidth", link(0, 0), "impossible-value"],
    ["a hundredth and less of a link", link(0.049, 0), "impossible-value"],
    ["Mbit/s for Gbit/s", link(5000, 0), "impossible-value"],
    [
      "a negative latency",
      { kind: "link-changed", from: "r0", to: "r1", latencySeconds: -1, ...by(0) },
      "impossible-value",
    ],
    ["nothing", { kind: "link-changed", from: "r0", to: "r1", ...by(0) }, "impossible-value"],
    [
      "no such link",
      { kind: "link-changed", from: "r0", to: "r9", latencySeconds: 1, ...by(0) },
      "unknown-link",
    ],
    ["no such region", { kind: "capacity-changed", region: "r9", gpus: 1 }, "unknown-region"],
    ["negative GPUs", { kind: "capacity-changed", region: "r0", gpus: -1 }, "impossible-value"],
    [
      "negative carbon",
      { kind: "carbon-changed", region: "r0", carbonGramsPerKwh: -1, ...by(0) },
      "impossible-value",
    ],
    ["a source of two lines", { ...price(0.2), source: "a\nb" } as InputFact, "impossible-value"],
  ])("%s is refused with the reason", (_, fact, code) => {
    expect(unsoundInput(fleet, fact, 0)).toMatchObject({ code });
  });

  it("negative prices and prices near 0 can", () => {
    for (const usd of [-0.5, 0, 1e-9, 19.9]) expect(unsoundInput(fleet, price(usd), 0)).toBeUndefined();
  });

  it("an observation of the future, or one too old to count, is refused", () => {
    const at = (seconds: number) =>
      unsoundTime({ ...price(0.2), observedAtSeconds: seconds } as InputFact, 1e6);
    expect(at(1e6 + 61)).toMatchObject({ code: "impossible-time" });
    expect(at(1e6 - TIME_TO_LIVE_SECONDS.price)).toMatchObject({ code: "impossible-time" });
    expect(at(Number.NaN)).toMatchObject({ code: "impossible-time" });
    expect(at(1e6 + 60)).toBeUndefined();
    expect(at(1e6 - 60)).toBeUndefined();
  });
});
