// What a scenario may say about time: disruptions, failures, arrivals, traces, series from files.
import { describe, expect, it } from "vitest";
import { integral, valueAt } from "../../src/fleet/series.ts";
import { parseJobs, parseScenario, type ScenarioOptions } from "../../src/spec/index.ts";
import { fleetOf } from "../support/fleets.ts";

const BASE = `version: 1
name: two
regions:
  - {name: east, gpuType: A6000, gpus: 8, priceUsdPerKwh: 0.2}
  - {name: west, gpuType: A6000, gpus: 8, priceUsdPerKwh: 0.1}
  - {name: far, gpuType: A6000, gpus: 8, priceUsdPerKwh: 0.1}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 5 Gbit/s, latencySeconds: 20 ms}
  - {from: east, to: far, bandwidthBitsPerSecond: 5 Gbit/s, latencySeconds: 20 ms}
`;
const job = (more: string) =>
  `{forwardSeconds: 1, backwardSeconds: 2, activationBytes: 1 MB, microbatches: 8, iterations: 10, ${more}}`;

const HOURS = `datetime_utc,NL_usd_per_mwh,SG_usd_per_mwh,NL_gco2_per_kwh
2024-03-01 00:00,100,50,300
2024-03-01 01:00,200,60,310
2024-03-01 02:00,-10,70,320
2024-03-01 03:00,40,80,330
`;
const TRACE = `timestamp,duration,num_gpus,cluster
2017-10-09 07:00:00,100,2,a
2017-10-09 07:01:00,200,9,b
2017-10-09 07:03:00,300,1,a
`;
const FILES: Readonly<Record<string, string>> = {
  "prices.csv": HOURS,
  "later.csv": HOURS.replaceAll("03-01", "03-02"),
  "philly.csv": TRACE,
};

const readFile: ScenarioOptions["readFile"] = (path) =>
  path in FILES
    ? { file: `data/${path}`, text: FILES[path]! }
    : { problem: `there is no file ${path}`, hint: `looked for data/${path}` };

function read(text: string, options: ScenarioOptions = {}) {
  const parsed = parseScenario(text, "s.yaml", { readFile, ...options });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.value;
}

function complaints(text: string, options: ScenarioOptions = {}) {
  const parsed = parseScenario(text, "s.yaml", { readFile, ...options });
  if (parsed.ok) throw new Error("was accepted");
  return parsed.diagnostics;
}

/** The text without its mark, and where the mark was. */
function unmarked(marked: string) {
  const before = marked.slice(0, marked.indexOf("»"));
  const lines = before.split("\n");
  return { text: marked.replace("»", ""), line: lines.length, column: lines.at(-1)!.length + 1 };
}

const withPrice = (price: string) => BASE.replace("priceUsdPerKwh: 0.2", `priceUsdPerKwh: ${price}`);

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

describe("arrivals", () => {
  const jobs = (more = "") => `jobs:
  - ${job("name: a, copies: 2000")}
  - ${job(`name: b${more}`)}
`;
  const poisson = "arrivals: {poisson: {meanGapSeconds: 2 min}}\n";
  const times = (seed: number) =>
    read(BASE + jobs() + poisson, { seed }).jobs.map((one) => one.submitSeconds);

  it("by Poisson keep the jobs' order, start at second 0, and have the mean gap that is asked for", () => {
    const { jobs: all } = read(BASE + jobs() + poisson);
    expect(all.slice(0, 2).map(({ id }) => id)).toEqual(["a-1", "a-2"]);
    expect(all.at(-1)!.id).toBe("b");
    const seconds = all.map(({ submitSeconds }) => submitSeconds);
    expect(seconds[0]).toBe(0);
    expect(seconds).toEqual(seconds.toSorted((x, y) => x - y));
    // 2000 gaps: the mean is within 4 · 120 / √2000 s.
    expect(Math.abs(seconds.at(-1)! / 2000 - 120)).toBeLessThan(11);
  });

  it("by Poisson are the same for the same seed, and differ between seeds", () => {
    expect(times(1)).toEqual(times(1));
    expect(times(1)).not.toEqual(times(2));
    expect(read(BASE + jobs() + poisson).jobs.map((one) => one.submitSeconds)).toEqual(times(1));
  });

  it("may be all at once", () => {
    const { jobs: all } = read(`${BASE}${jobs()}arrivals: {atOnce: true}\n`);
    expect(new Set(all.map(({ submitSeconds }) => submitSeconds))).toEqual(new Set([0]));
  });

  it.each(["arrivals: {atOnce: true}\n", poisson])(
    "%s and a job's own time contradict each other",
    (arrivals) => {
      expect(complaints(BASE + jobs(", submitSeconds: 0") + arrivals)).toMatchObject([
        { code: "invalid-field", line: 12, field: "jobs[1].submitSeconds", hint: /leave submitSeconds out/ },
      ]);
    },
  );

  it("are of one kind", () => {
    const both = "arrivals: {atOnce: true, poisson: {meanGapSeconds: 1}}\n";
    expect(complaints(BASE + both)[0]!.message).toMatch(/poisson and atOnce at once/);
    expect(complaints(`${BASE}arrivals: {}\n`)[0]!.message).toMatch(/says none of poisson, atOnce/);
  });
});

