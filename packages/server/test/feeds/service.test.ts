// Feeds of a running service: a price that a source says moves where the next job is placed; what a source gets wrong is
// logged, once, and changes nothing; one that fails disturbs no other. Invented figures.
import { createPolicy, regionChange } from "@bace-pipe/core";
import { parseFeeds } from "@bace-pipe/core/spec";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFeeds } from "../../src/feeds/feeds.ts";
import type { Schedule } from "../../src/feeds/schedule.ts";
import { createMetrics, type Metrics } from "../../src/metrics.ts";
import { emptyDatabase } from "../support/database.ts";
import { createFakeExecutor } from "../support/fake-executor.ts";
import { jobText, openService, type TestService } from "../support/service.ts";
import { FIXTURES, openSource, type TestSource, type TestTiming, timingOf } from "./support.ts";

const START = 1_900_000_000;
const EVERY = 900;
const database = emptyDatabase();
let source: TestSource;
let running: Running;

beforeEach(async () => {
  source = await openSource();
});
afterEach(async () => {
  await running.feeds.stop();
  await source.close();
});

interface Running {
  readonly service: TestService;
  readonly feeds: Schedule;
  readonly timing: TestTiming;
  readonly lines: Record<string, unknown>[];
  readonly metrics: Metrics;
}

/** east is 0.10 USD/kWh by its file, west 0.20. */
async function run(sources: string): Promise<Running> {
  const clock = { seconds: START };
  const service = await openService(database, createFakeExecutor(), clock, createPolicy("bace-plus"));
  const parsed = parseFeeds(`version: 1\nsources:\n${sources}`, "feeds.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const timing = timingOf(clock, () => feeds.idle());
  const file = { config: parsed.value, directory: FIXTURES };
  const metrics = createMetrics(service.writer.state);
  const env = { TOKEN: "s3cret-t0ken" };
  const feeds = createFeeds({ file, writer: service.writer, logger, metrics, env, timing });
  feeds.start();
  running = { service, feeds, timing, lines, metrics };
  return running;
}

const priceSource = (name: string, path: string, region = "east") => `
  - kind: generic
    name: ${name}
    url: ${source.url}${path}
    format: json
    everySeconds: ${EVERY}
    figures:
      - {region: ${region}, figure: price, value: now.price, unit: USD/MWh, time: now.at}
`;
const priceAnswer = (usdPerMwh: number, at: number) => ({
  body: JSON.stringify({ now: { price: usdPerMwh, at } }),
});
const clockOf = ({ timing }: Running) => timing.nowSeconds();
const errorsOf = ({ lines }: Running) => lines.filter(({ level }) => level === 50).map(({ msg }) => msg);
const regionOf = ({ service }: Running, id: string) => {
  const { fleet, jobs } = service.writer.state();
  return fleet!.regions[jobs.get(id)!.epoch!.placement.regions[0]!]!.name;
};

test("a price that a source says moves the next job, is shown with its source, and gives way when it expires", async () => {
  const it = await run(priceSource("market", "/price"));
  source.answer = () => priceAnswer(90, clockOf(it));
  await it.timing.pass(1);
  await it.service.submit(jobText("a", { gpus: 2 }));
  expect(regionOf(it, "a")).toBe("east");

  source.answer = () => priceAnswer(450, clockOf(it));
  await it.timing.pass(EVERY);
  await it.service.client.cancel("a");
  for (let i = 0; i < 3; i++) await it.service.loop.cycle();
  await it.service.submit(jobText("b", { gpus: 2 }));
  expect(regionOf(it, "b")).toBe("west");
  const east = async () => (await it.service.client.regions()).regions.find(({ name }) => name === "east");
  expect(await east()).toMatchObject({
    priceUsdPerKwh: 0.45,
    priceFrom: { source: "market", isDefault: false },
  });

  source.answer = () => ({ status: 500 });
  await it.timing.pass(3 * 3600);
  expect(await east()).toMatchObject({
    priceUsdPerKwh: 0.1,
    priceFrom: { source: "default", isDefault: true },
  });
});

test("a price that stays is said again when half of its life is over, and not each time that it is fetched", async () => {
  const it = await run(priceSource("market", "/price"));
  source.answer = () => priceAnswer(90, clockOf(it));
  const before = it.service.writer.state().seq;
  await it.timing.pass(3 * 3600);
  expect(source.asked).toHaveLength(13);
  expect(it.service.writer.state().seq - before).toBe(3);
});

test("a source that fails is logged once and once more when it answers again; another one goes on", async () => {
  const it = await run(priceSource("bad", "/bad") + priceSource("good", "/good", "west"));
  let isBroken = true;
  source.answer = (path) =>
    path === "/bad" && isBroken ? { status: 503 } : priceAnswer(100 + source.asked.length, clockOf(it));
  await it.timing.pass(2 * EVERY);
  expect(errorsOf(it)).toEqual([`feed bad: bad: ${source.url}/bad: status 503`]);
  expect(source.asked.filter((path) => path === "/good")).toHaveLength(3);
  expect(regionChange(it.service.writer.state().changes, "west").price).toMatchObject({ source: "good" });
  const counted = async (of: string) =>
    (await it.metrics.text()).split("\n").filter((line) => line.startsWith(of));
  expect(await counted("bace_feed_answers_total")).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/feed="bad",answer="server-error"} \d+$/),
      'bace_feed_answers_total{feed="good",answer="good"} 3',
    ]),
  );
  expect(await counted("bace_feed_last_success")).toHaveLength(1);
  isBroken = false;
  await it.timing.pass(3600);
  expect(it.lines.some(({ msg }) => msg === "feed bad answers again")).toBe(true);
  expect(regionChange(it.service.writer.state().changes, "east").price).toMatchObject({ source: "bad" });
});

