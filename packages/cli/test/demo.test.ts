import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseJobs } from "@bace-pipe/core/spec";
import { startTicksOf } from "@bace-pipe/server/process";
import pc from "picocolors";
import { describe, expect, onTestFinished, test } from "vitest";
import { comparisonText, measuredRow } from "../src/demo/comparison.ts";
import { removeLeftovers } from "../src/demo/leftovers.ts";
import { pictureText } from "../src/demo/picture.ts";
import { isStillThere } from "../src/demo/processes.ts";
import { runDemo } from "../src/demo/run.ts";
import { complaintsAbout, summaryText } from "../src/demo/summary.ts";
import { DEMO_SCENARIO, submissionsOf } from "../src/demo/workload.ts";
import { readNamed } from "../src/files.ts";
import { scenarioOf, simulatePolicies } from "../src/simulation/run.ts";
import { recordingIo } from "./support/recorder.ts";
import { jobView, REGIONS, WAITING } from "./support/views.ts";

const colors = pc.createColors(false);
const scenario = await readNamed(DEMO_SCENARIO, recordingIo().io);

test("each job of the scenario becomes a document that the service takes, in order of submission", () => {
  const { fleet, jobs, efficiency } = scenarioOf(scenario);
  const submissions = submissionsOf(scenario);
  const times = submissions.map(({ atSeconds }) => atSeconds);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  for (const { file, id, text } of submissions) {
    const parsed = parseJobs(text, file, fleet, { efficiency, mustTrain: true });
    expect(parsed).toEqual({ ok: true, value: [jobs.find((job) => job.id === id)] });
  }
});

