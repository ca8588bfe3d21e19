// The executor with a Slurm that does what a test says: answers that are lost, late, torn or in words that nobody knows.
// The cluster's folder is a real one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan, SlurmSettings } from "@bace-pipe/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Artifact, Executor } from "../../src/executors/executor.ts";
import { createSlurmExecutor } from "../../src/executors/slurm/executor.ts";
import { type Command, createRunner, type Ran } from "../../src/executors/slurm/runner.ts";

const KEY = "a.1.east";
const PLAN = { version: 1, checkpoint: { graceSeconds: 60 }, ranks: [{ region: "east" }] } as unknown as Plan;
const ARTIFACT: Artifact = { region: "east", plan: PLAN };
const said = (stdout = "", exitCode = 0, stderr = ""): Ran => ({ kind: "ended", exitCode, stdout, stderr });
const NO_ANSWER: Ran = { kind: "no-answer", reason: "no answer after 30 s" };

let root: string;
let folder: string;
let seconds: number;
let settings: SlurmSettings;
/** Jobs by id, in Slurm's words. */
let jobs: Map<string, { state: string; key: string }>;
let calls: string[][];
/** Instead of what the cluster would answer, by program. */
let answers: Record<string, (command: Command) => Ran | undefined>;
let executor: Executor;

const programOf = ({ words }: Command) =>
  words[0] === "env" ? words.slice(1).find((word) => !word.includes("="))! : words[0]!;
const callsOf = (program: string) => calls.filter((words) => words.includes(program));
const run = async (command: Command): Promise<Ran> => {
  calls.push([...command.words]);
  const program = programOf(command);
  const answer = answers[program]?.(command);
  if (answer) return answer;
  if (program === "sbatch") {
    const id = String(jobs.size + 1);
    const key = command.words.find((word) => word.startsWith("--comment="))!.slice("--comment=".length);
    jobs.set(id, { state: "RUNNING", key });
    return said(`${id}\n`);
  }
  if (program === "squeue") {
    const name = command.words.find((word) => word.startsWith("--name="))?.slice("--name=bace-".length);
    const wanted = [...jobs].filter(([, { key }]) => name === undefined || key === name);
    const line = ([id, { state, key }]: (typeof wanted)[number]) =>
      `${id}|${state}|bace-${key}|${folder}/launches/${key}|None\n`;
    return said(wanted.map(line).join(""));
  }
  if (program === "scancel") return said();
  return createRunner({})(command);
};
const open = (): Executor =>
  createSlurmExecutor({
    settingsOf: (region) => (region === "east" ? settings : undefined),
    ...{ folder, run, nowSeconds: () => seconds, pollSeconds: 2 },
    worker: async () => ({
      bytes: Buffer.from("worker"),
      sha256: "87eba76e7f3164534045ba922e7770fb58bbd14ad732bbf5ba6f11cc56989e6e",
    }),
  });
