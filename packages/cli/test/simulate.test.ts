import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { bace, ROOT } from "./support/recorder.ts";

const SCENARIO = "scenarios/demo-three-regions.yaml";

test("the same input gives the same bytes", async () => {
  const first = await bace(["simulate", SCENARIO, "-o", "json"]);
  const second = await bace(["simulate", SCENARIO, "-o", "json"]);
  expect(first.exitCode).toBe(0);
  expect(first.out).toBe(second.out);
});

test("the result says what it is a result of", async () => {
  const { out } = await bace(["simulate", SCENARIO, "--seed", "7", "--time-model", "serial", "-o", "json"]);
  const report = JSON.parse(out);
  const text = readFileSync(join(ROOT, SCENARIO));
  expect(Object.keys(report)).toEqual([
    "version",
    "scenarioHash",
    "scenario",
    "seed",
    "timeModel",
    "policies",
  ]);
  expect(report).toMatchObject({
    scenarioHash: createHash("sha256").update(text).digest("hex"),
    scenario: "demo-three-regions",
    seed: 7,
    timeModel: "serial",
  });
  expect(Object.keys(report.policies)).toEqual(["bace", "bace-plus", "lcf", "ldf", "cr-lcf", "cr-ldf"]);
  for (const result of Object.values(report.policies)) {
    expect(result).toMatchObject({
      averageJctSeconds: expect.any(Number),
      p95JctSeconds: expect.any(Number),
      makespanSeconds: expect.any(Number),
      electricityUsd: expect.any(Number),
      energyKwh: expect.any(Number),
      gpuUtilization: expect.any(Number),
      linkUtilization: expect.any(Number),
    });
  }
});

test("the time model is the scenario's unless another is asked for", async () => {
  const { out } = await bace(["simulate", SCENARIO, "-p", "bace", "-o", "json"]);
  expect(JSON.parse(out).timeModel).toBe("auto");
});

test("the table compares the others with bace, and says which seed and time model", async () => {
  const { out, err } = await bace(["simulate", SCENARIO, "--policy", "lcf,bace"]);
  expect(err).toBe("");
  expect(out).toContain("seed 1  time model auto");
  expect(out).toMatch(
    /^POLICY +AVG JCT +P95 JCT +MAKESPAN +ELECTRICITY +ENERGY +GPU USE +LINK USE +FINISHED/m,
  );
  expect(out).toMatch(/^AGAINST BACE .*\nlcf +[+-]\d+\.\d %/m);
});

test("a scenario may come from standard input", async () => {
  const input = readFileSync(join(ROOT, SCENARIO), "utf8");
  const { exitCode, out } = await bace(["simulate", "-", "-p", "bace", "-o", "json"], { input });
  expect(exitCode).toBe(0);
  expect(JSON.parse(out).scenario).toBe("demo-three-regions");
});

describe("scenarios/disruptions.yaml, in which things go wrong", () => {
  const simulated = async (...more: string[]) => {
    const { err, exitCode, out } = await bace([
      ...["simulate", "scenarios/disruptions.yaml", "-p", "bace,bace-plus", "-o", "json"],
      ...more,
    ]);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    return JSON.parse(out);
  };

  test("every job finishes, some after an interruption, and the figures say at what cost", async () => {
    const { policies, scenarioHash, seed } = await simulated();
    expect({ scenarioHash, seed }).toEqual({
      scenarioHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      seed: 1,
    });
    for (const result of Object.values<Record<string, unknown>>(policies)) {
      const number = expect.any(Number);
      expect(result).toMatchObject({
        ...{ averageJctSeconds: number, p95JctSeconds: number, makespanSeconds: number },
        ...{ averageWaitSeconds: number, maxWaitSeconds: number },
        ...{ electricityUsd: number, energyKwh: number, gpuUtilization: number, finishedJobs: 9 },
      });
      expect(result.carbonKg).toBeGreaterThan(0);
      const jobs = result.jobs as { id: string; epochs: number }[];
      expect(jobs.map(({ id }) => id).slice(0, 3)).toEqual(["qwen-32b", "qwen-14b-1", "qwen-14b-2"]);
      expect(Math.max(...jobs.map(({ epochs }) => epochs))).toBeGreaterThan(1);
    }
  });

  test("the same seed gives the same bytes, another one other arrivals", async () => {
    const [first, again, other] = [await simulated(), await simulated(), await simulated("--seed", "2")];
    expect(JSON.stringify(first)).toBe(JSON.stringify(again));
    const arrivals = ({ policies }: typeof first) =>
      policies.bace.jobs.map(({ submitSeconds }: { submitSeconds: number }) => submitSeconds);
    expect(arrivals(first)[0]).toBe(0);
    expect(arrivals(first)).not.toEqual(arrivals(other));
    expect(other.scenarioHash).toBe(first.scenarioHash);
  });
});

