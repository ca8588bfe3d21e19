// What `bace simulate` writes besides its table: a page with pictures, CSV and JSON Lines.
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPolicy, simulate } from "@bace-pipe/core";
import {
  createRecorder,
  csvText,
  drawable,
  MOST_RANKS,
  MOST_STEPS,
  meanOf,
  type Run,
  ranks,
  type SimulationReport,
  stepsOf,
  type Trace,
} from "@bace-pipe/core/shell";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packed } from "../src/simulation/report/packing.ts";
import { pageText } from "../src/simulation/report/page.ts";
import { scenarioOf } from "../src/simulation/run.ts";
import { bace, ROOT } from "./support/recorder.ts";

const SCENARIO = join(ROOT, "scenarios/demo-three-regions.yaml");

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "bace-report-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const written = (name: string) => readFileSync(join(folder, name), "utf8");

async function reported(...options: readonly string[]) {
  const run = await bace(["simulate", SCENARIO, "-o", "json", ...options], { folder });
  expect(run).toMatchObject({ exitCode: 0, err: "" });
  return JSON.parse(run.out) as SimulationReport;
}

test("the page says what it is a result of and needs nothing but itself", async () => {
  const { scenarioHash, version } = await reported("--html", "a.html", "--seed", "7", "-p", "bace,lcf");
  const page = written("a.html");
  for (const fact of [scenarioHash, version, "auto", "bace, lcf", "<dd>7</dd>", "demo-three-regions"])
    expect(page).toContain(fact);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|\b(src|href)=|https?:/);
});

test("the same input gives the same page", async () => {
  await reported("--html", "a.html");
  await reported("--html", "b.html");
  expect(written("a.html")).toBe(written("b.html"));
});

