// Any CSV or JSON, from a file or an address: what the mapping makes of it, in invented numbers.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ask, seconds } from "./support.ts";
import { withSource } from "./with-source.ts";

const NOON = "2026-03-10T12:00:00Z";
const at = seconds(NOON);
const world = withSource();
const { answers, feedFrom } = world;

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
    const long = join(world.folder, "long.csv");
    writeFileSync(long, `a\n${"1\n".repeat(2000)}`);
    expect(await file(long, "maxBytes: 1000, ")).toMatchObject({ failures: [{ code: "too-large" }] });
    writeFileSync(long, 'a,b\n"1,2\n');
    expect(await file(long)).toMatchObject({ failures: [{ code: "bad-answer" }] });
  });
});

describe("any JSON", () => {
  const json = (figure: string, more = "") =>
    feedFrom(
      `kind: generic, name: api, url: "${world.source.url}/p", format: json, ${more}figures: [{region: north, figure: price, unit: USD/kWh, ${figure}}]`,
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
    world.source.answer = () => ({ body: '{"usd": 0.' });
    expect(await ask(json("value: usd"), NOON)).toMatchObject({ failures: [{ code: "bad-answer" }] });
    expect(await value({ list: 3 }, "value: p", "rows: list, ")).toMatchObject({
      failures: [{ code: "bad-answer" }],
    });
  });

  test("a token is sent in the header that is named; one that is not there is said, and nobody asked", async () => {
    await value({ usd: 1 }, "value: usd", "token: {env: TOKEN}, header: X-Key, ");
    expect(world.source.headers.at(-1)!["x-key"]).toBe("s3cret-t0ken");
    const before = world.source.asked.length;
    expect(await value({ usd: 1 }, "value: usd", "token: {env: NOBODY}, ")).toMatchObject({
      failures: [{ code: "no-token", message: "the variable NOBODY is empty" }],
    });
    const file = join(world.folder, "token");
    writeFileSync(file, "two\nlines");
    expect(await value({ usd: 1 }, "value: usd", `token: {file: ${file}}, `)).toMatchObject({
      failures: [{ code: "no-token" }],
    });
    expect(world.source.asked.length).toBe(before);
    writeFileSync(file, "from-a-file\n");
    await value({ usd: 1 }, "value: usd", `token: {file: ${file}}, `);
    expect(world.source.headers.at(-1)!.authorization).toBe("Bearer from-a-file");
  });
});