describe("copies", () => {
  const jobs = (...entries: string[]) =>
    `${BASE}jobs:\n${entries.map((one) => `  - ${job(one)}\n`).join("")}`;

  it("are jobs of their own, numbered from 1", () => {
    const { jobs: all } = read(jobs("name: a, copies: 3, submitSeconds: 5", "name: b"));
    expect(all.map(({ id, submitSeconds }) => [id, submitSeconds])).toEqual([
      ["a-1", 5],
      ["a-2", 5],
      ["a-3", 5],
      ["b", 0],
    ]);
  });

  it("are there in job files too", () => {
    const parsed = parseJobs(
      job("name: a, copies: 2"),
      "job.yaml",
      fleetOf([{ gpus: 8 }], () => 0),
    );
    expect(parsed.ok && parsed.value.map(({ id }) => id)).toEqual(["a-1", "a-2"]);
  });

  it("must not have a name that is there already, or one that is too long, or be too many", () => {
    const field = "jobs[0].copies";
    expect(complaints(jobs("name: a, copies: 2", "name: a-2"))).toMatchObject([
      { code: "duplicate-name", field: "jobs[1].name", line: 12 },
    ]);
    expect(complaints(jobs(`name: ${"a".repeat(62)}, copies: 10`))).toMatchObject([
      { field, hint: /shorten/ },
    ]);
    expect(complaints(jobs("name: a, copies: 100001"))).toMatchObject([{ field, hint: /100000 or less/ }]);
    expect(complaints(jobs("name: a, copies: 60000", "name: b, copies: 60000"))).toMatchObject([
      { field: "jobs[1].copies", message: /120000 jobs by here, of 100000 at most/ },
    ]);
  });
});

describe("a trace", () => {
  const trace = (more = "") => `${BASE}trace: {file: philly.csv${more}}\n`;

  it("gives jobs after those that are written out, at the times that it has", () => {
    const { files, jobs } = read(`${trace(", mostGpus: 8, timeScale: 0.5")}jobs: [${job("name: a")}]\n`);
    expect(jobs.map(({ id, minGpus, submitSeconds }) => [id, minGpus, submitSeconds])).toEqual([
      ["a", 1, 0],
      ["job-2", 2, 0],
      ["job-4", 1, 90],
    ]);
    expect(files).toEqual([{ path: "philly.csv", text: TRACE }]);
  });

  it("says what it leaves out", () => {
    expect(read(trace(", mostGpus: 8")).warnings).toMatchObject([
      { code: "rows-left-out", file: "data/philly.csv", line: 3, message: /more than 8 GPUs/ },
    ]);
  });

  it.each([
    [", limit: 1", ["job-2"]],
    [", gpuScale: 0.5", ["job-2", "job-3", "job-4"]],
  ])("with %s", (more, ids) => {
    expect(read(trace(more)).jobs.map(({ id }) => id)).toEqual(ids);
  });

  it.each([
    [trace().replace("philly", "phily"), "file-not-read", /no file phily.csv/, /looked for data\/phily.csv/],
    [trace(", mostGpus: 8, timeScale: 0"), "invalid-field", /not above 0/, /1 for the trace as it is/],
    [
      `${trace(", mostGpus: 8")}arrivals: {atOnce: true}\n`,
      "invalid-field",
      /and so does arrivals/,
      /timeScale/,
    ],
    [`${trace(", mostGpus: 8")}jobs: [${job("name: job-4")}]\n`, "duplicate-name", /"job-4" too/, /rename/],
    [
      trace(", gpuScale: 2").replaceAll("gpus: 8", "gpus: 7"),
      "job-larger-than-any-path",
      /1 job of the trace is larger than any path of regions; "job-3" needs 18 GPUs, the largest path for it has 14/,
      /mostGpus: 14/,
    ],
  ])("that cannot be used is refused: %#", (text, code, message, hint) => {
    expect(complaints(text)).toMatchObject([{ code, message, hint, file: "s.yaml" }]);
  });

  it("that is damaged is told in its own lines", () => {
    const damaged: ScenarioOptions["readFile"] = () => ({
      file: "t.csv",
      text: TRACE.replace(",9,", ",many,"),
    });
    const found = complaints(trace(), { readFile: damaged });
    expect(found).toMatchObject([{ code: "csv-value", file: "t.csv", line: 3, column: 25 }]);
  });
});

