import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseScenario } from "@bace-pipe/core/spec";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bace } from "./support/recorder.ts";

let folder: string;

const FILES = {
  "throughput.csv": `src_region,src_tier,dst_region,dst_tier,throughput_received,success
aws:eu-west-1,PREMIUM,gcp:us-east4-a,PREMIUM,4e9,True
gcp:us-east4-a,PREMIUM,aws:eu-west-1,PREMIUM,5e9,True
aws:eu-west-1,PREMIUM,aws:eu-west-3,PREMIUM,5e9,True
`,
  "latency.csv": `src_region,src_tier,dst_region,dst_tier,avg_rtt
aws:eu-west-1,PREMIUM,gcp:us-east4-a,PREMIUM,80
gcp:us-east4-a,PREMIUM,aws:eu-west-1,PREMIUM,80
`,
  "cost.csv": `src,dest,src_tier,dest_tier,cost
aws:eu-west-1,gcp:us-east4-a,PREMIUM,PREMIUM,0.09
gcp:us-east4-a,aws:eu-west-1,PREMIUM,PREMIUM,0.12
`,
  "prices.csv":
    "datetime_utc,NL_usd_per_mwh,DE_usd_per_mwh\n2024-01-01 00:00,50,60\n2024-01-01 02:00,70,80\n",
  "carbon.csv":
    "datetime_utc,gco2_per_kwh\n2024-01-01 01:00,300\n2024-01-01 02:00,200\n2024-01-01 03:00,100\n",
  "trace.csv": `timestamp,duration,num_gpus,gpu_time,cluster
2017-10-09 00:10:00,600,4,2400,6214e9
2017-10-09 00:00:00,60,1,60,103959
2017-10-09 00:20:00,60,128,7680,103959
`,
};

