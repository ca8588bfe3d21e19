// What is left of ended launches goes with their jobs' records: in few commands, never of what may still be wanted, and a crash
// in between leaves something for the next time and nothing else. Slurm is pretended, the folder is a real one.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Executor } from "../../src/executors/executor.ts";
import { createLocalExecutor } from "../../src/executors/local.ts";
import { answersSoon } from "../../src/executors/patient.ts";
import { startTicksOf } from "../../src/executors/process.ts";
import { createSlurmExecutor } from "../../src/executors/slurm/executor.ts";
import { type Command, createRunner, type Ran } from "../../src/executors/slurm/runner.ts";

const HOUR = 3600;
const CURRENT = "c".repeat(64);
const OLD = "0".repeat(64);
const USED = "1".repeat(64);

let root: string;
let folder: string;
/** Of jobs that Slurm has, by key. */
let jobs: Map<string, string>;
let calls: string[][];
let failing: (words: readonly string[]) => boolean;

const run = async (command: Command): Promise<Ran> => {
  const words = command.words.filter((word) => !/^(?:env|LC_ALL=C)$/.test(word));
  calls.push(words);
  if (failing(words)) return { kind: "no-answer", reason: "crashed" };
  if (words[0] !== "squeue") return createRunner({})(command);
  const lines = [...jobs].map(
    ([key, state], i) => `${i}|${state}|bace-${key}|${folder}/launches/${key}|None\n`,
  );
  return { kind: "ended", exitCode: 0, stdout: lines.join(""), stderr: "" };
};
const open = (): Executor =>
  answersSoon(
    createSlurmExecutor({
      ...{ settingsOf: () => undefined, folder, run, pollSeconds: 0, nowSeconds: () => 1e9 },
      worker: async () => ({ bytes: Buffer.from(""), sha256: CURRENT }),
    }),
    { patienceSeconds: 60 },
  );
const aged = (path: string, hours: number) => {
  const seconds = Date.now() / 1000 - hours * HOUR;
  utimesSync(path, seconds, seconds);
};
/** A launch that ended so long ago; one that has not, where absent. */
const launch = (key: string, hours?: number, worker = CURRENT) => {
  const path = join(folder, "launches", key);
  mkdirSync(join(path, "claimed"), { recursive: true });
  writeFileSync(join(path, "claimed", "job"), "7\n");
  writeFileSync(join(path, "worker"), `${folder}/worker/${worker}.zip\n`);
  writeFileSync(join(path, "rank-0.log"), "x".repeat(100));
  if (hours === undefined) return void jobs.set(key, "RUNNING");
  writeFileSync(join(path, "exit.json"), '{"exitCode": 0}');
  aged(join(path, "exit.json"), hours);
};
const placed = (sha256: string, hours: number) => {
  mkdirSync(join(folder, "worker"), { recursive: true });
  writeFileSync(join(folder, "worker", `${sha256}.zip`), "zip");
  aged(join(folder, "worker", `${sha256}.zip`), hours);
};
const launches = () => readdirSync(join(folder, "launches")).sort();
const workers = () =>
  readdirSync(join(folder, "worker"))
    .map((name) => name[0])
    .sort();
