// What operators do, as the API and the watched files take it: all of it or nothing, twice is once, and a wrong figure
// changes nothing and is named.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { POLICIES } from "@bace-pipe/core";
import { parseScenario } from "@bace-pipe/core/spec";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApp } from "../src/api/app.ts";
import { inputListSchema } from "../src/api/schemas/inputs.ts";
import { jobViewSchema } from "../src/api/schemas/jobs.ts";
import { regionListSchema, regionViewSchema } from "../src/api/schemas/regions.ts";
import { createClient } from "../src/client.ts";
import { loadFleet } from "../src/fleet.ts";
import { fleetHistory } from "../src/fleet-history.ts";
import { createInputsWatch } from "../src/inputs-watch.ts";
import { createLoop } from "../src/loop.ts";
import { createRendezvous } from "../src/rendezvous.ts";
import type { ScenarioText } from "../src/state-folder.ts";
import { openLog } from "../src/store/log.ts";
import { createWriter } from "../src/writer.ts";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor } from "./support/fake-executor.ts";
import { DEADLINE_SECONDS, jobText, SCENARIO } from "./support/service.ts";

const START_SECONDS = 1_000_000;
const database = emptyDatabase();
let service: Awaited<ReturnType<typeof open>>;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bace-operations-"));
  service = await open();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The service but for ports, with the routes of operators and the watch over two files. */
