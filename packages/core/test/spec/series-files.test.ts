// Prices and carbon intensities that a scenario has in files, put on its clock.
import { describe, expect, it } from "vitest";
import { valueAt } from "../../src/fleet/series.ts";
import { parseScenario } from "../../src/spec/index.ts";
import { BASE, complaints, HOURS, read, unmarked, withPrice } from "../support/moving-scenario.ts";

describe("a series from a file", () => {
  it("is put on the scenario's clock: startAt is second 0", () => {
    const text = withPrice('{csv: prices.csv, column: NL_usd_per_mwh, startAt: "2024-03-01T01:30Z"}');
    const { tariff } = read(text).fleet.regions[0]!;
    expect(tariff).toEqual({
      ...{ kind: "series", startSeconds: -5400, stepSeconds: 3600 },
      values: [0.1, 0.2, -0.01, 0.04],
    });
    expect([0, 1799, 1800, 1e9].map((at) => valueAt(tariff, at))).toEqual([0.2, 0.2, -0.01, 0.04]);
  });

  it("starts with the first hour that all have, where nobody says; carbon intensity alike", () => {
    const late = HOURS.replace(/2024-03-01 00:00.*\n/, "");
    const carbon = "{csv: late.csv}";
    const text = withPrice(`{csv: prices.csv, column: NL_usd_per_mwh}, carbonGramsPerKwh: ${carbon}`);
    const { carbon: grams, tariff } = read(text, {
      readFile: (path) => ({ file: path, text: path === "late.csv" ? late : HOURS }),
    }).fleet.regions[0]!;
    expect(valueAt(tariff, 0)).toBe(0.2);
    expect(valueAt(grams!, 0)).toBe(310);
    expect(valueAt(tariff, -1)).toBe(0.1);
  });

  it("names its file once, however many regions it is for", () => {
    const both = BASE.replaceAll(
      /priceUsdPerKwh: 0.1/g,
      "priceUsdPerKwh: {csv: prices.csv, column: SG_usd_per_mwh}",
    );
    const { files, fleet } = read(both);
    expect(files.map(({ path }) => path)).toEqual(["prices.csv"]);
    expect(fleet.regions[1]!.tariff).toEqual(fleet.regions[2]!.tariff);
  });

  it.each([
    ["{csv: »price.csv}", "file-not-read", /no file price.csv/, /looked for data/],
    ["{csv: prices.csv, »colum: x}", "invalid-field", /unknown field "colum"/, /did you mean "column"/],
    [
      "{csv: prices.csv, column: NL_usd_per_mwh, startAt: »soon}",
      "invalid-field",
      /"soon" is not a date/,
      /2024/,
    ],
    [
      "{csv: prices.csv, column: NL_usd_per_mwh, startAt: »2025-01-01}",
      "series-window",
      /has 2024-03-01 00:00 to 2024-03-01 04:00 UTC; second 0 is 2025/,
      /startAt inside/,
    ],
    ["»0.2 USD", "invalid-field", /not a quantity in usdPerKwh/, /USD\/kWh/],
  ])("%s is refused at its place, which is marked", (price, code, message, hint) => {
    const { column, line, text } = unmarked(withPrice(price));
    expect(complaints(text)).toMatchObject([{ code, file: "s.yaml", line, column, message, hint }]);
  });

  it.each([
    ["{startSeconds: 0, stepSeconds: 3600}", /"pricesUsdPerKwh" of .* is missing/, /add pricesUsdPerKwh/],
    ["[1, 2]", /neither a price nor a series/, /or \{csv: prices.csv\}/],
  ])("%s is refused at its field", (price, message, hint) => {
    const { column, line, text } = unmarked(withPrice(price).replace("priceUsdPerKwh", "»priceUsdPerKwh"));
    expect(complaints(text)).toMatchObject([{ code: "invalid-field", line, column, message, hint }]);
  });

  it("that is not what is asked for is told in its own lines", () => {
    const place = { code: "csv-column", file: "data/prices.csv", line: 1 };
    expect(complaints(withPrice("{csv: prices.csv}"))).toMatchObject([
      { ...place, column: 29, message: /2 columns hold price/, hint: /which one/ },
    ]);
    expect(complaints(withPrice("{csv: prices.csv, column: NL_gco2_per_kwh}"))).toMatchObject([
      { ...place, column: 44, message: /unit of price/, hint: /rename/ },
    ]);
  });

  it("contradicts another one where they have no hour in common, or say two instants", () => {
    const two = (first: string, second: string) =>
      withPrice(`{csv: prices.csv, column: NL_usd_per_mwh${first}}`).replace(
        "priceUsdPerKwh: 0.1",
        `priceUsdPerKwh: {csv: ${second}}`,
      );
    expect(complaints(two("", "later.csv, column: NL_usd_per_mwh"))).toMatchObject([
      { code: "series-window", field: "regions[0].priceUsdPerKwh.csv" },
    ]);
    const instants = two(
      ", startAt: 2024-03-01",
      "prices.csv, column: SG_usd_per_mwh, startAt: 2024-03-01 01:00",
    );
    expect(complaints(instants)).toMatchObject([
      { field: "regions[1].priceUsdPerKwh.startAt", message: /01:00 UTC here and 2024-03-01 00:00 UTC in/ },
    ]);
  });

  it("needs somebody who reads files", () => {
    const parsed = parseScenario(withPrice("{csv: prices.csv}"), "s.yaml");
    expect(!parsed.ok && parsed.diagnostics).toMatchObject([
      { code: "file-not-read", message: "prices.csv cannot be read here", hint: /write its values out/ },
    ]);
  });
});
