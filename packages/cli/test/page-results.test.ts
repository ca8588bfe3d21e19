// The dashboard computes by itself what `bace simulate` and `bace schedule` do: the same input, the same bytes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsonText } from "@bace-pipe/core/shell";
import { expect, onTestFinished, test } from "vitest";
import web from "../../web/package.json" with { type: "json" };
import { computed } from "../../web/src/pages/schedules/compute.ts";
import { commandOf, type Parameters, PRESET } from "../../web/src/pages/schedules/parameters.ts";
import type { Progress, Request } from "../../web/src/pages/simulate/request.ts";
import { commandOf as simulateCommandOf } from "../../web/src/pages/simulate/settings.ts";
import { simulated } from "../../web/src/pages/simulate/simulated.ts";
import { bace, ROOT } from "./support/recorder.ts";

function requestOf(file: string, more: Partial<Request> = {}): Request {
  const text = readFileSync(join(ROOT, "scenarios", file), "utf8");
  const beside = Object.fromEntries(
    ["data/prices-2024.csv", "data/carbon-2024.csv"].map((path) => [
      path,
      readFileSync(join(ROOT, "scenarios", path), "utf8"),
    ]),
  );
  return { file, text, beside, policies: ["bace", "lcf"], seed: 1, version: web.version, ...more };
}

function done(request: Request) {
  const result = simulated(request, () => undefined);
  if (result.kind !== "done") throw new Error(JSON.stringify(result));
  return result;
}

test.each([
  ["demo-three-regions.yaml", {}],
  ["paper-six-regions.yaml", { policies: ["easy", "bace-plus"], seed: 7 }],
  ["tenants.yaml", { timeModel: "serial", seed: 2 }],
  ["disruptions.yaml", { seed: 3 }],
] as const)("the worker's JSON of %s is byte for byte the command line's", async (file, more) => {
  const request = requestOf(file, more);
  const folder = join(ROOT, "scenarios");
  const [, ...args] = simulateCommandOf(file, request).split(" ");
  const { exitCode, out } = await bace([...args, "-o", "json"], { folder });
  expect(exitCode).toBe(0);
  expect(done(request).json).toBe(out);
});

test("so is its CSV", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bace-dashboard-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const request = requestOf("demo-three-regions.yaml");
  writeFileSync(join(folder, request.file), request.text);
  const args = ["simulate", request.file, "-p", "bace,lcf", "--csv", "jobs.csv"];
  expect(await bace(args, { folder })).toMatchObject({ exitCode: 0 });
  expect(done(request).csv).toBe(readFileSync(join(folder, "jobs.csv"), "utf8"));
});

test("its table has the command line's columns and figures, and says how far others are from bace", async () => {
  const request = requestOf("paper-six-regions.yaml");
  const { headings, rows } = done(request);
  const { out } = await bace(["simulate", "scenarios/paper-six-regions.yaml", "-p", "bace,lcf"]);
  const lines = out.split("\n").map((line) => line.split(/ {2,}/));
  expect(lines).toContainEqual([...headings]);
  for (const row of rows) expect(lines).toContainEqual(row.map(({ text }) => text));
  expect(lines.find(([first]) => first === "AGAINST BACE")).toHaveLength(6);
  const against = rows[1]!.flatMap((cell) => cell.against ?? []);
  expect(lines).toContainEqual(["lcf", ...against]);
});

test("pictures add up to the figures: cost by region, GPUs in use, jobs done", () => {
  const { completion, costs, endSeconds, held, json } = done(requestOf("demo-three-regions.yaml"));
  const { policies } = JSON.parse(json);
  for (const { medianSeconds, points, policy } of completion) {
    const sum = costs.reduce((usd, cost) => usd + (cost.policy === policy ? cost.usd : 0), 0);
    expect(sum).toBeCloseTo(policies[policy].electricityUsd, 9);
    const here = held.filter((one) => one.policy === policy);
    const [used, there] = [here.reduce((a, b) => a + b.meanGpus, 0), here.reduce((a, b) => a + b.gpus, 0)];
    // GPU use counts until the policy's own end, pictures until that of all.
    const share = (there * policies[policy].makespanSeconds) / endSeconds;
    expect(used / share).toBeCloseTo(policies[policy].gpuUtilization, 6);
    expect(points.at(-1)![1]).toBe(1);
    expect(points.filter(([seconds]) => seconds <= medianSeconds!).length).toBe(3);
  }
});

