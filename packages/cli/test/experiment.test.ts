// `bace experiment`: a whole study, at its smallest.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UNSCALED } from "@bace-pipe/core/experiment";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allTasks, defaultTask } from "../src/experiment/plan.ts";
import { runTasks } from "../src/experiment/pool.ts";
import { type Task, type TaskResult, taskId } from "../src/experiment/task.ts";
import { main } from "../src/main.ts";
import { bace, recordingIo } from "./support/recorder.ts";

const SMALL = ["experiment", "paper", "--draws", "1", "--threads", "2"];
const SLOW = 60_000;

let folder: string;
/** Of an experiment that nobody interrupted. */
let report: string;
let resultsName: string;
let lines: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bace-experiment-"));
  const run = await bace([...SMALL, "--out", "whole"], { folder });
  expect(run).toMatchObject({ exitCode: 0, out: `${join(folder, "whole", "report.md")}\n` });
  report = readFileSync(join(folder, "whole", "report.md"), "utf8");
  resultsName = readdirSync(join(folder, "whole")).find((name) => name.endsWith(".jsonl"))!;
  lines = readFileSync(join(folder, "whole", resultsName), "utf8")
    .split("\n")
    .slice(0, -1);
}, SLOW);
afterAll(() => rmSync(folder, { recursive: true }));

test("there is one study", async () => {
  const { err, exitCode, out } = await bace(["experiment", "nature"], { folder });
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
  expect(err).toContain('there is no study "nature"');
  expect(err).toContain("bace experiment paper");
});

test.each(["0", "1.5", "many"])("--draws %s is refused", async (draws) => {
  const { err, exitCode } = await bace(["experiment", "paper", "--draws", draws], { folder });
  expect(exitCode).toBe(2);
  expect(err).toContain("Give a whole number from 1.");
});

test("every scenario is run once, and its result kept", () => {
  const results = lines.map((line) => JSON.parse(line) as TaskResult);
  expect(results.map(({ task }) => task).sort()).toEqual(allTasks(1).map(taskId).sort());
  for (const { results: contenders, task } of results)
    for (const { deadlinesKeptShare, finishedShare } of Object.values(contenders)) {
      expect(deadlinesKeptShare === null).toBe(!task.startsWith("deadlines"));
      if (task.startsWith("default point")) expect(finishedShare).toBe(1);
    }
});

test("the report has all sections, says how to repeat it, and every figure in it is one", () => {
  expect([...report.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual([
    "In short",
    "The policies",
    "The hand-picked point",
    "Everything that the paper leaves open, at random",
    "Fleets like the paper's, timed by the schedule",
    "Realistic WANs",
    "Realistic WANs, hourly prices",
    "Realistic WANs, hourly prices, deadlines",
    "The paper's sweeps on realistic WANs",
  ]);
  expect(report).toContain("    npx bace experiment paper --draws 1\n");
  expect(report).toContain(resultsName.slice("results-".length, -".jsonl".length));
  expect(report).not.toMatch(/NaN|undefined|null|Infinity/);
});

test("its summary is computed: as many findings hold as the table of the hand-picked point says", () => {
  const [short, point] = ["## In short", "## The hand-picked point"].map(
    (heading) => report.split(`${heading}\n`)[1]!.split("\n## ")[0]!,
  );
  const held = [...point!.matchAll(/^\| \d \| .+ \| pass \|$/gm)].length;
  const failed = [...point!.matchAll(/^\| \d \| .+ \| \*\*fail\*\* \|$/gm)].length;
  expect(held + failed).toBe(9);
  expect(short).toContain(`| the paper's findings that hold at the hand-picked point | 1 | ${held} | 9 |`);
  expect(short!.match(/does not hold even at the hand-picked point/g) ?? []).toHaveLength(failed);
  expect(
    short!.match(/^\| (JCT|cost) of `bace-plus` .+ \| 1 of wan(-hourly)? \| [\d.]+ \| ≤ [\d.]+ \|/gm),
  ).toHaveLength(8);
});

test(
  "an experiment that was interrupted computes what is missing, and comes to the same report",
  async () => {
    const kept = lines.slice(0, Math.floor(lines.length / 2));
    const torn = lines[kept.length]!.slice(0, 40);
    const file = resultsFile("resumed");
    writeFileSync(file, `${kept.join("\n")}\n${torn}`);
    const { err, exitCode } = await bace([...SMALL, "--out", "resumed"], { folder });
    expect(exitCode).toBe(0);
    expect(err).toContain(`${kept.length} of ${lines.length} scenarios`);
    const after = readFileSync(file, "utf8").split("\n").slice(0, -1);
    expect(after.slice(0, kept.length + 1)).toEqual([...kept, torn]);
    expect(after.slice(kept.length + 1).sort()).toEqual(lines.slice(kept.length).sort());
    expect(readFileSync(join(folder, "resumed", "report.md"), "utf8")).toBe(report);
  },
  SLOW,
);

test("Ctrl-C stops it with the way to go on; results of other sources are not taken for its own", async () => {
  const other = resultsFile("stopped", "results-0123456789ab.jsonl");
  writeFileSync(other, `${lines.join("\n")}\n`);
  const { io, recorded } = recordingIo({ folder });
  const onInterrupt = (stop: () => void) => {
    stop();
    return () => undefined;
  };
  const exitCode = await main([...SMALL, "--out", "stopped"], { ...io, onInterrupt });
  expect({ exitCode, out: recorded.out }).toEqual({ exitCode: 130, out: "" });
  expect(recorded.err).toContain(`stopped with 0 of ${lines.length} scenarios done`);
  expect(recorded.err).toContain("the same command goes on from here");
  expect(readdirSync(join(folder, "stopped"))).toEqual(["results-0123456789ab.jsonl"]);
});

test("results that are all there are not computed again", async () => {
  const file = resultsFile("again");
  const text = `${lines.join("\n")}\n`;
  writeFileSync(file, text);
  const { err, exitCode } = await bace([...SMALL, "--out", "again"], { folder });
  expect(exitCode).toBe(0);
  expect(err).toContain(`${lines.length} of ${lines.length} scenarios`);
  expect(readFileSync(file, "utf8")).toBe(text);
  expect(readFileSync(join(folder, "again", "report.md"), "utf8")).toBe(report);
});

test("an error in a scenario ends the experiment and names the scenario", async () => {
  const broken: Task = { ...defaultTask(UNSCALED), contenders: ["nobody"] };
  const options = { threads: 1, resultsFile: resultsFile("broken"), progress: () => undefined };
  const run = runTasks([broken, ...allTasks(1)], { ...options, signal: new AbortController().signal });
  await expect(run).rejects.toThrow(`${taskId(broken)}: there is no contender "nobody"`);
  expect(readdirSync(join(folder, "broken"))).toEqual([]);
});

function resultsFile(out: string, name = resultsName): string {
  mkdirSync(join(folder, out));
  return join(folder, out, name);
}