const NETWORK = ["--throughput", "throughput.csv", "--latency", "latency.csv", "--cost", "cost.csv"];
const FLEET = ["import", "fleet", "--regions", "ireland=aws:eu-west-1,gcp:us-east4", ...NETWORK];
const run = (...args: string[]) => bace(args, { folder });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-import-"));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("bace import fleet", () => {
  test("makes a scenario of measured links, and says what it assumed", async () => {
    const { exitCode, out, err } = await run(...FLEET, "--gateways", "2", "--gpus", "8");
    expect(exitCode).toBe(0);
    expect(err).toBe("no --prices for ireland, gcp-us-east4: 0.1 USD/kWh is assumed\n");
    const scenario = parseScenario(out, "fleet.yaml");
    expect(scenario.ok && scenario.value.fleet.links).toEqual([
      { from: 0, to: 1, bandwidthBitsPerSecond: 8e9, latencySeconds: 0.04, egressUsdPerGb: 0.09 },
      { from: 1, to: 0, bandwidthBitsPerSecond: 10e9, latencySeconds: 0.04, egressUsdPerGb: 0.12 },
    ]);
    expect(scenario.ok && scenario.value.fleet.regions.map(({ name, gpus }) => [name, gpus])).toEqual([
      ["ireland", 8],
      ["gcp-us-east4", 8],
    ]);
  });

  test("takes series of prices and carbon intensity, cut to what all have, gaps filled aloud", async () => {
    const { exitCode, out, err } = await run(
      ...FLEET,
      ...["--prices", "ireland=prices.csv#NL_usd_per_mwh", "gcp:us-east4-a=prices.csv#DE_usd_per_mwh"],
      ...["--carbon", "ireland=carbon.csv"],
    );
    expect(exitCode).toBe(0);
    expect(err).toContain(
      "warning[series-gap]: prices.csv:3:18: 1 hour before 2024-01-01 02:00 UTC has no value",
    );
    const scenario = parseScenario(out, "fleet.yaml");
    expect(scenario.ok && scenario.value.fleet.regions).toMatchObject([
      { tariff: { startSeconds: 0, values: [0.05, 0.07] }, carbon: { startSeconds: 0, values: [300, 200] } },
      { tariff: { startSeconds: 0, values: [0.06, 0.08] } },
    ]);
    expect(out).toContain("# Second 0 is 2024-01-01 01:00 UTC.");
  });

  test("leaves out a link that nobody measured, aloud and in the file", async () => {
    const regions = ["--regions", "aws:eu-west-1,aws:eu-west-3"];
    const { exitCode, out, err } = await run("import", "fleet", ...regions, ...NETWORK);
    expect(exitCode).toBe(0);
    expect(err).toContain(
      "warning[unmeasured-link]: latency.csv:1:1: aws:eu-west-1 → aws:eu-west-3 has no round trip",
    );
    expect(out).toContain("# No link aws:eu-west-1 → aws:eu-west-3: no round trip, no price.");
  });

  test.each([
    [
      "a region of no file",
      ["--regions", "aws:eu-west-1,gcp:us-east5"],
      /error\[unknown-region\].*\n.*throughput\.csv:1:1[\s\S]*did you mean "gcp:us-east4"/,
    ],
    ["a region that is written wrong", ["--regions", "ireland"], /"ireland" is not a region/],
    ["a region twice", ["--regions", "gcp:us-east4,gcp:us-east4-a"], /is there twice/],
    ["prices of another region", ["--prices", "tokyo=prices.csv"], /error\[unknown-region\].*"tokyo"/],
    [
      "a file with several columns",
      ["--prices", "ireland=prices.csv"],
      /error\[csv-column\]: 2 columns hold price[\s\S]*prices\.csv:1:29/,
    ],
    ["a file that is not there", ["--carbon", "ireland=nowhere.csv"], /error\[file-not-found\]/],
    ["dates without series", ["--from", "2024-01-01"], /error\[nothing-to-cut\]/],
    [
      "a window outside of the series",
      ["--carbon", "ireland=carbon.csv", "--from", "2023-01-01"],
      /error\[series-window\]/,
    ],
    ["a GPU that nobody knows", ["--gpu-type", "A101"], /Allowed choices/],
    ["a date that is none", ["--from", "soon"], /Give a date/],
  ])("refuses %s", async (_what, args, message) => {
    const { exitCode, out, err } = await run(...FLEET, ...args);
    expect(exitCode).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(message);
  });
});

describe("bace import jobs", () => {
  test("makes a job file that can be put behind a fleet and simulated", async () => {
    const jobs = await run("import", "jobs", "trace.csv", "--limit", "2");
    expect(jobs).toMatchObject({ exitCode: 0, err: "" });
    expect(jobs.out).toContain(
      "# 2 jobs of trace.csv, each named after its line there; the largest needs 4 GPUs.",
    );
    const fleet = await run(...FLEET);
    const input = fleet.out + jobs.out;
    const { exitCode, out } = await bace(
      ["simulate", "-", "-p", "bace", "--time-model", "1f1b", "-o", "json"],
      { input },
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(out).policies.bace.makespanSeconds).toBeCloseTo(1200, 6);
  });

  test("leaves out aloud what asks for too many GPUs", async () => {
    const { exitCode, out, err } = await run("import", "jobs", "trace.csv", "--max-gpus", "64");
    expect(exitCode).toBe(0);
    expect(err).toContain("warning[rows-left-out]: trace.csv:4:24: 1 row of more than 64 GPUs left out");
    expect(out).not.toContain("job-4");
  });

  test("shows the line that is wrong", async () => {
    const input = FILES["trace.csv"].replace("2400", "x,2400");
    const { exitCode, err } = await bace(["import", "jobs", "-"], { input });
    expect(exitCode).toBe(2);
    expect(err).toContain("error[csv-syntax]: a row of 6 fields under a header of 5");
    expect(err).toContain(" --> <stdin>:2:1\n");
    expect(err).toContain("2 | 2017-10-09 00:10:00,600,4,x,2400,6214e9");
  });
});