async function open() {
  const clock = { seconds: START_SECONDS };
  const parsed = parseScenario(SCENARIO, "scenario.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const { log, state } = await openLog(database);
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const policy = POLICIES["bace-plus"]();
  const rendezvous = createRendezvous(DEADLINE_SECONDS, clock.seconds);
  const deciding = { policy, timeModel: "1f1b" as const, newLaunchKey: () => `key-${state.seq}` };
  const writer = createWriter({ log, state, deciding, nowSeconds: () => clock.seconds, logger });
  await loadFleet(writer, parsed.value.fleet);
  const executor = createFakeExecutor();
  const planOptions = {
    ...{ controlUrl: "http://127.0.0.1:1", rendezvousDeadlineSeconds: DEADLINE_SECONDS },
    timeModel: "1f1b" as const,
  };
  const loop = createLoop({ writer, executors: [executor], watch: () => [], planOptions, logger });
  const context = {
    ...{ writer, log, rendezvous, fleets: fleetHistory(await log.fleets()), policy },
    ...{ timeModel: "1f1b" as const, efficiency: 0.4, version: "0.0.0" },
  };
  const app = createApp({ ...context, host: "127.0.0.1", logger });
  const client = createClient("http://localhost", async (input, init) => app.request(input as URL, init));
  const [inputsFile, scenarioFile] = [join(folder, "inputs.yaml"), join(folder, "scenario.yaml")];
  const kept: ScenarioText[] = [];
  const watch = createInputsWatch({
    ...{ writer, inputsFile, scenarioFile, logger },
    onScenario: async (scenario) => void kept.push(scenario),
  });
  const write = (file: string, text: string, seconds = clock.seconds) => {
    writeFileSync(file, text);
    utimesSync(file, seconds, seconds);
  };
  return {
    ...{ clock, writer, client, executor, loop, watch, lines, kept, context },
    post: async (path: string, body: unknown) =>
      app.request(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
    inputList: async () => inputListSchema.strict().parse(await (await app.request("/v1/inputs")).json()),
    submit: (text: string) => client.submit({ file: "job.yaml", text, directory: "/data" }),
    inputs: async (text: string, seconds?: number) => {
      write(inputsFile, text, seconds);
      await watch.check();
    },
    scenario: async (text: string) => {
      write(scenarioFile, text);
      await watch.check();
    },
    errors: () => lines.filter(({ level }) => level === 50).map(({ msg }) => msg),
  };
}

const seq = () => service.writer.state().seq;
const job = (id: string) => service.client.job(id);
const region = async (name: string) =>
  (await service.client.regions()).regions.find((each) => each.name === name)!;
const refusal = async (answer: Promise<unknown>) => {
  const error = await answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return (error as { problem: Record<string, unknown> }).problem;
};

describe("regions", () => {
  test("are cordoned, drained and opened again; twice is once", async () => {
    await service.submit(jobText("a", { gpus: 2 }));
    await service.loop.cycle();
    const held = (await job("a")).placement!.regions[0]!.region;
    const drained = await service.client.operate(held, "drain");
    expect(regionViewSchema.strict().parse(drained)).toMatchObject({ name: held, cordon: "drained" });
    expect(await job("a")).toMatchObject({ phase: "stopping", reason: `${held} is being drained` });
    const before = seq();
    await service.client.operate(held, "drain");
    expect(seq()).toBe(before);
    for (let i = 0; i < 4; i++) await service.loop.cycle();
    expect((await job("a")).placement!.regions[0]!.region).not.toBe(held);
    expect((await region(held)).freeGpus).toBe(2);
    expect(await service.client.operate(held, "uncordon")).not.toHaveProperty("cordon");
  });

  test("that are not there are refused", async () => {
    expect(await refusal(service.client.operate("nowhere", "cordon"))).toMatchObject({
      status: 404,
      code: "unknown-region",
    });
  });
});

describe("jobs", () => {
  test("are held and released; twice is once", async () => {
    await service.client.operate("east", "cordon");
    await service.client.operate("west", "cordon");
    await service.submit(jobText("a", { gpus: 2 }));
    const held = await service.client.hold("a");
    expect(jobViewSchema.strict().parse(held)).toMatchObject({ phase: "queued", held: true });
    const before = seq();
    await service.client.hold("a");
    expect(seq()).toBe(before);
    await service.client.operate("east", "uncordon");
    expect((await job("a")).phase).toBe("queued");
    expect(await service.client.release("a")).toMatchObject({ phase: "starting" });
    expect(await refusal(service.client.hold("b"))).toMatchObject({ code: "unknown-job" });
  });
});

describe("inputs", () => {
  const price = (usd: number, observedAtSeconds?: number) => ({
    ...{ kind: "price-changed" as const, region: "east", priceUsdPerKwh: usd },
    ...(observedAtSeconds === undefined ? {} : { observedAtSeconds }),
  });
  const set = (...inputs: Parameters<typeof service.client.setInputs>[0]["inputs"]) =>
    service.client.setInputs({ source: "feed", inputs });

  test("change prices, carbon, links and capacity, shown with source and age", async () => {
    const link = { kind: "link-changed" as const, from: "east", to: "west", bandwidthBitsPerSecond: 5e8 };
    const answer = await set(
      price(0.3),
      { kind: "carbon-changed", region: "east", carbonGramsPerKwh: 250 },
      { kind: "capacity-changed", region: "west", gpus: 7 },
      link,
    );
    expect(answer).toEqual({ changed: 4, unchanged: 0 });
    service.clock.seconds += 60;
    const list = await service.client.regions();
    expect(regionListSchema.strict().parse(list)).toEqual(list);
    const from = { source: "feed", ageSeconds: 60, isDefault: false };
    expect(await region("east")).toMatchObject({
      ...{ priceUsdPerKwh: 0.3, priceFrom: from, carbonGramsPerKwh: 250, carbonFrom: from },
      links: [{ to: "west", bandwidthBitsPerSecond: 5e8, bandwidthFrom: from, plannedBitsPerSecond: 4.68e8 }],
    });
    expect(await region("west")).toMatchObject({ gpus: 7, freeGpus: 7, priceFrom: { isDefault: true } });
    expect((await service.inputList()).regions).toContainEqual({
      ...{ region: "west", cordon: null, gpus: 7, price: null, carbon: null },
    });
    service.clock.seconds += 5 * 3600;
    expect((await service.inputList()).links).toEqual([
      {
        ...{ from: "east", to: "west", latency: null },
        bandwidth: { value: 5e8, source: "feed", ageSeconds: 5 * 3600 + 60, isDefault: true },
      },
    ]);
    expect(await region("east")).toMatchObject({
      ...{ priceUsdPerKwh: 0.1, carbonGramsPerKwh: null },
      priceFrom: { source: "default", ageSeconds: null, isDefault: true },
      links: [{ bandwidthBitsPerSecond: 1e9, plannedBitsPerSecond: 1e9, bandwidthFrom: { isDefault: true } }],
    });
  });

  test("again change nothing, nor do older ones", async () => {
    await set(price(0.3, START_SECONDS));
    const before = seq();
    expect(await set(price(0.3, START_SECONDS), price(0.2, START_SECONDS - 5))).toEqual({
      changed: 0,
      unchanged: 2,
    });
    expect(seq()).toBe(before);
  });

  test.each([
    [
      { kind: "price-changed", region: "east", priceUsdPerKwh: 300 },
      "invalid-input",
      "inputs[1].priceUsdPerKwh",
    ],
    [{ kind: "price-changed", region: "nowhere", priceUsdPerKwh: 0.3 }, "invalid-input", "nowhere"],
    [
      { kind: "link-changed", from: "east", to: "west", bandwidthBitsPerSecond: 0 },
      "invalid-input",
      "100 times",
    ],
    [{ kind: "link-changed", from: "east", to: "east", latencySeconds: 1 }, "invalid-input", "no link"],
    [
      { kind: "price-changed", region: "east", priceUsdPerKwh: 0.3, observedAtSeconds: 9e9 },
      "invalid-input",
      "clock",
    ],
    [{ kind: "capacity-changed", region: "east", gpus: -1 }, "invalid-input", "GPUs"],
    [{ kind: "price-changed", region: "east", priceUsdPerKwh: "much" }, "invalid-request", "priceUsdPerKwh"],
    [{ kind: "weather-changed", region: "east" }, "invalid-request", "kind"],
  ])(
    "that cannot be are refused with the reason, and nothing of the request is kept: %j",
    async (wrong, code, text) => {
      const before = seq();
      const answer = await service.post("/v1/inputs", { source: "feed", inputs: [price(0.3), wrong] });
      const problem = (await answer.json()) as { code: string; detail: string };
      expect(problem.code).toBe(code);
      expect(problem.detail).toContain(text);
      expect(seq()).toBe(before);
    },
  );
});

describe("the watched file of inputs", () => {
  const text = (usd: number | string) =>
    `version: 1\nsource: file\nprices:\n  - {region: east, priceUsdPerKwh: ${usd}}\n`;

  test("is read when it changes, as old as it is", async () => {
    await service.inputs(text("0.25 USD/kWh"), START_SECONDS - 100);
    expect(await region("east")).toMatchObject({
      priceUsdPerKwh: 0.25,
      priceFrom: { source: "file", ageSeconds: 100 },
    });
    const before = seq();
    await service.watch.check();
    expect(seq()).toBe(before);
    await service.inputs(text(0.4), START_SECONDS - 50);
    expect((await region("east")).priceUsdPerKwh).toBe(0.4);
  });

  test.each([
    [text("far too much"), "prices[0].priceUsdPerKwh"],
    [text(500), "priceUsdPerKwh of east"],
    ["version: 1\nsource: file\nprices: [{region: nowhere, priceUsdPerKwh: 1}]\n", "nowhere"],
    ["version: 2", "version"],
    ["}{", "YAML"],
  ])("that is wrong changes nothing, and the log says why, once", async (wrong, reason) => {
    await service.inputs(text(0.4), START_SECONDS - 50);
    const before = seq();
    await service.inputs(wrong);
    await service.watch.check();
    expect(seq()).toBe(before);
    expect((await region("east")).priceUsdPerKwh).toBe(0.4);
    const errors = service.lines.filter(({ level }) => level === 50);
    expect(errors.length).toBeGreaterThan(0);
    expect(new Set(errors.map(({ msg }) => msg)).size).toBe(errors.length);
    expect(JSON.stringify(errors)).toContain(reason);
  });
});

describe("the watched scenario", () => {
  test("is loaded when it changes, while jobs run, and kept for the next start", async () => {
    await service.scenario(SCENARIO);
    expect(service.kept).toEqual([]);
    await service.submit(jobText("a", { gpus: 2 }));
    const larger = SCENARIO.replace(
      "name: west, gpuType: slot, gpus: 2",
      "name: west, gpuType: slot, gpus: 5",
    ).concat("tenants: [{name: default, gpuQuota: 3}]\n");
    await service.scenario(larger);
    expect(service.errors()).toEqual([]);
    expect(await region("west")).toMatchObject({ gpus: 5 });
    expect(service.kept.map(({ text: kept }) => kept)).toEqual([larger]);
    expect(service.writer.state().active.size).toBe(1);
    const newest = service.context.fleets.at(Number.MAX_SAFE_INTEGER);
    expect(newest.regions[1]!.gpus).toBe(5);
  });

  test("keeps a cordon and the figures that it does not change", async () => {
    await service.client.operate("west", "cordon");
    await service.client.setInputs({
      source: "feed",
      inputs: [{ kind: "price-changed", region: "east", priceUsdPerKwh: 0.3 }],
    });
    await service.scenario(SCENARIO.replace("priceUsdPerKwh: 0.20", "priceUsdPerKwh: 0.22"));
    expect(await region("east")).toMatchObject({ priceUsdPerKwh: 0.3 });
    expect(await region("west")).toMatchObject({ priceUsdPerKwh: 0.22, cordon: "cordoned" });
  });

  test("that would take away what jobs hold waits until they have ended, and says so", async () => {
    await service.submit(jobText("a"));
    const other = SCENARIO.replaceAll("west", "south");
    await service.scenario(other);
    expect(service.errors().join()).toContain("a hold GPUs or links that this fleet does not have");
    expect((await service.client.regions()).regions.map(({ name }) => name)).toEqual(["east", "west"]);
    await service.client.cancel("a");
    for (let i = 0; i < 3; i++) await service.loop.cycle();
    await service.watch.check();
    expect((await service.client.regions()).regions.map(({ name }) => name)).toEqual(["east", "south"]);
  });
});

test("log lines name the job, its epoch and the decision that it follows from", async () => {
  await service.submit(jobText("a", { gpus: 2 }));
  await service.loop.cycle();
  const { placedSeq } = service.writer.state().jobs.get("a")!.epoch!;
  const ofJob = service.lines.filter(({ jobId }) => jobId === "a");
  expect(ofJob.map(({ decision, epoch, msg }) => [msg, epoch, decision])).toEqual([
    ["submitted", undefined, undefined],
    ["placed", 1, placedSeq],
    ["submitted launch", 1, placedSeq],
  ]);
  await service.loop.cycle();
  const last = service.lines.at(-1)!;
  expect(last).toMatchObject({ jobId: "a", epoch: 1, decision: placedSeq, msg: "launch-observed" });
});
