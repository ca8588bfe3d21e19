// A cluster that does not answer: its own launches wait, and nothing else does.
import { launchKeyOf, type Plan } from "@bace-pipe/core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Executor, Launch, Submitted } from "../../src/executors/executor.ts";
import { answersSoon } from "../../src/executors/patient.ts";
import type { Database } from "../../src/store/database.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { clear } from "../support/database.ts";
import { createFakeExecutor, type FakeExecutor } from "../support/fake-executor.ts";
import { type Clock, jobText, openService, type TestService } from "../support/service.ts";

describe("an executor that is slow, made to answer soon", () => {
  const KEY = "a.1.east";
  const artifact = { region: "east", plan: {} as Plan };
  let fake: FakeExecutor;
  let soon: Executor;
  /** Calls that wait until the test lets them through. */
  let gates: (() => void)[];
  let isSlow: boolean;
  const gate = () => (isSlow ? new Promise<void>((resolve) => gates.push(resolve)) : Promise.resolve());
  const letThrough = async () => {
    isSlow = false;
    for (const open of gates.splice(0)) open();
    await new Promise((resolve) => setImmediate(resolve));
  };

  beforeEach(() => {
    fake = createFakeExecutor();
    [gates, isSlow] = [[], true];
    const slow: Executor = {
      ...fake,
      submit: async (...args): Promise<Submitted> => gate().then(() => fake.submit(...args)),
      list: async (): Promise<ReadonlyMap<string, Launch>> => {
        const list = await fake.list();
        return gate().then(() => list);
      },
      cancel: async (key) => gate().then(() => fake.cancel(key)),
      find: async (key) => gate().then(() => fake.find(key)),
    };
    soon = answersSoon(slow, { patienceSeconds: 0.01 });
  });

  test("a submit that takes long is unknown, about to be, and done once", async () => {
    expect(await soon.submit(KEY, artifact)).toMatchObject({ kind: "unknown" });
    expect(await soon.submit(KEY, artifact)).toMatchObject({ kind: "unknown" });
    expect(await soon.find(KEY)).toEqual({ kind: "unknown" });
    isSlow = false;
    expect(await soon.list()).toEqual(new Map([[KEY, { kind: "running" }]]));
    await letThrough();
    expect(fake.starts).toEqual(new Map([[KEY, 1]]));
    expect(await soon.find(KEY)).toEqual({ kind: "running" });
  });

  test("a list that was begun before a submit has it all the same", async () => {
    await expect(soon.list()).rejects.toThrow("no answer from fake");
    isSlow = false;
    expect(await soon.submit(KEY, artifact)).toEqual({ kind: "accepted" });
    await letThrough();
    expect(await soon.list()).toEqual(new Map([[KEY, { kind: "running" }]]));
  });

  test("a list that came late is the next answer, and the one after that is a new one", async () => {
    fake.launches.set(KEY, { kind: "running" });
    await expect(soon.list()).rejects.toThrow("no answer");
    await expect(soon.list()).rejects.toThrow("no answer");
    expect(gates).toHaveLength(1);
    await letThrough();
    fake.exit(KEY, 0);
    expect(await soon.list()).toEqual(new Map([[KEY, { kind: "running" }]]));
    expect(await soon.list()).toEqual(new Map([[KEY, { kind: "exited", exitCode: 0 }]]));
  });

  test("a list that failed late is told as that, and asked for again", async () => {
    fake.failLists = true;
    isSlow = false;
    await expect(soon.list()).rejects.toThrow("unreachable");
    fake.failLists = false;
    expect(await soon.list()).toEqual(new Map());
  });

  test("a refusal that came late is the answer to the next submit", async () => {
    fake.answers.push({ kind: "rejected", reason: "no such partition" });
    expect(await soon.submit(KEY, artifact)).toMatchObject({ kind: "unknown" });
    await letThrough();
    expect(await soon.submit(KEY, artifact)).toEqual({ kind: "rejected", reason: "no such partition" });
  });

  test("cancelling goes on behind, once", async () => {
    await soon.cancel(KEY);
    await soon.cancel(KEY);
    expect(gates).toHaveLength(1);
    await letThrough();
    expect(fake.cancelled).toEqual([KEY]);
  });
});

describe("a service with two executors, of which one cannot be reached", () => {
  let database: Database;
  let east: FakeExecutor;
  let west: FakeExecutor;
  let clock: Clock;
  let service: TestService;
  const only = (fake: FakeExecutor, own: string): FakeExecutor =>
    Object.assign(fake, { capabilities: { name: own, serves: (region: string) => region === own } });

  beforeAll(async () => {
    database = await openPglite();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await clear(database);
    [east, west] = [only(createFakeExecutor(), "east"), only(createFakeExecutor(), "west")];
    clock = { seconds: 1000 };
    service = await openService(database, east, clock, undefined, { others: [west] });
    await service.submit(jobText("a"));
  });
  const launches = () => service.writer.state().jobs.get("a")!.epoch!.launches;

  test("the launches of the other are started and observed; its own are neither lost nor started twice", async () => {
    west.failLists = true;
    await service.loop.cycle();
    await service.loop.cycle();
    expect([...east.starts.keys()]).toEqual([launchKeyOf("a", 1, "east")]);
    expect(west.starts.size).toBe(0);
    expect(launches()).toMatchObject({ east: { kind: "running" }, west: { kind: "submitted" } });
    west.failLists = false;
    await service.loop.cycle();
    await service.loop.cycle();
    expect([...west.starts.values()]).toEqual([1]);
    expect(launches()).toMatchObject({ east: { kind: "running" }, west: { kind: "running" } });

    west.failLists = true;
    await service.loop.cycle();
    expect(launches()["west"]).toEqual({ kind: "running" });
    east.exit(launchKeyOf("a", 1, "east"), 69);
    await service.loop.cycle();
    expect(launches()["east"]).toEqual({ kind: "exited", exitCode: 69 });
    expect(west.cancelled).toEqual([]);
    west.failLists = false;
    await service.loop.cycle();
    expect(west.cancelled).toEqual([launchKeyOf("a", 1, "west")]);
  });
});