test("copies of a job are documents of their own; jobs of a trace cannot be trained", () => {
  const text = scenario.text.replace(/^( +- name: .*)$/m, "$1\n    copies: 2");
  const twice = { ...scenario, text };
  const { fleet, efficiency } = scenarioOf(twice);
  const submissions = submissionsOf(twice);
  expect(submissions).toHaveLength(submissionsOf(scenario).length + 1);
  for (const { file, id, text: one } of submissions) {
    const parsed = parseJobs(one, file, fleet, { efficiency, mustTrain: true });
    expect(parsed.ok && parsed.value.map((job) => job.id)).toEqual([id]);
  }
  const folder = mkdtempSync(join(tmpdir(), "bace-demo-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const trace = "timestamp,duration,num_gpus,cluster\n2017-10-09 07:00:00,60,1,a\n";
  writeFileSync(join(folder, "jobs.csv"), trace);
  const traced = { ...scenario, text: `${scenario.text}\ntrace: {file: jobs.csv}\n`, directory: folder };
  expect(() => submissionsOf(traced)).toThrow(/trace say nothing to train/);
});

const DONE = jobView({ phase: "ended", outcome: "finished", firstLoss: 5.5, lastLoss: 3 });

describe("the demo succeeds only if every job finished and learned something", () => {
  const A_AND_B = [{ id: "a" }, { id: "b" }];
  const B = { ...DONE, id: "b" };

  test("all is well", () => expect(complaintsAbout(A_AND_B, [DONE, B])).toEqual([]));

  test("one failed", () => {
    const failed = jobView({ id: "b", phase: "ended", outcome: "failed", reason: "tokyo: exit code 1" });
    expect(complaintsAbout(A_AND_B, [DONE, failed])).toEqual([
      "b did not finish: failed, tokyo: exit code 1",
    ]);
  });

  test("one could not be placed", () => {
    const infeasible = jobView({ id: "b", phase: "infeasible" });
    expect(complaintsAbout(A_AND_B, [DONE, infeasible])).toEqual(["b did not finish: infeasible"]);
  });

  test("one learned nothing", () => {
    expect(complaintsAbout([{ id: "a" }], [{ ...DONE, lastLoss: 5.6 }])).toEqual([
      "the loss of a did not fall: 5.500 at first, 5.600 at last",
    ]);
  });

  test("one is gone", () => {
    expect(complaintsAbout(A_AND_B, [DONE])).toEqual(["b was submitted, and the service does not know it"]);
  });

  test("there was none", () => expect(complaintsAbout([], [])).toEqual(["no job was submitted"]));
});

test("a demo does not clear away another one that still runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bace-demo-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, ".bace"));
  const holder = { pid: process.ppid, startTicks: startTicksOf(process.ppid) };
  writeFileSync(join(folder, ".bace/demo.lock"), JSON.stringify(holder));
  const { io } = recordingIo({ folder });
  await expect(runDemo({ policy: "bace", scenario: DEMO_SCENARIO }, io)).rejects.toThrow(
    `a demo runs here already (pid ${process.ppid})`,
  );
});

const MEASURED = [
  {
    ...DONE,
    submittedSeconds: 1000,
    startedSeconds: 1004,
    endedSeconds: 1030,
    waitSeconds: 4,
    jctSeconds: 30,
  },
  {
    ...DONE,
    submittedSeconds: 1010,
    startedSeconds: 1030,
    endedSeconds: 1060,
    waitSeconds: 20,
    jctSeconds: 50,
  },
];

test("measured figures are the simulator's own, with times from the first submission", () => {
  const { averageJctSeconds, averageWaitSeconds, makespanSeconds, p95JctSeconds } = measuredRow(
    "bace",
    MEASURED,
  );
  expect({ averageJctSeconds, averageWaitSeconds, makespanSeconds, p95JctSeconds }).toEqual({
    averageJctSeconds: 40,
    averageWaitSeconds: 12,
    makespanSeconds: 60,
    p95JctSeconds: 50,
  });
  const report = simulatePolicies(scenario, { policies: ["bace", "lcf"], seed: 1 });
  const text = comparisonText("bace", MEASURED, report, colors);
  expect(text).toMatch(/^bace, measured +12 s +40 s +50 s +60 s +/m);
  expect(text).toMatch(/^lcf, simulated .* [+-]\d+\.\d %$/m);
});

test("the summary: predicted and measured step, their difference, why there", () => {
  const placement = { regions: [{ region: "frankfurt", gpus: 4 }], hops: [] };
  const job = { ...DONE, placement, predictedStepSeconds: 0.5, measuredStepSeconds: 0.55 };
  const why = { ...WAITING.why!, candidates: [] };
  const decision = {
    seq: 1,
    atSeconds: 1,
    kind: "placed" as const,
    jobId: "a",
    epoch: 1,
    hops: [],
    replan: null,
  };
  const text = summaryText([job], [{ ...decision, placement, predictedStepSeconds: 0.5, why }], colors);
  expect(text).toMatch(/500 ms +550 ms +\+10\.0 % +5\.500 +3\.000/);
  expect(text).toContain("a: K* = 4 GPUs in one region; place 2 with priority 0.61\n");
});

test("the picture: how far it is, the queue, a line per region", () => {
  const text = pictureText(
    { elapsedSeconds: 12.7, jobs: [DONE], positions: new Map(), regions: REGIONS, toCome: 2 },
    colors,
  );
  expect(text).toContain("12 s: 1 of 3 jobs have ended, 2 still to be submitted\n");
  expect(text).toContain("frankfurt: 1 of 3 GPUs free; reserved → tokyo 12 Mbit/s (25.0 %)\n");
});

describe.skipIf(startTicksOf(process.pid) === null)("what an earlier demo left", () => {
  test("is ended and removed; a process that only has the same number is left alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bace-demo-"));
    const sleeper = () => {
      const child = spawn("sleep", ["60"]);
      onTestFinished(() => void child.kill("SIGKILL"));
      return child;
    };
    const [service, launch, stranger] = [sleeper(), sleeper(), sleeper()];
    await Promise.all([service, launch, stranger].map((child) => once(child, "spawn")));
    const note = (path: string, pid: number, startTicks: number | null) => {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), JSON.stringify({ pid, startTicks, url: "http://127.0.0.1:1" }));
    };
    note("lock", service.pid!, startTicksOf(service.pid!)); // still starting: no service.json yet
    writeFileSync(join(folder, "service.json"), '{"pid": 12');
    note("launches/a.1.east/started.json", launch.pid!, startTicksOf(launch.pid!));
    note("launches/b.1.east/spawned.json", stranger.pid!, startTicksOf(stranger.pid!)! + 1);

    const said: string[] = [];
    await removeLeftovers(folder, (line) => said.push(line));
    const there = ({ pid }: { readonly pid?: number | undefined }) =>
      isStillThere({ pid: pid!, startTicks: startTicksOf(pid!) });
    expect([service, launch, stranger].map(there)).toEqual([false, false, true]);
    expect(existsSync(folder)).toBe(false);
    expect(said).toHaveLength(2);
    rmSync(folder, { recursive: true, force: true });
  });
});
