import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
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
  expect(JSON.parse(out).timeModel).toBe("1f1b");
});

test("the table compares the others with bace, and says which seed and time model", async () => {
  const { out, err } = await bace(["simulate", SCENARIO, "--policy", "lcf,bace"]);
  expect(err).toBe("");
  expect(out).toContain("seed 1  time model 1f1b");
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