test("every figure has a caption, a text alternative at both widths, and its data as a table", async () => {
  const { policies } = await reported("--html", "a.html");
  const page = written("a.html");
  expect([...page.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id)).toEqual([
    "summary",
    "waiting",
    "gpus",
    "runs",
    "jct",
    "wait",
    "electricity",
  ]);
  expect(page.match(/<figcaption>[^<]{5,}/g)).toHaveLength(6);
  const pictures = page.match(/<svg[^>]*role="img"[^>]*>/g)!;
  expect(pictures).toHaveLength(2 * (5 + Object.keys(policies).length));
  for (const picture of pictures) expect(picture).toMatch(/aria-label="[^"]{30,}"/);
  expect(page.match(/<details>/g)).toHaveLength(5 + Object.keys(policies).length);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("bars tell who ran where", async () => {
  const { policies } = await reported("--html", "a.html", "-p", "bace");
  const page = written("a.html");
  for (const { id, placement, tenant } of policies["bace"]!.jobs)
    for (const { gpus, region } of placement)
      expect(page).toMatch(
        new RegExp(
          `<title>${id} of ${tenant}\n${gpus} GPUs? in ${region} of .*\nfrom .* to .*\n.* an iteration`,
        ),
      );
});

test("the recorder's runs are the simulation's: who, when, where, and what it cost", () => {
  const text = readFileSync(SCENARIO, "utf8");
  const { fleet, jobs, timeModel } = scenarioOf({ file: SCENARIO, text, directory: ROOT });
  const recorder = createRecorder();
  const result = simulate({
    fleet,
    jobs,
    timeModel,
    policy: createPolicy("bace"),
    onInstant: recorder.observe,
  });
  const { instants, regions, runs } = recorder.trace();
  expect(regions).toEqual(fleet.regions.map(({ name, gpus }) => ({ name, gpus })));
  for (const job of result.jobs) {
    const [run, ...others] = runs.filter(({ jobId }) => jobId === job.id);
    expect(others).toEqual([]);
    expect(run).toMatchObject({ tenant: job.tenant, toSeconds: job.endSeconds, epoch: 1 });
    expect(run!.parts.map(({ region, gpus }) => ({ region, gpus }))).toEqual(job.placement);
    expect(run!.parts.reduce((sum, part) => sum + part.electricityUsd, 0)).toBeCloseTo(
      job.electricityUsd,
      12,
    );
  }
  const held = stepsOf(instants, ({ heldGpus }) => heldGpus, result.makespanSeconds);
  const there = fleet.regions.reduce((sum, { gpus }) => sum + gpus, 0);
  expect(meanOf(held, result.makespanSeconds) / there).toBeCloseTo(result.gpuUtilization, 9);
});

test("a job that was interrupted has a run for every time that it was placed", () => {
  const text = readFileSync(SCENARIO, "utf8");
  const { fleet, jobs, timeModel } = scenarioOf({ file: SCENARIO, text, directory: ROOT });
  const recorder = createRecorder();
  const failures = { gpuSecondsBetween: 60, checkpointIterations: 1 };
  const result = simulate({
    fleet,
    jobs,
    timeModel,
    failures,
    policy: createPolicy("bace"),
    onInstant: recorder.observe,
  });
  const { runs } = recorder.trace();
  expect(Math.max(...result.jobs.map(({ epochs }) => epochs))).toBeGreaterThan(1);
  for (const job of result.jobs) {
    const own = runs.filter(({ jobId }) => jobId === job.id);
    expect(own.map(({ epoch }) => epoch)).toEqual(Array.from({ length: job.epochs }, (_, i) => i + 1));
    const usd = own.flatMap(({ parts }) => parts.map((part) => part.electricityUsd));
    expect(usd.reduce((sum, part) => sum + part, 0)).toBeCloseTo(job.electricityUsd, 12);
  }
});

test("names are text, never markup", () => {
  const { report, traces } = invented(3, `<b onclick="x">&'`);
  const page = pageText(report, traces);
  expect(page).not.toContain("<b onclick");
  expect(page).toContain("&lt;b onclick");
});

test("ten thousand jobs give a page of ordinary size that says what it left out", () => {
  const { report, traces } = invented(10_000, "job");
  const page = pageText(report, traces);
  expect(page.length).toBeLessThan(3e6);
  expect(page).toContain(`drawn are means over ${MOST_STEPS} equal spans`);
  expect(page).toContain(`Drawn are ${MOST_RANKS} of the jobs`);
  expect(page).toContain("instead of single jobs, a row shows how many of its GPUs were held");
  expect(page).toContain("10000 rows, more than a page should list");
});

test("jobs that never ran are named, and nothing breaks where none did", () => {
  const { report, traces } = invented(3, "job", "infeasible");
  const page = pageText(report, traces);
  expect(page).toContain("Under bace not finished: job-0, job-1, job-2.");
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("bars of a region never overlap, never need more GPUs than were held at once, and hold what the job held", () => {
  const some = fc.array(
    fc.record({
      from: fc.nat(20),
      lasts: fc.integer({ min: 1, max: 10 }),
      gpus: fc.integer({ min: 1, max: 6 }),
    }),
    { maxLength: 25 },
  );
  fc.assert(
    fc.property(some, (spans) => {
      const runs = spans.map(({ from, gpus, lasts }, i) => runOf(`job-${i}`, from, from + lasts, gpus));
      const bars = packed(runs, "here");
      const heldAt = (at: number) =>
        runs
          .filter(({ fromSeconds, toSeconds }) => fromSeconds <= at && at < toSeconds)
          .reduce((sum, { parts }) => sum + parts[0]!.gpus, 0);
      const peak = Math.max(0, ...runs.map(({ fromSeconds }) => heldAt(fromSeconds)));
      expect(bars).toHaveLength(runs.length);
      const taken = new Set<string>();
      for (const { gpus, pieces, run } of bars) {
        expect(pieces.reduce((sum, [from, until]) => sum + until - from, 0)).toBe(gpus);
        for (const [from, until] of pieces)
          for (let slot = from; slot < until; slot++)
            for (let at = run.fromSeconds; at < run.toSeconds; at++) {
              expect(slot).toBeLessThan(peak);
              expect(taken.has(`${slot} ${at}`)).toBe(false);
              taken.add(`${slot} ${at}`);
            }
      }
    }),
  );
});

test("a line that is thinned keeps its mean and its end", () => {
  const instants = Array.from({ length: 5000 }, (_, i) => instantOf(i * 3, (i * 7919) % 13));
  const end = 15_000;
  const steps = stepsOf(instants, ({ waitingJobs }) => waitingJobs, end);
  const thin = drawable(steps, end);
  expect(thin).toHaveLength(MOST_STEPS + 1);
  expect(thin.at(-1)!.atSeconds).toBe(end);
  expect(meanOf(thin, end)).toBeCloseTo(meanOf(steps, end), 9);
});

test("a distribution counts jobs that never got there, and keeps its longest time when it is thinned", () => {
  expect(ranks([1, 2, 5], 4)).toEqual([
    [1, 0.25],
    [2, 0.5],
    [5, 0.75],
  ]);
  const many = ranks(
    Array.from({ length: 1001 }, (_, i) => i),
    1001,
  );
  expect(many).toHaveLength(MOST_RANKS);
  expect(many.at(-1)).toEqual([1000, 1]);
});

test("CSV: a row per policy and job with every field of the result, in full precision", async () => {
  const { policies, scenarioHash } = await reported("--csv", "a.csv", "-p", "bace,lcf");
  const text = written("a.csv");
  expect(text.endsWith("\r\n")).toBe(true);
  const [headings, ...rows] = text
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
  const jobs = Object.entries(policies).flatMap(([policy, result]) =>
    result.jobs.map((job) => ({ policy, ...job })),
  );
  expect(rows).toHaveLength(jobs.length);
  rows.forEach((row, i) => {
    const cells = Object.fromEntries(headings!.map((heading, column) => [heading, row[column]]));
    const { placement, ...fields } = jobs[i]!;
    expect(cells).toMatchObject({ scenarioHash, seed: "1", timeModel: "auto" });
    for (const [name, value] of Object.entries(fields)) expect(cells[name]).toBe(String(value ?? ""));
    expect(cells["placementGpus"]).toBe(placement.map(({ region, gpus }) => `${region}=${gpus}`).join(";"));
  });
});

test("CSV: quotes, commas and line ends are quoted after RFC 4180; what is not known is empty", () => {
  const { report } = invented(1, 'a "b", c\nd', "infeasible");
  const [, row] = csvText(report).split("\r\n");
  expect(row).toContain('"a ""b"", c\nd-0"');
  expect(row).toMatch(/infeasible,0,,,,,/);
});

test("JSON Lines: the run, then every job, then the policies, the same values as -o json", async () => {
  const { policies, ...run } = await reported("--jsonl", "a.jsonl", "-p", "bace,lcf");
  const lines = written("a.jsonl").trimEnd().split("\n");
  const records = lines.map((line) => JSON.parse(line));
  expect(records[0]).toEqual({ kind: "run", ...run, policies: ["bace", "lcf"] });
  const jobs = Object.entries(policies).flatMap(([policy, result]) =>
    result.jobs.map((job) => ({ kind: "job", policy, ...job })),
  );
  expect(records.slice(1, -2)).toEqual(jobs);
  const { jobs: _jobs, ...summary } = policies["lcf"]!;
  expect(records.at(-1)).toEqual({ kind: "summary", policy: "lcf", ...summary });
});

test.each([
  ["--html", "nowhere/a.html", "folder-not-found"],
  ["--csv", "taken/a.csv", "folder-not-found"],
  ["--jsonl", ".", "not-a-file"],
  ["--html", "/dev/null", "not-a-file"],
  ["--csv", "empty.yaml", "same-file"],
  ["--jsonl", "-", "not-a-file"],
])("%s %s is refused before anything is simulated: %s", async (option, name, code) => {
  writeFileSync(join(folder, "taken"), "");
  // Simulating it would be an error of another kind.
  const empty = readFileSync(SCENARIO, "utf8").split("\njobs:")[0]!;
  writeFileSync(join(folder, "empty.yaml"), empty);
  const { err, exitCode, out } = await bace(["simulate", "empty.yaml", option, name], { folder });
  expect(err).toContain(`error[${code}]: ${option} ${name}`);
  expect(err).toContain("help:");
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
  expect(readdirSync(folder).sort()).toEqual(["empty.yaml", "taken"]);
  expect(written("empty.yaml")).toBe(empty);
});

test("two outputs cannot be one file", async () => {
  const { err, exitCode } = await bace(["simulate", SCENARIO, "--html", "a", "--csv", "./a"], { folder });
  expect(exitCode).toBe(2);
  expect(err).toContain("error[same-file]: --csv ./a would overwrite the file of --html");
});

test("an old file is replaced as a whole, behind a link too, and nothing else is left", async () => {
  writeFileSync(join(folder, "real.csv"), "old");
  symlinkSync("real.csv", join(folder, "link.csv"));
  await reported("--csv", "link.csv", "-p", "bace");
  expect(written("real.csv")).toMatch(/^version,scenarioHash,/);
  expect(readdirSync(folder).sort()).toEqual(["link.csv", "real.csv"]);
});

function runOf(jobId: string, fromSeconds: number, toSeconds: number, gpus: number): Run {
  const parts = [{ region: "here", gpus, electricityUsd: 0.1 }];
  return { jobId, tenant: `of-${jobId}`, epoch: 1, fromSeconds, toSeconds, iterationSeconds: 1, parts };
}

function instantOf(atSeconds: number, waitingJobs: number): Trace["instants"][number] {
  return { atSeconds, waitingJobs, heldGpus: waitingJobs % 5, gpus: 5 };
}

/** A result with that many jobs of one region, one after the other. */
function invented(count: number, name: string, outcome: "finished" | "infeasible" = "finished") {
  const ran = outcome === "finished";
  const jobs = Array.from({ length: count }, (_, i) => ({
    id: `${name}-${i}`,
    tenant: `${name} ${i % 12}`,
    outcome,
    submitSeconds: 0,
    startSeconds: ran ? i : null,
    endSeconds: ran ? i + 1 : null,
    waitSeconds: ran ? i : null,
    jctSeconds: ran ? i + 1 : null,
    placement: ran ? [{ region: "here", gpus: 2 }] : [],
    iterationSeconds: ran ? 1 : null,
    epochs: ran ? 1 : 0,
    electricityUsd: ran ? 0.1 : 0,
    energyKwh: 0,
    carbonKg: 0,
    egressUsd: 0,
  }));
  const result: SimulationReport["policies"][string] = {
    averageJctSeconds: null,
    p95JctSeconds: null,
    averageWaitSeconds: null,
    maxWaitSeconds: null,
    makespanSeconds: ran ? count : 0,
    electricityUsd: ran ? 0.1 * count : 0,
    energyKwh: 0,
    carbonKg: 0,
    idleElectricityUsd: 0,
    egressUsd: 0,
    gpuUtilization: 0,
    linkUtilization: 0,
    finishedJobs: ran ? count : 0,
    infeasibleJobs: ran ? 0 : count,
    jobs,
  };
  const trace: Trace = {
    runs: ran ? jobs.map(({ id }, i) => runOf(id, i, i + 1, 2)) : [],
    instants: jobs.map((_, i) => instantOf(i, ran ? count - i : 0)),
    regions: [{ name: "here", gpus: 5 }],
  };
  const report: SimulationReport = {
    version: "0",
    scenarioHash: "0",
    scenario: name,
    seed: 1,
    timeModel: "1f1b",
    policies: { bace: result, lcf: result },
  };
  const traces = new Map([
    ["bace", trace],
    ["lcf", trace],
  ]);
  return { report, traces };
}
