// Electricity Maps, any JSON or CSV, iperf3 and DCGM: what their answers look like, in invented numbers.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, feedOf, fixture, openSource, seconds, type TestSource } from "./support.ts";

const NOON = "2026-03-10T12:00:00Z";
const at = seconds(NOON);
let source: TestSource;
let folder: string;
beforeAll(async () => {
  source = await openSource();
  folder = mkdtempSync(join(tmpdir(), "bace-feeds-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await source.close();
});

const EUR = "currencies: {EUR: {usd: 1.1, asOf: 2026-03-01, source: invented}}";
const answers = (bodies: Readonly<Record<string, unknown>>) => {
  source.answer = (path) => {
    const key = Object.keys(bodies).find((each) => decodeURIComponent(path).includes(each));
    return key === undefined ? { status: 404 } : { body: JSON.stringify(bodies[key]) };
  };
};
const feedFrom = (fields: string) => feedOf(`version: 1\n${EUR}\nsources:\n  - {${fields}}`);

describe("Electricity Maps", () => {
  const feed = (zone: string) =>
    feedFrom(
      `kind: electricity-maps, name: em, url: "${source.url}/v3", token: {env: TOKEN}, zones: [{region: north, ${zone}}]`,
    );
  const latest = {
    zone: "XX",
    carbonIntensity: 302,
    datetime: "2026-03-10T11:00:00.000Z",
    isEstimated: true,
  };

  test("the latest carbon intensity is observed when the answer says, and the token is in its header", async () => {
    answers({ "/v3/carbon-intensity/latest?zone=XX": latest });
    expect(await ask(feed("zone: XX"), NOON)).toEqual({
      facts: [
        {
          ...{ kind: "carbon-changed", region: "north", source: "em", carbonGramsPerKwh: 302 },
          observedAtSeconds: at - 3600,
        },
      ],
      failures: [],
    });
    expect(source.headers.at(-1)!["auth-token"]).toBe("s3cret-t0ken");
  });

  test("prices are in the unit that the answer says; what is to come is a curve of its own steps", async () => {
    const row = (minute: number, value: number | null) => ({
      datetime: `2026-03-10T12:${minute}:00.000Z`,
      value,
    });
    answers({
      "price-day-ahead/latest": {
        zone: "XX",
        datetime: "2026-03-10T11:45:00.000Z",
        value: 40,
        unit: "EUR/MWh",
      },
      "price-day-ahead/forecast": {
        ...{ zone: "XX", unit: "EUR/MWh" },
        forecast: [row(15, 50), { datetime: NOON, value: 60 }, row(30, 50), row(45, null)],
      },
    });
    const { facts, failures } = await ask(feed("zone: XX, figures: [price], forecast: true"), NOON);
    expect(failures).toEqual([]);
    expect(facts[0]).toMatchObject({ kind: "price-changed", observedAtSeconds: at - 900 });
    expect(facts[0]).toHaveProperty("priceUsdPerKwh", expect.closeTo(0.044, 9));
    expect(facts[1]).toMatchObject({
      kind: "price-curve",
      fromSeconds: [at, at + 900],
      untilSeconds: at + 2700,
    });
    expect(facts[1]).toHaveProperty("values", [expect.closeTo(0.066, 9), expect.closeTo(0.055, 9)]);
  });

  test.each<[string, unknown, string]>([
    ["a zone of which nothing is known", { ...latest, carbonIntensity: null }, "no-data"],
    ["another zone's", { ...latest, zone: "YY" }, "bad-answer"],
    ["an error", { error: "Zone 'XX' is invalid." }, "bad-answer"],
    ["text for a number", { ...latest, carbonIntensity: "302" }, "no-data"],
    ["no time", { zone: "XX", carbonIntensity: 302 }, "no-data"],
  ])("%s is no figure", async (_, body, code) => {
    answers({ latest: body });
    expect(await ask(feed("zone: XX"), NOON)).toMatchObject({
      facts: [],
      failures: [{ code, about: "north" }],
    });
  });

  test("that asks for a pause is not asked for the next zone", async () => {
    source.answer = () => ({ status: 429, headers: { "Retry-After": "120" } });
    const before = source.asked.length;
    const answer = await ask(feed("zone: XX}, {region: south, zone: YY"), NOON);
    expect(answer).toMatchObject({ facts: [], failures: [{ code: "rate-limited", retryAfterSeconds: 120 }] });
    expect(source.asked.length - before).toBe(1);
  });

  test("that fails for one zone is asked for the next", async () => {
    answers({ "zone=YY": { ...latest, zone: "YY" } });
    expect(await ask(feed("zone: XX}, {region: south, zone: YY"), NOON)).toMatchObject({
      facts: [{ region: "south" }],
      failures: [{ about: "north", code: "refused" }],
    });
  });
});

describe("any CSV", () => {
  const csv = (figures: string, more = "missing: [-999], ") =>
    feedFrom(`kind: generic, name: sheet, file: prices.csv, format: csv, ${more}figures: [${figures}]`);
  const price = "figure: price, value: eur_per_mwh, unit: EUR/MWh, time: from";

  test("the latest row that has a number is the figure, sentinels and times to come left out", async () => {
    const { facts, failures } = await ask(
      csv(
        `{region: north, ${price}, where: {zone: NORTH}}, {region: north, figure: carbon, value: gco2_per_kwh, unit: gCO2/kWh, time: from, where: {zone: NORTH}}`,
      ),
      "2026-03-10T14:00:00Z",
    );
    expect(failures).toEqual([]);
    expect(facts).toMatchObject([
      { kind: "price-changed", region: "north", source: "sheet", observedAtSeconds: at },
      { kind: "carbon-changed", carbonGramsPerKwh: 190, observedAtSeconds: at },
    ]);
  });

  test("rows of a length are a curve; of two of one time the first counts", async () => {
    const { facts } = await ask(
      csv(`{region: north, ${price}, stepSeconds: 1 h, where: {zone: NORTH}}`),
      NOON,
    );
    expect(facts).toMatchObject([
      { kind: "price-curve", fromSeconds: [at - 3600, at], untilSeconds: at + 3600 },
    ]);
    expect(facts[0]).toHaveProperty("values", [expect.closeTo(0.088, 9), expect.closeTo(0.10505, 9)]);
  });

  test("empty cells and times without a zone are none", async () => {
    expect(await ask(csv(`{region: south, ${price}, where: {zone: SOUTH}}`), NOON)).toMatchObject({
      facts: [],
      failures: [{ code: "no-data", about: "south", message: expect.stringContaining("none of 2 rows") }],
    });
  });

  test("a column that is not there is no data; a file that is not there, or is too long, is said", async () => {
    expect(await ask(csv("{region: north, figure: price, value: nope, unit: USD/MWh}"), NOON)).toMatchObject({
      failures: [{ code: "no-data" }],
    });
    const gone = csv(`{region: north, ${price}}`, "").ask;
    expect((await gone(at, new AbortController().signal)).failures).toEqual([]);
    const file = (name: string, more = "") =>
      ask(
        feedFrom(
          `kind: generic, name: f, file: ${name}, format: csv, ${more}figures: [{region: north, ${price}}]`,
        ),
        NOON,
      );
    expect(await file("gone.csv")).toMatchObject({
      failures: [{ code: "file-not-read", message: "gone.csv: ENOENT" }],
    });
    const long = join(folder, "long.csv");
    writeFileSync(long, `a\n${"1\n".repeat(2000)}`);
    expect(await file(long, "maxBytes: 1000, ")).toMatchObject({ failures: [{ code: "too-large" }] });
    writeFileSync(long, 'a,b\n"1,2\n');
    expect(await file(long)).toMatchObject({ failures: [{ code: "bad-answer" }] });
  });
});

describe("any JSON", () => {
  const json = (figure: string, more = "") =>
    feedFrom(
      `kind: generic, name: api, url: "${source.url}/p", format: json, ${more}figures: [{region: north, figure: price, unit: USD/kWh, ${figure}}]`,
    );
  const value = (body: unknown, figure: string, more = "") => {
    answers({ "/p": body });
    return ask(json(figure, more), NOON);
  };

  test("a path leads to the figure; without a time it is of now", async () => {
    expect(await value({ data: [{ usd: "0.25" }] }, 'value: "data[0].usd"')).toMatchObject({
      facts: [{ kind: "price-changed", priceUsdPerKwh: 0.25, observedAtSeconds: at }],
    });
  });

  test("a list of rows is a curve, up to its first gap", async () => {
    const row = (minutes: number, p: number | null) => ({ t: at + minutes * 60, p });
    const body = { list: [row(0, 0.1), row(15, 0.2), row(30, null), row(45, 0.9)] };
    expect(await value(body, "value: p, time: t, stepSeconds: 15 min", "rows: list, ")).toMatchObject({
      facts: [
        { kind: "price-curve", fromSeconds: [at, at + 900], values: [0.1, 0.2], untilSeconds: at + 1800 },
      ],
    });
  });

  test.each<[string, unknown, string]>([
    ["nothing there", {}, "no-data"],
    ["what objects inherit", { a: {} }, "no-data"],
    ["null", { usd: null }, "no-data"],
    ["a word", { usd: "cheap" }, "no-data"],
    ["NaN", { usd: "NaN" }, "no-data"],
    ["true", { usd: true }, "no-data"],
    ["an object", { usd: { usd: 1 } }, "no-data"],
  ])("%s is no figure", async (what, body, code) => {
    const path = what === "what objects inherit" ? "a.__proto__.constructor.length" : "usd";
    expect(await value(body, `value: ${path}`)).toMatchObject({ facts: [], failures: [{ code }] });
  });

  test("0 is a price, also where an empty text or a dash means that there is none", async () => {
    const missing = 'missing: ["", "-", -1], ';
    expect((await value({ usd: 0 }, "value: usd", missing)).facts).toMatchObject([{ priceUsdPerKwh: 0 }]);
    for (const usd of ["", "-", -1, "-1"])
      expect((await value({ usd }, "value: usd", missing)).failures).toMatchObject([{ code: "no-data" }]);
  });

  test("that is cut off, or has no list where one should be, is a bad answer", async () => {
    source.answer = () => ({ body: '{"usd": 0.' });
    expect(await ask(json("value: usd"), NOON)).toMatchObject({ failures: [{ code: "bad-answer" }] });
    expect(await value({ list: 3 }, "value: p", "rows: list, ")).toMatchObject({
      failures: [{ code: "bad-answer" }],
    });
  });

  test("a token is sent in the header that is named; one that is not there is said, and nobody asked", async () => {
    await value({ usd: 1 }, "value: usd", "token: {env: TOKEN}, header: X-Key, ");
    expect(source.headers.at(-1)!["x-key"]).toBe("s3cret-t0ken");
    const before = source.asked.length;
    expect(await value({ usd: 1 }, "value: usd", "token: {env: NOBODY}, ")).toMatchObject({
      failures: [{ code: "no-token", message: "the variable NOBODY is empty" }],
    });
    const file = join(folder, "token");
    writeFileSync(file, "two\nlines");
    expect(await value({ usd: 1 }, "value: usd", `token: {file: ${file}}, `)).toMatchObject({
      failures: [{ code: "no-token" }],
    });
    expect(source.asked.length).toBe(before);
    writeFileSync(file, "from-a-file\n");
    await value({ usd: 1 }, "value: usd", `token: {file: ${file}}, `);
    expect(source.headers.at(-1)!.authorization).toBe("Bearer from-a-file");
  });
});

describe("iperf3", () => {
  const feed = () =>
    feedFrom("kind: iperf3, name: probe, links: [{from: north, to: south, file: iperf3.json}]");
  const byUrl = () =>
    feedFrom(`kind: iperf3, name: probe, links: [{from: north, to: south, url: "${source.url}/probe"}]`);
  const probe = JSON.parse(fixture("iperf3.json"));

  test("says what arrived, and half of the least round trip, when it was over", async () => {
    expect(await ask(feed(), NOON)).toEqual({
      facts: [
        {
          ...{ kind: "link-changed", from: "north", to: "south", source: "probe" },
          ...{ bandwidthBitsPerSecond: 4e9, latencySeconds: 0.012, observedAtSeconds: at - 20 + 10.02 },
        },
      ],
      failures: [],
    });
  });

  test("from the server's side measures the other direction, and knows no round trip", async () => {
    const reverse = structuredClone(probe);
    reverse.start.test_start.reverse = 1;
    for (const { sender } of reverse.end.streams) delete sender.mean_rtt;
    answers({ probe: reverse });
    const { facts } = await ask(byUrl(), NOON);
    expect(facts).toMatchObject([{ from: "south", to: "north", bandwidthBitsPerSecond: 4e9 }]);
    expect(facts[0]).not.toHaveProperty("latencySeconds");
  });

  test.each<[string, unknown, string]>([
    ["an error", { error: "unable to connect to server: Connection refused" }, "probe-failed"],
    [
      "an error after the start",
      { ...probe, error: "control socket has closed unexpectedly" },
      "probe-failed",
    ],
    [
      "a test over UDP",
      { ...probe, start: { ...probe.start, test_start: { protocol: "UDP" } } },
      "bad-answer",
    ],
    ["no end", { start: probe.start, end: {} }, "bad-answer"],
    ["nothing that arrived", { ...probe, end: { sum_received: { bits_per_second: 0 } } }, "probe-failed"],
    ["a list", [probe], "bad-answer"],
  ])("%s is no figure", async (_, body, code) => {
    answers({ probe: body });
    expect(await ask(byUrl(), NOON)).toMatchObject({
      facts: [],
      failures: [{ code, about: "north → south" }],
    });
  });

  test("a file that is cut off is none", async () => {
    source.answer = () => ({ body: fixture("iperf3.json").slice(0, 900) });
    expect(await ask(byUrl(), NOON)).toMatchObject({ failures: [{ code: "bad-answer" }] });
  });
});

describe("DCGM", () => {
  const feed = () =>
    feedFrom(
      `kind: dcgm, name: dcgm, url: "${source.url}/prom/", regions: [{region: north, selector: 'cluster="n"', busyAboveWatts: 200}]`,
    );
  const labels = (gpu: number) => ({ UUID: `GPU-${gpu}`, gpu: `${gpu}`, Hostname: "n1" });
  const ok = (resultType: string, result: unknown) => ({ status: "success", data: { resultType, result } });
  /** Counters in joules, a minute apart; gauges in watts. */
  const prometheus = (
    joules: readonly (readonly (number | string)[])[],
    watts: readonly (number | string)[],
  ) =>
    answers({
      TOTAL_ENERGY: ok(
        "matrix",
        joules.map((counter, gpu) => ({
          metric: labels(gpu),
          values: counter.map((value, i) => [
            at - 600 + 60 * i,
            typeof value === "number" ? `${value * 1000}` : value,
          ]),
        })),
      ),
      POWER_USAGE: ok(
        "vector",
        watts.map((value, gpu) => ({ metric: labels(gpu), value: [at, `${value}`] })),
      ),
    });
  const power = async () => {
    const { facts, failures } = await ask(feed(), NOON);
    expect(failures).toEqual([]);
    return facts.map((fact) => (fact.kind === "power-changed" ? fact.busyWatts : fact));
  };

  test("the mean of busy GPUs, by their counters of energy; idle ones do not count", async () => {
    prometheus(
      [
        [0, 30_000, 60_000],
        [100, 36_100, 72_100],
        [0, 4200, 8400],
      ],
      [999, 999, 999],
    );
    expect(await power()).toEqual([(500 + 600) / 2]);
    expect(decodeURIComponent(source.asked.at(-2)!)).toBe(
      '/prom/api/v1/query?query=DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{cluster="n"}[600s]',
    );
  });

  test("a counter that began anew counts before and after, not over the reset", async () => {
    prometheus([[1e6, 1e6 + 30_000, 100, 30_100, 60_100]], []);
    expect(await power()).toEqual([500]);
  });

  test("without a counter, or with one sample of it, the gauge counts", async () => {
    prometheus([[5000], []], [410, 390]);
    expect(await power()).toEqual([400]);
  });

  test("blanks, NaN and what no GPU draws are left out", async () => {
    prometheus(
      [["9223372036854775792", "9223372036854775792"]],
      ["2147483632", "NaN", "140737488355328", "+Inf", 60_000, -5, 300],
    );
    expect(await power()).toEqual([300]);
  });

  test("where no GPU is busy there is nothing to say; where none says anything that is said", async () => {
    prometheus([], [80, 75]);
    expect(await power()).toEqual([]);
    prometheus([], ["NaN"]);
    expect(await ask(feed(), NOON)).toMatchObject({
      facts: [],
      failures: [{ code: "no-data", about: "north" }],
    });
  });

  test("what Prometheus says of a wrong query is said", async () => {
    const body = JSON.stringify({ status: "error", errorType: "bad_data", error: "parse error at char 3" });
    source.answer = () => ({ status: 400, body });
    expect(await ask(feed(), NOON)).toMatchObject({
      failures: [{ code: "bad-answer", message: "parse error at char 3" }],
    });
  });

  test.each([
    ["null", "null"],
    ["no data", '{"status":"success"}'],
    [
      "results that are none",
      '{"status":"success","data":{"result":[null,3,{"metric":null,"value":[1]},{"value":[1,2]}]}}',
    ],
  ])("%s breaks nothing", async (_, body) => {
    source.answer = () => ({ body });
    expect((await ask(feed(), NOON)).facts).toEqual([]);
  });
});
