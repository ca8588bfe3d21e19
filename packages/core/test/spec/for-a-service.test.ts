// A scenario that a service loads: what only a simulation can do is left out.
import { describe, expect, it } from "vitest";
import { BASE, complaints, read, withPrice } from "../support/moving-scenario.ts";

describe("for a service", () => {
  const text = `${withPrice("{csv: prices.csv, column: NL_usd_per_mwh, startAt: 2024-03-01}")}
disruptions: [{atSeconds: 5, price: {region: west, priceUsdPerKwh: 7}}]
failures: {gpuHoursBetween: 500, checkpointIterations: 20}
arrivals: {atOnce: true}
trace: {file: not-there.csv}
`;

  it("what only a simulation can do is left out and named", () => {
    const scenario = read(text, { purpose: "service" });
    expect(scenario.simulationOnly).toEqual([
      ...["disruptions", "failures", "arrivals", "trace"],
      "regions[0].priceUsdPerKwh.startAt",
    ]);
    expect(scenario).toMatchObject({ disruptions: [], jobs: [] });
    expect(scenario).not.toHaveProperty("failures");
    expect(scenario.fleet.regions[1]!.tariff).toEqual({ kind: "flat", value: 0.1 });
    expect(read(BASE, { purpose: "service" }).simulationOnly).toEqual([]);
  });

  it("series stand at the time that they were published for, and say which that is", () => {
    const { fleet, warnings } = read(text, { purpose: "service" });
    expect(fleet.regions[0]!.tariff).toMatchObject({ startSeconds: Date.UTC(2024, 2, 1) / 1000 });
    expect(warnings).toMatchObject([
      { code: "series-window", message: /2024-03-01 00:00 to 2024-03-01 04:00 UTC/ },
    ]);
  });

  it("what is wrong there is wrong all the same", () => {
    const [complaint] = complaints(text.replace("region: west", "region: wets"), { purpose: "service" });
    expect(complaint).toMatchObject({ code: "unknown-region", line: 11 });
  });
});
