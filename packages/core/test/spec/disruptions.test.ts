// What a scenario may say of things that go wrong or change: disruptions and failures.
import { describe, expect, it } from "vitest";
import { integral, valueAt } from "../../src/fleet/series.ts";
import { BASE, complaints, job, read, unmarked, withPrice } from "../support/moving-scenario.ts";

describe("disruptions", () => {
  it("become the simulator's, with regions by index and quantities in base units", () => {
    const { disruptions } = read(`${BASE}disruptions:
  - {atSeconds: 1 h, capacity: {region: west, gpus: 2}}
  - {atSeconds: 2 h, link: {from: east, to: west, both: true, bandwidthBitsPerSecond: 1 Gbit/s}}
  - {atSeconds: 2 h, link: {from: east, to: far, latencySeconds: 90 ms}}
  - {atSeconds: 3 h, outage: {region: far, downSeconds: 30 min}}
`);
    expect(disruptions).toEqual([
      { kind: "capacity", atSeconds: 3600, region: 1, gpus: 2 },
      { kind: "link", atSeconds: 7200, from: 0, to: 1, bandwidthBitsPerSecond: 1e9 },
      { kind: "link", atSeconds: 7200, from: 1, to: 0, bandwidthBitsPerSecond: 1e9 },
      { kind: "link", atSeconds: 7200, from: 0, to: 2, latencySeconds: 0.09 },
      { kind: "outage", atSeconds: 10_800, region: 2, downSeconds: 1800 },
    ]);
  });

  it("of price become part of the tariff, and hold from then on", () => {
    const { disruptions, fleet } = read(`${BASE}disruptions:
  - {atSeconds: 100, price: {region: east, priceUsdPerKwh: 500 USD/MWh}}
  - {atSeconds: 300, price: {region: east, priceUsdPerKwh: -0.1}}
`);
    expect(disruptions).toEqual([]);
    const { tariff } = fleet.regions[0]!;
    expect([0, 99, 100, 299, 300, 1e6].map((at) => valueAt(tariff, at))).toEqual([
      0.2, 0.2, 0.5, 0.5, -0.1, -0.1,
    ]);
    expect(integral(tariff, 50, 350)).toBeCloseTo(50 * 0.2 + 200 * 0.5 - 50 * 0.1, 12);
    expect(fleet.regions[1]!.tariff).toEqual({ kind: "flat", value: 0.1 });
  });

  it("of price cut an hourly tariff off at their instant, also in the middle of an hour or before its first", () => {
    const hourly = "{startSeconds: 0, stepSeconds: 3600, pricesUsdPerKwh: [0.1, 0.2, 0.3]}";
    const change = (atSeconds: number) =>
      `disruptions: [{atSeconds: ${atSeconds}, price: {region: east, priceUsdPerKwh: 9}}]\n`;
    const tariffOf = (text: string) => read(text).fleet.regions[0]!.tariff;
    const cut = tariffOf(withPrice(hourly) + change(5400));
    expect([0, 3600, 5399, 5400, 7200, 1e6].map((at) => valueAt(cut, at))).toEqual([0.1, 0.2, 0.2, 9, 9, 9]);
    const early = tariffOf(withPrice(hourly.replace("startSeconds: 0", "startSeconds: 1000")) + change(500));
    expect([0, 499, 500, 5000].map((at) => valueAt(early, at))).toEqual([0.1, 0.1, 9, 9]);
    expect(valueAt(tariffOf(withPrice(hourly) + change(0)), 0)).toBe(9);
  });

  it("count for what is possible: a job may need GPUs that come later", () => {
    const large = `jobs: [${job("name: large, minGpus: 30, maxGpus: 30")}]\n`;
    expect(complaints(BASE + large)[0]!.code).toBe("job-larger-than-any-path");
    const grown = "disruptions: [{atSeconds: 9, capacity: {region: east, gpus: 30}}]\n";
    expect(read(BASE + large + grown).jobs).toHaveLength(1);
  });

  it.each([
    ["capacity: {region: »eats, gpus: 2}", "unknown-region", /"eats" is not a region/, /did you mean "east"/],
    ["outage: {region: east, downSeconds: »0}", "invalid-field", /0 is not above 0/, /above 0/],
    ["capacity: {region: east, gpus: »-1}", "invalid-field", /-1 is below 0/, /0 or more/],
    [
      "link: {from: east, to: west, bandwidthBitsPerSecond: »0}",
      "invalid-field",
      /0 is below 1/,
      /1 or more/,
    ],
    ["»link: {from: east, to: west}", "invalid-field", /changes nothing/, /bandwidthBitsPerSecond or/],
    [
      "link: {from: »west, to: far, latencySeconds: 1}",
      "unknown-link",
      /no link west → far/,
      /add it to links/,
    ],
    ["link: {from: »east, to: far, both: true, latencySeconds: 1}", "unknown-link", /far → east/, /links/],
    ["»price: {region: east}", "invalid-field", /"priceUsdPerKwh" .* is missing/, /add priceUsdPerKwh/],
    ["outage: {region: east, »downSecond: 9}", "invalid-field", /unknown field "downSecond"/, /downSeconds/],
    ["»gpus: 4", "invalid-field", /unknown field "gpus"/, /capacity, link, outage, price/],
  ])("%s is refused at its place, which is marked", (marked, code, message, hint) => {
    const { column, line, text } = unmarked(`${BASE}disruptions:\n  - {atSeconds: 10, ${marked}}\n`);
    const found = complaints(text);
    const fitting = found.find((one) => one.code === code && message.test(one.message));
    expect(fitting, JSON.stringify(found)).toMatchObject({ file: "s.yaml", line, column });
    expect(fitting!.hint).toMatch(hint);
  });

  it("are of one kind each", () => {
    const text = `${BASE}disruptions:
  - {atSeconds: 1, outage: {region: east, downSeconds: 1}, price: {region: east, priceUsdPerKwh: 1}}
`;
    expect(complaints(text)).toMatchObject([
      { line: 11, column: 5, message: /outage and price at once/, hint: /an entry of each/ },
    ]);
  });

  it("come in order of time", () => {
    const text = `${BASE}disruptions:
  - {atSeconds: 10, capacity: {region: east, gpus: 2}}
  - {atSeconds: 9, capacity: {region: east, gpus: 8}}
`;
    expect(complaints(text)).toMatchObject([
      {
        code: "invalid-field",
        line: 12,
        column: 17,
        message: "9 s comes after 10 s",
        hint: /in order of time/,
      },
    ]);
  });
});

it("failures are said in GPU-hours and simulated in GPU-seconds", () => {
  const { failures } = read(`${BASE}failures: {gpuHoursBetween: 500, checkpointIterations: 20}\n`);
  expect(failures).toEqual({ gpuSecondsBetween: 1_800_000, checkpointIterations: 20 });
  expect(read(BASE)).not.toHaveProperty("failures");
  const none = complaints(`${BASE}failures: {gpuHoursBetween: 0, checkpointIterations: 20}\n`);
  expect(none).toMatchObject([{ line: 10, field: "failures.gpuHoursBetween", hint: /such as 5000/ }]);
});