test("what cannot be true changes nothing and is named; the rest of the same answer counts", async () => {
  const it = await run(`
  - kind: generic
    name: both
    url: ${source.url}/both
    format: json
    figures:
      - {region: east, figure: price, value: east, unit: USD/kWh}
      - {region: west, figure: price, value: west, unit: USD/kWh}
      - {region: nowhere, figure: price, value: west, unit: USD/kWh}
`);
  source.answer = () => ({ body: '{"east": 90, "west": 0.15}' });
  await it.timing.pass(4 * EVERY);
  expect(source.asked).toHaveLength(5);
  const { changes } = it.service.writer.state();
  expect([regionChange(changes, "east").price, regionChange(changes, "west").price?.value]).toEqual([
    undefined,
    0.15,
  ]);
  expect(errorsOf(it)).toEqual([
    expect.stringMatching(/^feed both: priceUsdPerKwh of east: 90 cannot be/),
    expect.stringMatching(/^feed both: region of nowhere: there is no region/),
  ]);
});

test("no secret is in the log, whatever a source does with it", async () => {
  const it = await run(`
  - kind: entsoe
    name: prices
    url: ${source.url}/api
    token: {env: TOKEN}
    zones: [{region: east, eic: 10YXX-INVENTED-1}]
  - kind: generic
    name: other
    url: ${source.url}/other?key=also-secret
    token: {env: TOKEN}
    format: json
    figures: [{region: east, figure: price, value: price, unit: USD/kWh}]
`);
  source.answer = (path) => {
    const answers = [
      { status: 401, body: path },
      { status: 302, headers: { Location: path } },
      { status: 200, type: "text/html", body: path },
      { status: 400, type: "text/xml", body: `<a>${path.replaceAll("&", "")}</a>` },
      { status: 200, type: "application/xml", body: path },
    ];
    return answers[source.asked.length % answers.length]!;
  };
  await it.timing.pass(86_400);
  expect(source.asked.join()).toContain("s3cret-t0ken");
  expect(source.headers.some(({ authorization }) => authorization === "Bearer s3cret-t0ken")).toBe(true);
  expect(JSON.stringify(it.lines)).not.toMatch(/s3cret|also-secret/);
  expect(errorsOf(it).length).toBeGreaterThan(3);
});