const exit = (exitCode: unknown) =>
  writeFileSync(join(folder, "launches", KEY, "exit.json"), JSON.stringify({ exitCode, ranks: [] }));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bace-slurm-fake-"));
  folder = join(root, "shared");
  seconds = 1000;
  settings = { folder, python: "python3", gpuGres: "gpu:h100", extraOptions: [] };
  [jobs, calls, answers] = [new Map(), [], {}];
  executor = open();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("one job per launch: a vector of words, the same script for all on standard input", async () => {
  settings = {
    ...{ ...settings, partition: "train", account: "research", qos: "high", constraint: "h100&ib" },
    ...{ cpusPerGpu: 8, extraOptions: ["--exclusive"] },
  };
  let script: unknown;
  answers["sbatch"] = ({ input }) => {
    script = input;
    return undefined;
  };
  await executor.submit(KEY, ARTIFACT);
  const at = `${folder}/launches/${KEY}`;
  expect(callsOf("sbatch")).toEqual([
    [
      ...[
        "env",
        "LC_ALL=C",
        "sbatch",
        "--parsable",
        "--no-requeue",
        "--export=NONE",
        `--job-name=bace-${KEY}`,
      ],
      ...[`--comment=${KEY}`, `--chdir=${at}`, `--output=${at}/supervisor.log`, "--open-mode=append"],
      ...["--nodes=1", "--ntasks=1", "--gres=gpu:h100:1", "--cpus-per-task=8", "--signal=B:TERM@90"],
      ...["--partition=train", "--account=research", "--qos=high", "--constraint=h100&ib", "--exclusive"],
    ],
  ]);
  expect(script).toMatch(/^#!\/bin\/sh\n/);
  expect(script).not.toContain(KEY);
  expect(readFileSync(join(at, "command"), "utf8").split("\n")).toEqual([
    ...["python3", "-m", "bace_worker", "launch", "--plan", `${at}/plan.json`, "--region", "east"],
    ...["--directory", at, ""],
  ]);
});

test("a submit that timed out may have arrived: unknown until it must have, and asked again only then", async () => {
  answers["sbatch"] = () => NO_ANSWER;
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({
    kind: "unknown",
    reason: "sbatch: no answer after 30 s",
  });
  expect(await executor.find(KEY)).toEqual({ kind: "unknown" });
  expect(await executor.list()).toEqual(new Map([[KEY, { kind: "running" }]]));
  expect(await executor.submit(KEY, ARTIFACT)).toMatchObject({ kind: "unknown" });
  expect(await open().list()).toEqual(new Map([[KEY, { kind: "running" }]]));
  expect(callsOf("sbatch")).toHaveLength(1);
  seconds += 61;
  expect(await executor.find(KEY)).toEqual({ kind: "absent" });
  expect(await executor.list()).toEqual(new Map());
  answers = {};
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "accepted" });
  expect(callsOf("sbatch")).toHaveLength(2);
});

test.each<[string, Ran]>([
  ["is killed", NO_ANSWER],
  [
    "says that its socket timed out",
    said("", 1, "sbatch: error: Batch job submission failed: Socket timed out\n"),
  ],
  ["says something that nobody knows", said("", 1, "sbatch: error: the moon is full\n")],
  ["answers in no known encoding", said("\uFFFD\uFFFD", 1, "\uFFFD")],
])("an sbatch that was accepted and then %s: find settles it, and there is one job", async (_, answer) => {
  answers["sbatch"] = () => {
    jobs.set("1", { state: "PENDING", key: KEY });
    return answer;
  };
  expect(await executor.submit(KEY, ARTIFACT)).toMatchObject({ kind: "unknown" });
  expect(await executor.find(KEY)).toEqual({ kind: "running" });
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "exists" });
  expect(callsOf("sbatch")).toHaveLength(1);
});

test("a controller that was not reached has no job: asked again at once", async () => {
  answers["sbatch"] = () =>
    said("", 1, "sbatch: error: Unable to contact slurm controller (connect failure)\n");
  expect(await executor.submit(KEY, ARTIFACT)).toMatchObject({ kind: "unknown" });
  expect(await executor.find(KEY)).toEqual({ kind: "absent" });
  answers = {};
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "accepted" });
});

test("while the folder cannot be written nothing is submitted", async () => {
  answers["tar"] = () => said("", 2, "tar: cannot write: No space left on device\n");
  await expect(executor.submit(KEY, ARTIFACT)).rejects.toThrow("No space left on device");
  expect(callsOf("sbatch")).toEqual([]);
  expect(await executor.find(KEY)).toEqual({ kind: "absent" });
});

test("a word of squeue that nobody knows concludes nothing", async () => {
  await executor.submit(KEY, ARTIFACT);
  jobs.set("1", { state: "QUANTUM", key: KEY });
  expect(await executor.find(KEY)).toEqual({ kind: "unknown" });
  expect(await executor.list()).toEqual(new Map([[KEY, { kind: "running" }]]));
});

test.each<[string, Ran]>([
  ["fails", said("", 1, "slurm_load_jobs error: Unable to contact slurm controller\n")],
  ["does not answer", NO_ANSWER],
  ["answers garbage", said("\uFFFD\0garbage\n")],
  ["is cut off", said(`1|RUNNING|bace-${KEY}`)],
])("a squeue that %s is no list, and no reason to submit anything", async (_, answer) => {
  await executor.submit(KEY, ARTIFACT);
  answers["squeue"] = () => answer;
  seconds += 10;
  await expect(executor.list()).rejects.toThrow("squeue");
  await expect(executor.submit("b.1.east", ARTIFACT)).rejects.toThrow("squeue");
  expect(callsOf("sbatch")).toHaveLength(1);
});

