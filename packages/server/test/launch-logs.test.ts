// Logs of launches by the API: the end of each, then what is new; whole lines, no secrets, and a region that does not
// answer takes nothing from the others.
import { launchKeyOf } from "@bace-pipe/core";
import { beforeEach, expect, test } from "vitest";
import type { JobLogs } from "../src/api/schemas/launch-logs.ts";
import type { Executor } from "../src/executors/executor.ts";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor, type FakeExecutor } from "./support/fake-executor.ts";
import { jobText, openService, type TestService } from "./support/service.ts";

const database = emptyDatabase();
let executor: FakeExecutor;
let west: FakeExecutor & { refusal?: string };
let service: TestService;
const clock = { seconds: 1000 };

beforeEach(async () => {
  [executor, west] = [createFakeExecutor(), createFakeExecutor()];
  const only = (one: FakeExecutor, region: string): Executor => ({
    ...one,
    capabilities: { name: region, serves: (name) => name === region },
  });
  const far: Executor = {
    ...only(west, "west"),
    logs: async (key, request) => {
      if (west.refusal) throw new Error(west.refusal);
      return west.logs(key, request);
    },
  };
  service = await openService(database, only(executor, "east"), clock, undefined, { others: [far] });
});

const put = (one: FakeExecutor, key: string, files: Record<string, string>) => one.written.set(key, files);
const ask = (query = "") => service.client.logs("wide", Object.fromEntries(new URLSearchParams(query)));
const texts = ({ regions }: JobLogs) =>
  Object.fromEntries(regions.map(({ files, region }) => [region, files.map(({ text }) => text)]));

test("a job that was never placed has none", async () => {
  await service.submit(jobText("first"));
  await service.submit(jobText("wide"));
  expect(await ask()).toMatchObject({ epoch: null, epochs: 0, phase: "queued", regions: [] });
});

test("the end of each log, then what is new in whole lines, until the launches are over", async () => {
  await service.submit(jobText("wide"));
  const [east1, west1] = [launchKeyOf("wide", 1, "east"), launchKeyOf("wide", 1, "west")];
  put(executor, east1, { supervisor: "", "rank-0": "a0\na1\nhal", "rank-1": "b0\n" });
  put(west, west1, { "rank-10": "x\n", "rank-9": "y\n" });
  const first = await ask();
  expect(first).toMatchObject({ epoch: 1, epochs: 1, isOver: false });
  expect(texts(first)).toEqual({ east: ["a0\na1\n", "b0\n", ""], west: ["y\n", "x\n"] });
  expect(first.regions[1]!.files.map(({ rank }) => rank)).toEqual([9, 10]);

  put(executor, east1, { supervisor: "", "rank-0": "a0\na1\nhalf ä\nne", "rank-1": "b0\n" });
  const second = await ask(`after=${first.next}`);
  expect(texts(second)).toEqual({ east: ["half ä\n", "", ""], west: ["", ""] });
  expect(texts(await ask(`after=${second.next}`))).toEqual({ east: ["", "", ""], west: ["", ""] });

  await service.loop.cycle(); // submits
  executor.exit(east1, 1);
  west.exit(west1, 1);
  await service.loop.cycle();
  const last = await ask(`after=${second.next}`);
  expect(last).toMatchObject({ isOver: true, epoch: 1 });
  expect(texts(last)).toEqual({ east: ["ne", "", ""], west: ["", ""] });
});

test("an epoch that is over keeps its logs when the next one has its own", async () => {
  await service.submit(jobText("wide"));
  await service.loop.cycle();
  for (const [one, region] of [
    [executor, "east"],
    [west, "west"],
  ] as const)
    one.exit(launchKeyOf("wide", 1, region), 69);
  await service.loop.cycle();
  clock.seconds += 600;
  await service.loop.cycle();
  put(executor, launchKeyOf("wide", 1, "east"), { "rank-0": "old\n" });
  put(executor, launchKeyOf("wide", 2, "east"), { "rank-0": "new\n" });
  expect(texts(await ask()).east).toEqual(["new\n"]);
  expect(await ask("epoch=1")).toMatchObject({ epoch: 1, epochs: 2, isOver: true });
  expect(texts(await ask("epoch=1")).east).toEqual(["old\n"]);
  const problem = await (await service.get("/v1/jobs/wide/logs?epoch=3")).json();
  expect(problem).toMatchObject({ code: "unknown-epoch" });
});

test("what is more than was asked for is left out from the front, and said", async () => {
  await service.submit(jobText("wide"));
  const text = Array.from({ length: 100 }, (_, i) => `line ${i} ä\n`).join("");
  put(executor, launchKeyOf("wide", 1, "east"), { "rank-0": text });
  const { regions } = await ask("region=east&bytes=100");
  expect(regions).toHaveLength(1);
  const [file] = regions[0]!.files;
  expect(text.endsWith(file!.text)).toBe(true);
  expect(file!.text).toMatch(/^line 9\d ä\n/);
  expect(file!.skippedBytes + Buffer.byteLength(file!.text)).toBe(Buffer.byteLength(text));
});

test("a region that does not answer is said so, and asked for the same again", async () => {
  await service.submit(jobText("wide"));
  put(executor, launchKeyOf("wide", 1, "east"), { "rank-0": "a\n" });
  put(west, launchKeyOf("wide", 1, "west"), { "rank-2": "b\n" });
  west.refusal = "ssh to west.example: no route";
  const first = await ask();
  expect(first.regions[1]).toEqual({ region: "west", problem: west.refusal, files: [] });
  expect(texts(first).east).toEqual(["a\n"]);
  delete west.refusal;
  expect(texts(await ask(`after=${first.next}`))).toEqual({ east: [""], west: ["b\n"] });
});

test("launch keys and tokens in a log are not shown", async () => {
  await service.submit(jobText("wide"));
  const { launchKey } = service.writer.state().jobs.get("wide")!.epoch!;
  const token = `bace_0123456789ab_${"x".repeat(43)}`;
  put(executor, launchKeyOf("wide", 1, "east"), { "rank-0": `key ${launchKey}, token ${token}.\n` });
  const shown = JSON.stringify(await ask());
  expect(shown).toContain("key [secret left out], token [secret left out].");
  expect(shown).not.toContain(launchKey);
  expect(shown).not.toContain(token);
});

test.each(["x", "1~east.0:-1", "1~../etc.0:1", "1~east.rank/0:1", "1~east.0:zzzzzzzzzzzz"])(
  "a place that is none is refused: %s",
  async (after) => {
    await service.submit(jobText("wide"));
    const answer = await service.get(`/v1/jobs/wide/logs?after=${encodeURIComponent(after)}`);
    expect(answer.status).toBe(400);
  },
);
