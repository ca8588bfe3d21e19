// Starting and stopping for real: a state folder, a port, processes. The one test file with PGlite on disk.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  createClient,
  findService,
  type ServiceOptions,
  type StartError,
  startService,
} from "../src/index.ts";
import { jobText, SCENARIO } from "./support/service.ts";
import { type StandIn, standInWorker } from "./support/stand-in-worker.ts";

let folder: string;
let standIn: StandIn;
let options: ServiceOptions;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-start-"));
  standIn = standInWorker();
  const { python, workerDirectory } = standIn;
  const scenario = { file: "two-regions.yaml", text: SCENARIO };
  options = { stateDirectory: join(folder, "state"), python, workerDirectory, scenario, open: true };
});
afterAll(() => {
  standIn.remove();
  rmSync(folder, { recursive: true, force: true });
});

const codeOf = async (start: Promise<unknown>) => {
  const error = await start.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return (error as StartError | undefined)?.code;
};
const elsewhere = () => join(folder, "elsewhere");

test("what a caller can mend is refused with a code, and the folder is free again", async () => {
  const { scenario: _, ...withoutScenario } = options;
  const other = { ...options, stateDirectory: elsewhere() };
  expect(await codeOf(startService({ ...withoutScenario, stateDirectory: elsewhere() }))).toBe("no-scenario");
  expect(await codeOf(startService({ ...other, policy: "best" }))).toBe("unknown-policy");
  const scenario = { file: "x.yaml", text: "version: 2" };
  expect(await codeOf(startService({ ...other, scenario }))).toBe("invalid-scenario");
  expect(readdirSync(elsewhere())).toEqual([]);
});

test("without tokens a service listens on its own machine, or nowhere", async () => {
  const start = startService({ ...options, stateDirectory: elsewhere(), host: "0.0.0.0" });
  expect(await codeOf(start)).toBe("open-elsewhere");
});

test("an address that the machine does not have is refused", async () => {
  const start = startService({
    ...options,
    stateDirectory: join(folder, "nowhere"),
    host: "203.0.113.7",
    open: false,
  });
  expect(await codeOf(start)).toBe("no-such-host");
});

test("a service keeps its port and its jobs over a restart, its launches run on, nobody else gets its folder", async () => {
  const first = await startService(options);
  const client = createClient(first.url);
  expect(await client.service()).toMatchObject({
    policy: "bace-plus",
    fleet: "two-regions",
    pid: process.pid,
  });
  expect(await findService(options.stateDirectory)).toMatchObject({ url: first.url, pid: process.pid });
  expect(await codeOf(startService(options))).toBe("state-in-use");

  const [file, text] = ["job.yaml", jobText("a", { gpus: 2 })];
  expect(await client.submit({ file, text, directory: folder })).toEqual({ jobIds: ["a"], existing: [] });
  const launch = join(options.stateDirectory, "launches", "a.1.east");
  await vi.waitFor(() => expect(existsSync(join(launch, "starts"))).toBe(true), 10_000);
  const plan = JSON.parse(readFileSync(join(launch, "plan.json"), "utf8")) as {
    control: { url: string };
    training: { data: { paths: string[] } };
  };
  expect(plan.control.url).toBe(first.url);
  expect(plan.training.data.paths).toEqual([join(folder, "texts")]);
  await first.close();
  expect(await findService(options.stateDirectory)).toBeUndefined();
  expect(existsSync(join(launch, "exit.json"))).toBe(false);

  const thinner = { file: "thinner.yaml", text: SCENARIO.replace("1 Gbit/s", "1 Mbit/s") };
  expect(await codeOf(startService({ ...options, scenario: thinner }))).toBe("fleet-changed");

  const { scenario: _, open: _open, ...remembered } = options;
  const second = await startService(remembered);
  expect(second.url).toBe(first.url);
  await expect(client.jobs()).rejects.toMatchObject({ problem: { code: "no-token", scope: "read" } });
  const token = readFileSync(join(options.stateDirectory, "admin.token"), "utf8").trim();
  const owner = createClient(second.url, fetch, token);
  writeFileSync(join(launch, "finish"), "1");
  await vi.waitFor(async () => expect((await owner.job("a")).phase).toBe("ended"), 10_000);
  expect(await owner.job("a")).toMatchObject({ outcome: "failed", reason: "east: exit code 1", epoch: 1 });
  expect(readFileSync(join(launch, "starts"), "utf8").trim().split("\n")).toHaveLength(1);
  await second.close();

  const third = await startService({ ...options, scenario: thinner });
  expect((await client.regions()).regions[0]!.links[0]!.bandwidthBitsPerSecond).toBe(1e6);
  expect((await client.job("a")).placement!.regions).toEqual([{ region: "east", gpus: 2 }]);
  await third.close();
}, 90_000);

test("a lock that a crash has left is no obstacle; a port that is taken is one", async () => {
  const { stateDirectory } = options;
  writeFileSync(join(stateDirectory, "lock"), JSON.stringify({ pid: 2 ** 22 + 1, startTicks: 1 }));
  const occupant = createServer().listen(0, "127.0.0.1");
  await vi.waitFor(() => expect(occupant.address()).not.toBeNull());
  const { port } = occupant.address() as { port: number };
  expect(await codeOf(startService({ ...options, port }))).toBe("port-in-use");
  occupant.close();
  expect(existsSync(join(stateDirectory, "lock"))).toBe(false);
}, 60_000);