test("notes that cannot be read are no list either", async () => {
  await executor.submit(KEY, ARTIFACT);
  answers["grep"] = () => said("", 2, "grep: /shared/launches: Permission denied\n");
  await expect(open().list()).rejects.toThrow("Permission denied");
});

test("what ssh says between grep's lines is no reason to doubt them", async () => {
  answers["grep"] = ({ words }) => {
    const missing = `grep: ${words.at(-1)}: No such file or directory\n`;
    return said("", 2, `ControlSocket already exists, disabling multiplexing\n${missing}`);
  };
  expect(await executor.find(KEY)).toEqual({ kind: "absent" });
});

test("one squeue for all launches, and nothing else as long as they run", async () => {
  for (const name of ["a", "b", "c"]) await executor.submit(`${name}.1.east`, ARTIFACT);
  await executor.list();
  calls = [];
  seconds += 3;
  expect((await executor.list()).size).toBe(3);
  expect(calls.map((words) => words[2])).toEqual(["squeue"]);
  expect((await executor.list()).size).toBe(3);
  expect(calls).toHaveLength(1);
});

test("the worker's exit code counts, however long ago Slurm has forgotten its job", async () => {
  await executor.submit(KEY, ARTIFACT);
  exit(69);
  jobs.clear();
  expect(await executor.find(KEY)).toEqual({ kind: "exited", exitCode: 69 });
  expect(await open().list()).toEqual(new Map([[KEY, { kind: "exited", exitCode: 69 }]]));
});

test("a job that is over may still have its exit code on the way; after a while it has none", async () => {
  await executor.submit(KEY, ARTIFACT);
  jobs.set("1", { state: "COMPLETED", key: KEY });
  expect(await executor.find(KEY)).toEqual({ kind: "running" });
  seconds += 5;
  exit(0);
  expect(await executor.find(KEY)).toEqual({ kind: "exited", exitCode: 0 });

  await executor.submit("b.1.east", ARTIFACT);
  jobs.set("2", { state: "NODE_FAIL", key: "b.1.east" });
  expect(await executor.find("b.1.east")).toEqual({ kind: "running" });
  seconds += 10;
  expect(await executor.find("b.1.east")).toEqual({ kind: "exited", exitCode: -1 });
  await vi.waitFor(async () =>
    expect((await open().list()).get("b.1.east")).toEqual({ kind: "exited", exitCode: -1 }),
  );
});

test("cancelling: out of the queue, or SIGTERM again and again, and the end when the grace is over", async () => {
  await executor.submit(KEY, ARTIFACT);
  const told = () =>
    callsOf("scancel")
      .splice(0)
      .map((words) => words.slice(3).join(" "));
  const asking = ["--state=PENDING 1", "--batch --signal=TERM 1"];
  await executor.cancel(KEY);
  await executor.cancel(KEY);
  expect(told()).toEqual(asking);
  calls = [];
  seconds += 70;
  await executor.cancel(KEY);
  expect(told()).toEqual(asking);
  calls = [];
  seconds += 10; // beyond 15 s and what the plan grants for a checkpoint
  await executor.cancel(KEY);
  expect(told()).toEqual(["1"]);
  exit(75);
  calls = [];
  seconds += 10;
  await executor.cancel(KEY);
  expect(told()).toEqual([]);
});

test("an archive that arrives otherwise than it was sent is not used", async () => {
  answers["dd"] = (command) => {
    const path = command.words.find((word) => word.startsWith("of="))!.slice(3);
    writeFileSync(path, "wor");
    return said();
  };
  await expect(executor.submit(KEY, ARTIFACT)).rejects.toThrow("is not what was sent");
  expect(callsOf("sbatch")).toEqual([]);
  answers = {};
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "accepted" });
});

test("keys and regions that are none of the cluster's are refused", async () => {
  expect(await executor.submit("../a.1.east", ARTIFACT)).toMatchObject({ kind: "rejected" });
  expect(await executor.submit("a.1.west", { ...ARTIFACT, region: "west" })).toMatchObject({
    kind: "rejected",
  });
  expect(executor.capabilities.serves("west")).toBe(false);
});
