// Real processes: what a launch folder says must be right after every kind of crash.
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "@bace-pipe/core";
import { parseFeeds } from "@bace-pipe/core/spec";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Artifact, Executor } from "../src/executors/executor.ts";
import { createLocalExecutor } from "../src/executors/local.ts";
import { tokenVariables } from "../src/feeds/feeds.ts";
import { type StandIn, standInWorker } from "./support/stand-in-worker.ts";

const KEY = "job-1.1.east";
/** The executor only writes the plan down; what is in it is the worker's business. */
const ARTIFACT: Artifact = { region: "east", plan: { version: 1, jobId: "job-1" } as Plan };

let standIn: StandIn;
let executor: Executor;
const folder = () => join(standIn.launchesDirectory, KEY);
const read = (name: string) => readFileSync(join(folder(), name), "utf8");
const write = (name: string, text = "") => writeFileSync(join(folder(), name), text);
const startCount = () => read("starts").trim().split("\n").length;
const started = () => vi.waitFor(() => expect(existsSync(join(folder(), "starts"))).toBe(true), 5000);
const exited = (exitCode: number, asked = executor) =>
  vi.waitFor(async () => expect(await asked.find(KEY)).toEqual({ kind: "exited", exitCode }), 5000);
const supervisorPid = () => (JSON.parse(read("started.json")) as { pid: number }).pid;

beforeEach(() => {
  standIn = standInWorker();
  executor = createLocalExecutor(standIn);
});
afterEach(() => {
  if (existsSync(join(folder(), "started.json"))) write("finish", "0");
  standIn.remove();
  vi.unstubAllEnvs();
});

test("a launch has the service's environment, with what loggers are set up with and without its secrets", async () => {
  for (const name of ["WANDB_API_KEY", "TENSORBOARD_LOGDIR", "PGPASSWORD", "BACE_TOKEN", "ENTSOE"])
    vi.stubEnv(name, `my-${name}`);
  const file = parseFeeds(
    `version: 1
currencies: {EUR: {usd: 1.1, asOf: 2026-03-01, source: invented}}
sources:
  - {kind: entsoe, name: e, token: {env: ENTSOE}, zones: [{region: east, eic: 10YXX-INVENTED-1}]}
`,
    "feeds.yaml",
  );
  if (!file.ok) throw new Error(JSON.stringify(file.diagnostics));
  const secretVariables = () => tokenVariables({ config: file.value, directory: "." });
  executor = createLocalExecutor({ ...standIn, secretVariables });
  await executor.submit(KEY, ARTIFACT);
  await started();
  const environment = readFileSync(`/proc/${supervisorPid()}/environ`, "utf8").split("\0");
  expect(environment).toEqual(
    expect.arrayContaining(["WANDB_API_KEY=my-WANDB_API_KEY", "TENSORBOARD_LOGDIR=my-TENSORBOARD_LOGDIR"]),
  );
  expect(environment.join()).not.toMatch(/my-(PGPASSWORD|BACE_TOKEN|ENTSOE)/);
  expect(JSON.stringify(await executor.logs(KEY, { bytes: 65_536 }))).not.toContain("my-");
  write("finish", "0");
  await exited(0);
});

test("a launch is started with its plan, runs, and is known by its exit code when it has ended", async () => {
  expect(await executor.find(KEY)).toEqual({ kind: "absent" });
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "accepted" });
  expect(await executor.list()).toEqual(new Map([[KEY, { kind: "running" }]]));
  await started();
  expect(JSON.parse(read("plan.json"))).toEqual(ARTIFACT.plan);
  expect(statSync(folder()).mode & 0o077).toBe(0);
  expect(read("starts")).toBe(`east ${standIn.workerDirectory}\n`);
  write("rank-0.log", "loss 4.2");
  write(`${"x".repeat(40)}.log`, "of something else that it runs: a reader's place could not name it");
  write("finish", "69");
  await exited(69);
  expect(await executor.list()).toEqual(new Map([[KEY, { kind: "exited", exitCode: 69 }]]));
  const logs = await executor.logs(KEY, { bytes: 100 });
  expect(logs.map(({ name }) => name)).toEqual(["rank-0", "supervisor"]);
  expect(logs[0]).toEqual({ name: "rank-0", fromByte: 0, toByte: 8, text: "loss 4.2" });
});