test("what is wrong in a file is told with its place, as by the command line", async () => {
  const text = requestOf("demo-three-regions.yaml").text.replace("to: virginia", "to: virgina");
  const result = simulated(requestOf("demo-three-regions.yaml", { text }), () => undefined);
  const { err } = await bace(["simulate", "-"], { input: text });
  if (result.kind !== "refused") throw new Error("it was simulated");
  for (const { code, column, hint, line, message } of result.diagnostics) {
    expect(err).toContain(`error[${code}]: ${message}`);
    expect(err).toContain(`:${line}:${column}`);
    expect(err).toContain(`help: ${hint}`);
  }
  expect(result.diagnostics.length).toBeGreaterThan(0);
});

test("a file that the scenario names and nobody opened is asked for where it is named", () => {
  const result = simulated(requestOf("disruptions.yaml", { beside: {} }), () => undefined);
  expect(result).toMatchObject({
    kind: "refused",
    diagnostics: expect.arrayContaining([
      expect.objectContaining({
        code: "file-not-read",
        hint: "open it together with the scenario",
        line: 17,
      }),
    ]),
  });
});

test("a file opened from another folder is known by its name", () => {
  const { beside } = requestOf("disruptions.yaml");
  const flat = Object.fromEntries(Object.entries(beside).map(([path, text]) => [path.slice(5), text]));
  const request = requestOf("disruptions.yaml");
  expect(done({ ...request, beside: flat }).json).toBe(done(request).json);
});

test("progress goes through the policies in their order", () => {
  const told: Progress[] = [];
  simulated(requestOf("demo-three-regions.yaml"), (progress) => told.push(progress));
  expect([...new Set(told.map(({ place, policy }) => `${place} ${policy}`))]).toEqual(["1 bace", "2 lcf"]);
  expect(told.some(({ runningJobs }) => runningJobs > 0)).toBe(true);
});

test("a scenario without jobs, and a policy that there is not, are refused with what to do", () => {
  const { text } = requestOf("demo-three-regions.yaml");
  const none = { text: text.slice(0, text.indexOf("jobs:")) };
  expect(simulated(requestOf("demo-three-regions.yaml", none), () => undefined)).toMatchObject({
    problem: { code: "no-jobs", hint: expect.stringContaining("jobs:") },
  });
  const typo = requestOf("demo-three-regions.yaml", { policies: ["base"] });
  expect(simulated(typo, () => undefined)).toMatchObject({
    problem: { code: "unknown-policy", hint: 'did you mean "bace"?' },
  });
});

const PIPELINES: readonly Partial<Parameters>[] = [
  {},
  { stages: 1, cut: 0, microbatches: 3 },
  { stages: 4, microbatches: 8, cut: 2, latencyMs: 17.3, gbps: 0.7, messageMb: 33.3, memory: 0 },
  { stages: 5, microbatches: 9, cut: 1, forwardMs: 12.1, inputGradMs: 0, weightGradMs: 7.7, memory: 2.5 },
];

test.each(PIPELINES)("schedules of %o are those of the command that the page shows", async (more) => {
  const parameters = { ...PRESET, ...more };
  const [, ...args] = commandOf(parameters);
  const { out } = await bace([...args, "-o", "json"]);
  const answer = computed({ parameters, drawn: ["1f1b"] });
  if (answer.kind !== "computed") throw new Error(answer.problem.message);
  expect(jsonText(answer.result)).toBe(out);
  expect(answer.timelines.map(({ generator }) => generator)).toEqual(["1f1b"]);
  expect(answer.timelines[0]!.svg).toContain("<title>0F0 on rank 0");
});

test("figures that make no pipeline are refused as by the command line", async () => {
  for (const more of [{ cut: 8 }, { stages: 1000 }, { stages: 2.5 }, { forwardMs: 0 }]) {
    const answer = computed({ parameters: { ...PRESET, ...more }, drawn: [] });
    expect(answer).toMatchObject({ kind: "refused", problem: { hint: expect.stringMatching(/./) } });
  }
});

test("a timeline with too many blocks is left to a file", () => {
  const parameters = { ...PRESET, stages: 32, microbatches: 512, cut: 0 };
  const answer = computed({ parameters, drawn: ["gpipe"] });
  expect(answer).toMatchObject({ kind: "computed", timelines: [{ generator: "gpipe", svg: undefined }] });
});