const keep = (...kept: readonly string[]) => ({
  ...{ isKept: (key: string) => kept.includes(key.split(".")[0]!), olderThanSeconds: HOUR },
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bace-prune-"));
  folder = join(root, "shared");
  [jobs, calls, failing] = [new Map(), [], () => false];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("launches that ended long ago and that nobody keeps go, with all that is in them, and leave the list", async () => {
  for (const key of ["gone.1.east", "gone.2.east", "kept.1.east"]) launch(key, 5);
  launch("young.1.east", 0.1);
  launch("runs.1.east");
  launch("second.1.east", 5); // a second job waits, and will find it claimed
  jobs.set("second.1.east", "PENDING");
  mkdirSync(join(folder, "launches", "not-a-launch"));
  const executor = open();
  expect((await executor.list()).size).toBe(6);
  expect(await executor.prune!(keep("kept"))).toBe(2);
  expect(launches()).toEqual(["kept.1.east", "not-a-launch", "runs.1.east", "second.1.east", "young.1.east"]);
  expect([...(await executor.list()).keys()].sort()).toEqual(launches().filter((name) => name.includes(".")));
  expect(await executor.find("gone.1.east")).toEqual({ kind: "absent" });
  expect(await executor.prune!(keep("kept"))).toBe(0);
});

test("an executor that is new on the cluster knows what has ended before it prunes", async () => {
  launch("gone.1.east", 5);
  expect(await open().prune!(keep())).toBe(1);
  expect(launches()).toEqual([]);
});

test("many are moved by one command and removed by one, two hundred in a round", async () => {
  for (let i = 0; i < 230; i++) launch(`gone.${i}.east`, 5);
  const executor = open();
  await executor.list();
  calls = [];
  expect(await executor.prune!(keep())).toBe(200);
  expect(calls.map(([program]) => program)).toEqual(["squeue", "find", "rm", "mkdir", "mv", "rm", "find"]);
  expect(await executor.prune!(keep())).toBe(30);
  expect(launches()).toEqual([]);
  expect(existsSync(join(folder, "removed"))).toBe(false);
});

test.each(["rm", "mkdir", "mv"])(
  "a crash at %s leaves the launch whole or out of sight, for the next time",
  async (program) => {
    launch("gone.1.east", 5);
    let count = 0;
    for (const which of [1, 2]) {
      count = 0;
      failing = ([name]) => name === program && ++count === which;
      await open().prune!(keep()).catch(() => {});
      failing = () => false;
      for (const key of launches()) expect(existsSync(join(folder, "launches", key, "exit.json"))).toBe(true);
    }
    launch("other.1.east", 5);
    await open().prune!(keep());
    expect(launches()).toEqual([]);
    expect(existsSync(join(folder, "removed"))).toBe(false);
  },
);

test("workers of other versions go, when no live launch uses them", async () => {
  for (const sha256 of [CURRENT, OLD, USED]) placed(sha256, 5);
  placed("2".repeat(64), 0.1);
  writeFileSync(join(folder, "worker", "notes.txt"), "somebody's");
  aged(join(folder, "worker", "notes.txt"), 5);
  launch("runs.1.east", undefined, USED);
  const executor = open();
  await executor.prune!(keep());
  expect(workers()).toEqual(["1", "2", "c", "n"]);
  rmSync(join(folder, "launches", "runs.1.east", "worker"));
  placed(OLD, 5);
  await executor.prune!(keep()); // nobody can tell what the one that runs uses
  expect(workers()).toEqual(["0", "1", "2", "c", "n"]);
});

test("local launches: what has ended goes, what runs or is kept stays, and a crash leaves nothing for good", async () => {
  const launchesDirectory = join(root, "local");
  const at = (key: string) => join(launchesDirectory, key);
  const write = (key: string, hours: number, name = "exit.json") => {
    mkdirSync(at(key), { recursive: true });
    writeFileSync(join(at(key), name), '{"exitCode": 0}');
    for (const path of [join(at(key), name), at(key)]) aged(path, hours);
  };
  for (const key of ["gone.1.east", "kept.1.east"]) write(key, 5);
  write("young.1.east", 0.1);
  write("never.1.east", 5, "plan.json"); // a crash came before it was started
  write("runs.1.east", 5, "plan.json");
  writeFileSync(
    join(at("runs.1.east"), "started.json"),
    JSON.stringify({ pid: process.pid, startTicks: startTicksOf(process.pid) }),
  );
  mkdirSync(join(launchesDirectory, ".removed", "half-gone.1.east"), { recursive: true });
  const executor = createLocalExecutor({ launchesDirectory, python: "python3", workerDirectory: root });
  expect((await executor.list()).has("gone.1.east")).toBe(true);
  expect(await executor.prune!(keep("kept"))).toBe(2);
  expect(readdirSync(launchesDirectory).sort()).toEqual(["kept.1.east", "runs.1.east", "young.1.east"]);
  expect(await executor.find("gone.1.east")).toEqual({ kind: "absent" });
});