describe("a scenario with files beside it", () => {
  const TEXT = `version: 1
name: one
regions:
  - {name: here, gpuType: A6000, gpus: 4, priceUsdPerKwh: {csv: data/prices.csv}}
trace: {file: jobs.csv, mostGpus: 4}
`;
  const PRICES = `datetime_utc,price_usd_per_mwh
2024-01-01 00:00,100
2024-01-01 01:00,200
`;
  const TRACE = `timestamp,duration,num_gpus,cluster
2017-10-09 07:00:00,3600,4,a
2017-10-09 07:00:00,60,8,a
2017-10-09 07:30:00,1800,4,a
`;

  /** A folder with the files, and what `bace simulate` says from the folder above it. */
  async function simulated(files: { text?: string; prices?: string; trace?: string } = {}, outside = {}) {
    const folder = mkdtempSync(join(tmpdir(), "bace-simulate-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, "study/data"), { recursive: true });
    writeFileSync(join(folder, "study/one.yaml"), files.text ?? TEXT);
    writeFileSync(join(folder, "study/data/prices.csv"), files.prices ?? PRICES);
    writeFileSync(join(folder, "study/jobs.csv"), files.trace ?? TRACE);
    return bace(["simulate", "study/one.yaml", "-p", "lcf", "-o", "json"], { folder, ...outside });
  }
  const hash = async (files: Parameters<typeof simulated>[0]) =>
    JSON.parse((await simulated(files)).out).scenarioHash;

  test("reads them from its own folder, and says what it leaves out", async () => {
    const { err, exitCode, out } = await simulated();
    expect(exitCode).toBe(0);
    expect(err).toMatch(
      /^warning\[rows-left-out\]: study\/jobs.csv:3:\d+: 1 row of more than 4 GPUs left out/,
    );
    const { jobs, electricityUsd } = JSON.parse(out).policies.lcf;
    expect(jobs.map(({ id, endSeconds }: { id: string; endSeconds: number }) => [id, endSeconds])).toEqual([
      ["job-2", expect.closeTo(3600, 6)],
      ["job-4", expect.closeTo(5400, 6)],
    ]);
    // Four A6000 of 300 W: an hour at 0.1 USD/kWh, half an hour at 0.2.
    expect(electricityUsd).toBeCloseTo(1.2 * (0.1 + 0.5 * 0.2), 9);
  });

  test("is another scenario when one of them changes, and the same in another folder", async () => {
    const [first, again] = [await hash({}), await hash({})];
    expect(again).toBe(first);
    expect(await hash({ prices: PRICES.replace("200", "201") })).not.toBe(first);
    expect(await hash({ trace: TRACE.replace("1800", "1801") })).not.toBe(first);
  });

  test("names the one that is missing where the scenario names it", async () => {
    const { err, exitCode, out } = await simulated({ text: TEXT.replace("data/prices", "data/price") });
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err).toContain("error[file-not-read]: there is no file data/price.csv");
    expect(err).toContain("--> study/one.yaml:4:65 (regions[0].priceUsdPerKwh.csv)");
    expect(err).toMatch(/= help: looked for .*study\/data\/price.csv/);
  });

  test("shows what is wrong in one of them in its own line", async () => {
    const { err, exitCode } = await simulated({ prices: PRICES.replace("200", "two") });
    expect(exitCode).toBe(2);
    expect(err).toContain('"two" is not a number');
    expect(err).toContain("--> study/data/prices.csv:3:18");
    expect(err).toContain("3 | 2024-01-01 01:00,two\n");
  });

  test("is started by `bace up` without what only a simulation can do, which is said", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bace-up-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "prices.csv"), PRICES);
    const text = `${TEXT.replace("data/prices.csv", "prices.csv, startAt: 2024-01-01")}
failures: {gpuHoursBetween: 100, checkpointIterations: 5}
`;
    writeFileSync(join(folder, "one.yaml"), text);
    // A policy that is not there: the service is not started.
    const { err, exitCode } = await bace(["up", "--fleet", "one.yaml", "--policy", "none"], { folder });
    expect(exitCode).toBe(2);
    expect(err).toContain(
      "warning[simulation-only]: one.yaml: only a simulation can do failures, trace, regions[0].priceUsdPerKwh.startAt: the service ignores that\n",
    );
    expect(err).toMatch(
      /warning\[series-window\]: one.yaml:4:\d+: price_usd_per_mwh has 2024-01-01 00:00 to/,
    );
    expect(err).toContain('there is no policy "none"');
  });
});