test("a region's prefix comes before the program", async () => {
  const commandPrefix = ["env", "PREFIXED=yes"];
  expect(await executor.submit(KEY, { ...ARTIFACT, commandPrefix })).toEqual({ kind: "accepted" });
  await started();
  const { pid } = JSON.parse(read("started.json")) as { pid: number };
  expect(readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")).toContain("PREFIXED=yes");
  write("finish", "0");
  await exited(0);
});

test("a prefix that is no program is refused for good", async () => {
  const answer = await executor.submit(KEY, { ...ARTIFACT, commandPrefix: ["/no/such/program"] });
  expect(answer).toMatchObject({ kind: "rejected", reason: expect.stringContaining("/no/such/program") });
});

test("submitting it again, running or ended, starts nothing", async () => {
  await executor.submit(KEY, ARTIFACT);
  await started();
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "exists" });
  write("finish", "0");
  await exited(0);
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "exists" });
  expect(startCount()).toBe(1);
});

test("two executors that submit at once start it once: the supervisor's lock decides", async () => {
  const other = createLocalExecutor(standIn);
  await Promise.all([executor.submit(KEY, ARTIFACT), other.submit(KEY, ARTIFACT)]);
  await started();
  expect(await executor.find(KEY)).toEqual({ kind: "running" });
  write("finish", "0");
  await exited(0, other);
  expect(startCount()).toBe(1);
});

test("an executor that is new on the folder adopts what runs, and sees it end", async () => {
  await executor.submit(KEY, ARTIFACT);
  await started();
  const next = createLocalExecutor(standIn);
  expect(await next.list()).toEqual(new Map([[KEY, { kind: "running" }]]));
  expect(await next.submit(KEY, ARTIFACT)).toEqual({ kind: "exists" });
  write("finish", "0");
  await exited(0, next);
});

test("a supervisor that was killed has exited through the infrastructure's fault", async () => {
  await executor.submit(KEY, ARTIFACT);
  await started();
  process.kill(supervisorPid(), "SIGKILL");
  await exited(-1);
});

test("so has one that ended before it could say that it had started", async () => {
  mkdirSync(folder());
  write("die-at-once");
  await executor.submit(KEY, ARTIFACT);
  await exited(-1);
});

test("a folder without a process may be one that is just being started; after a while it is nothing", async () => {
  mkdirSync(folder());
  write("plan.json", "{}");
  expect(await executor.find(KEY)).toEqual({ kind: "running" });
  const before = Date.now() / 1000 - 60;
  utimesSync(join(folder(), "plan.json"), before, before);
  expect(await executor.list()).toEqual(new Map());
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({ kind: "accepted" });
  await started();
});

test("cancelling asks the supervisor to end", async () => {
  await executor.submit(KEY, ARTIFACT);
  await started();
  await executor.cancel(KEY);
  await exited(75);
});

test("one that does not listen is killed when its time is up", async () => {
  mkdirSync(folder());
  write("stubborn");
  executor = createLocalExecutor({ ...standIn, killAfterSeconds: 0.1 });
  await executor.submit(KEY, ARTIFACT);
  await started();
  await executor.cancel(KEY);
  await executor.cancel(KEY);
  expect(await executor.find(KEY)).toEqual({ kind: "running" });
  await vi.waitFor(async () => {
    await executor.cancel(KEY);
    expect(await executor.find(KEY)).toEqual({ kind: "exited", exitCode: -1 });
  }, 5000);
});

test.runIf(existsSync("/proc/self/stat"))(
  "a process that merely has the supervisor's pid is not it",
  async () => {
    mkdirSync(folder());
    write("plan.json", "{}");
    write("started.json", JSON.stringify({ pid: process.pid, startTicks: 1, ranks: [] }));
    await executor.cancel(KEY);
    expect(await executor.find(KEY)).toEqual({ kind: "exited", exitCode: -1 });
  },
);

test("without a python it is rejected, with a reason that names it", async () => {
  executor = createLocalExecutor({ ...standIn, python: "/nowhere/python" });
  expect(await executor.submit(KEY, ARTIFACT)).toEqual({
    kind: "rejected",
    reason: "cannot start /nowhere/python: spawn /nowhere/python ENOENT",
  });
});

test("what is not a launch's folder is none", async () => {
  mkdirSync(join(standIn.launchesDirectory, "notes"));
  expect(await executor.list()).toEqual(new Map());
});