describe("a series from a file", () => {
  it("is put on the scenario's clock: startAt is second 0", () => {
    const text = withPrice('{csv: prices.csv, column: NL_usd_per_mwh, startAt: "2024-03-01T01:30Z"}');
    const { tariff } = read(text).fleet.regions[0]!;
    expect(tariff).toEqual({
      ...{ kind: "series", startSeconds: -5400, stepSeconds: 3600 },
      values: [0.1, 0.2, -0.01, 0.04],
    });
    expect([0, 1799, 1800, 1e9].map((at) => valueAt(tariff, at))).toEqual([0.2, 0.2, -0.01, 0.04]);
  });

  it("starts with the first hour that all have, where nobody says; carbon intensity alike", () => {
    const late = HOURS.replace(/2024-03-01 00:00.*\n/, "");
    const carbon = "{csv: late.csv}";
    const text = withPrice(`{csv: prices.csv, column: NL_usd_per_mwh}, carbonGramsPerKwh: ${carbon}`);
    const { carbon: grams, tariff } = read(text, {
      readFile: (path) => ({ file: path, text: path === "late.csv" ? late : HOURS }),
    }).fleet.regions[0]!;
    expect(valueAt(tariff, 0)).toBe(0.2);
    expect(valueAt(grams!, 0)).toBe(310);
    expect(valueAt(tariff, -1)).toBe(0.1);
  });

  it("names its file once, however many regions it is for", () => {
    const both = BASE.replaceAll(
      /priceUsdPerKwh: 0.1/g,
      "priceUsdPerKwh: {csv: prices.csv, column: SG_usd_per_mwh}",
    );
    const { files, fleet } = read(both);
    expect(files.map(({ path }) => path)).toEqual(["prices.csv"]);
    expect(fleet.regions[1]!.tariff).toEqual(fleet.regions[2]!.tariff);
  });

  it.each([
    ["{csv: »price.csv}", "file-not-read", /no file price.csv/, /looked for data/],
    ["{csv: prices.csv, »colum: x}", "invalid-field", /unknown field "colum"/, /did you mean "column"/],
    [
      "{csv: prices.csv, column: NL_usd_per_mwh, startAt: »soon}",
      "invalid-field",
      /"soon" is not a date/,
      /2024/,
    ],
    [
      "{csv: prices.csv, column: NL_usd_per_mwh, startAt: »2025-01-01}",
      "series-window",
      /has 2024-03-01 00:00 to 2024-03-01 04:00 UTC; second 0 is 2025/,
      /startAt inside/,
    ],
    ["»0.2 USD", "invalid-field", /not a quantity in usdPerKwh/, /USD\/kWh/],
  ])("%s is refused at its place, which is marked", (price, code, message, hint) => {
    const { column, line, text } = unmarked(withPrice(price));
    expect(complaints(text)).toMatchObject([{ code, file: "s.yaml", line, column, message, hint }]);
  });

  it.each([
    ["{startSeconds: 0, stepSeconds: 3600}", /"pricesUsdPerKwh" of .* is missing/, /add pricesUsdPerKwh/],
    ["[1, 2]", /neither a price nor a series/, /or \{csv: prices.csv\}/],
  ])("%s is refused at its field", (price, message, hint) => {
    const { column, line, text } = unmarked(withPrice(price).replace("priceUsdPerKwh", "»priceUsdPerKwh"));
    expect(complaints(text)).toMatchObject([{ code: "invalid-field", line, column, message, hint }]);
  });

  it("that is not what is asked for is told in its own lines", () => {
    const place = { code: "csv-column", file: "data/prices.csv", line: 1 };
    expect(complaints(withPrice("{csv: prices.csv}"))).toMatchObject([
      { ...place, column: 29, message: /2 columns hold price/, hint: /which one/ },
    ]);
    expect(complaints(withPrice("{csv: prices.csv, column: NL_gco2_per_kwh}"))).toMatchObject([
      { ...place, column: 44, message: /unit of price/, hint: /rename/ },
    ]);
  });

  it("contradicts another one where they have no hour in common, or say two instants", () => {
    const two = (first: string, second: string) =>
      withPrice(`{csv: prices.csv, column: NL_usd_per_mwh${first}}`).replace(
        "priceUsdPerKwh: 0.1",
        `priceUsdPerKwh: {csv: ${second}}`,
      );
    expect(complaints(two("", "later.csv, column: NL_usd_per_mwh"))).toMatchObject([
      { code: "series-window", field: "regions[0].priceUsdPerKwh.csv" },
    ]);
    const instants = two(
      ", startAt: 2024-03-01",
      "prices.csv, column: SG_usd_per_mwh, startAt: 2024-03-01 01:00",
    );
    expect(complaints(instants)).toMatchObject([
      { field: "regions[1].priceUsdPerKwh.startAt", message: /01:00 UTC here and 2024-03-01 00:00 UTC in/ },
    ]);
  });

  it("needs somebody who reads files", () => {
    const parsed = parseScenario(withPrice("{csv: prices.csv}"), "s.yaml");
    expect(!parsed.ok && parsed.diagnostics).toMatchObject([
      { code: "file-not-read", message: "prices.csv cannot be read here", hint: /write its values out/ },
    ]);
  });
});

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
