import { describe, expect, it } from "vitest";
import { hourlySeries } from "../../../src/spec/import/hourly.ts";
import { commonWindow, seriesIn } from "../../../src/spec/import/window.ts";
import { complaintsOf, opened, placesOf, sharedFile, sharedIsHere, warningsOf } from "./support.ts";

const START = 1_704_067_200;
const prices = (...rows: string[]) => `datetime_utc,price_usd_per_mwh\n${rows.join("\n")}\n`;
const read = (text: string, options = {}) => hourlySeries(text, "p.csv", options);

describe("a series of prices", () => {
  it("becomes USD per kWh from the first hour on", () => {
    const text = prices("2024-01-01 00:00:00+00:00,48", "2024-01-01 01:00:00+00:00,-5.5");
    expect(opened(read(text))).toEqual({
      quantity: "price",
      column: "price_usd_per_mwh",
      startSeconds: START,
      stepSeconds: 3600,
      values: [0.048, -0.0055],
    });
  });

  it("is put in order of time", () => {
    const text = prices("2024-01-01 02:00,3000", "2024-01-01 00:00,1000", "2024-01-01 01:00,2000");
    expect(opened(read(text)).values).toEqual([1, 2, 3]);
  });

  it("has short gaps filled with the value before, and says so", () => {
    const text = prices("2024-01-01 00:00,1000", "2024-01-01 01:00,", "2024-01-01 03:00,4000");
    expect(opened(read(text)).values).toEqual([1, 1, 1, 4]);
    const warnings = warningsOf(read(text));
    expect(placesOf(warnings)).toEqual(["4:18 series-gap"]);
    expect(warnings[0]!.message).toBe("2 hours before 2024-01-01 03:00 UTC have no value");
    expect(warnings[0]!.hint).toBe("filled with the value before, 1000");
  });

  it("is refused where a gap is longer", () => {
    const text = prices("2024-01-01 00:00,1", "2024-01-01 05:00,2");
    const [complaint] = complaintsOf(read(text));
    expect(complaint).toMatchObject({
      code: "series-gap",
      line: 3,
      message: expect.stringMatching(/^4 hours/),
    });
    expect(opened(read(text, { mostHoursFilled: 4 })).values).toHaveLength(6);
  });

  it("goes without hours that have no value before the first or after the last one, and says so", () => {
    const text = prices("2024-01-01 00:00,nan", "2024-01-01 01:00,1000", "2024-01-01 02:00,");
    expect(opened(read(text))).toMatchObject({ startSeconds: START + 3600, values: [1] });
    expect(warningsOf(read(text))[0]!.message).toMatch(/^2 hours without a value/);
  });

  it("has an hour that is there twice once, if both say the same", () => {
    const text = prices("2024-01-01 00:00,1000", "2024-01-01 00:00,1000", "2024-01-01 01:00,2000");
    expect(opened(read(text)).values).toEqual([1, 2]);
    expect(placesOf(warningsOf(read(text)))).toEqual(["3:1 series-duplicate"]);
  });

  it("is refused if an hour says two things", () => {
    const [complaint] = complaintsOf(read(prices("2024-10-27 01:00,1", "2024-10-27 01:00,2")));
    expect(complaint).toMatchObject({ code: "series-duplicate", line: 3, column: 1 });
    expect(complaint!.message).toBe("2024-10-27 01:00 UTC is there a second time, with 2 after 1");
    expect(complaint!.hint).toMatch(/offset from UTC/);
  });
});

describe("local time", () => {
  const local = (...rows: string[]) => `Start Time,Price (USD/MWh)\n${rows.join("\n")}\n`;

  it("goes over both changes of summer time where offsets are written", () => {
    const autumn = local(
      "2024-10-27 01:00+02:00,1000",
      "2024-10-27 02:00+02:00,2000",
      "2024-10-27 02:00+01:00,3000",
      "2024-10-27 03:00+01:00,4000",
    );
    expect(opened(read(autumn)).values).toEqual([1, 2, 3, 4]);
    const spring = local("2024-03-31 01:00+01:00,1000", "2024-03-31 03:00+02:00,2000");
    expect(opened(read(spring)).values).toEqual([1, 2]);
    expect(warningsOf(read(spring))).toEqual([]);
  });

  it("is refused without offsets", () => {
    const [complaint] = complaintsOf(read(local("2024-03-31 01:00,1")));
    expect(complaint).toMatchObject({
      line: 2,
      column: 1,
      message: expect.stringMatching(/may be local time/),
    });
  });
});

describe("the value column", () => {
  const one = (header: string) => read(`datetime_utc,${header}\n2024-01-01,5\n`);

  it.each([
    ["price_usd_per_mwh", "price", 0.005],
    ["USD/MWh", "price", 0.005],
    ["Price [USD/kWh]", "price", 5],
    ["lmp_usd_mwh", "price", 0.005],
    ["direct_gco2_per_kwh", "carbon", 5],
    ["Carbon Intensity gCO₂eq/kWh (direct)", "carbon", 5],
    ["kgCO2/MWh", "carbon", 5],
  ])("%s is known by its unit", (header, quantity, value) => {
    expect(opened(one(header))).toMatchObject({ quantity, values: [value] });
  });

  it.each(["price", "price_eur_per_mwh", "kgco2_per_kwh", "avg_kwh"])("%s is refused", (header) => {
    const [complaint] = complaintsOf(one(header));
    expect(complaint).toMatchObject({ code: "csv-column", hint: expect.stringMatching(/price_usd_per_mwh/) });
  });

  it("is asked for where there are several, and found by what is expected", () => {
    const text = "datetime_utc,a_usd_per_mwh,b_usd_per_mwh,gco2_per_kwh\n2024-01-01,1000,2000,300\n";
    expect(complaintsOf(read(text))[0]!.message).toMatch(
      /3 columns hold price or carbon: a_usd_per_mwh, b_usd/,
    );
    expect(opened(read(text, { quantity: "carbon" })).values).toEqual([300]);
    expect(opened(read(text, { column: "b_usd_per_mwh" })).values).toEqual([2]);
    const [complaint] = complaintsOf(read(text, { column: "c_usd_per_mwh" }));
    expect(complaint!.hint).toMatch(/did you mean/);
    expect(complaintsOf(read(text, { column: "gco2_per_kwh", quantity: "price" }))).toHaveLength(1);
  });
});

it.each([
  ["text for a number", "2024-01-01 00:00,12 EUR", "2:18 csv-value"],
  ["infinity", "2024-01-01 00:00,Infinity", "2:18 csv-value"],
  ["no date", "yesterday,5", "2:1 csv-value"],
  ["a quarter of an hour", "2024-01-01 00:15,5", "2:1 csv-value"],
  ["no rows with values", "2024-01-01 00:00,", "1:14 series-gap"],
])("%s is told with line and column", (_what, row, place) => {
  expect(placesOf(complaintsOf(read(prices(row))))).toEqual([place]);
});

describe("a window", () => {
  const series = (file: string, from: number, hours: number) => ({
    file,
    series: {
      quantity: "price" as const,
      column: "p",
      startSeconds: START + from * 3600,
      stepSeconds: 3600 as const,
      values: Array.from({ length: hours }, (_, i) => from + i),
    },
  });
  const [early, late] = [series("early.csv", 0, 10), series("late.csv", 4, 10)];

  it("is what all series have, with its start as second 0", () => {
    const window = opened(commonWindow([early, late]));
    expect(window).toEqual({ fromSeconds: START + 4 * 3600, toSeconds: START + 10 * 3600 });
    for (const { series: one } of [early, late]) {
      expect(seriesIn(one, window)).toEqual({ startSeconds: 0, values: [4, 5, 6, 7, 8, 9] });
    }
  });

  it("may begin within an hour, whose price then began before second 0", () => {
    const window = { fromSeconds: START + 5400, toSeconds: START + 9000 };
    expect(seriesIn(early.series, window)).toEqual({ startSeconds: -1800, values: [1, 2] });
  });

  it("names the series that does not have all of it", () => {
    const complaints = complaintsOf(commonWindow([early, late], { fromSeconds: START }));
    expect(complaints.map(({ file, code }) => [file, code])).toEqual([["late.csv", "series-window"]]);
    expect(complaintsOf(commonWindow([early, series("other.csv", 20, 2)]))[0]!.message).toMatch(/no time in/);
  });
});

describe.skipIf(!sharedIsHere)("all published series of 2024", () => {
  it.each([
    ...["AU-NSW", "DE-LU", "JP-TK", "NL", "SG", "US-MIDA-PJM", "US-NY-NYIS"].map((zone) => `prices/${zone}`),
    ...["AU-NSW", "DE-LU", "GB", "JP-TK", "SG", "US-MIDA-PJM", "US-NY-NYIS"].map((zone) => `carbon/${zone}`),
  ])("%s is read whole, without a warning", (path) => {
    const { text, file } = sharedFile(`${path}_2024.csv`);
    const result = hourlySeries(text, file);
    expect(opened(result)).toMatchObject({
      quantity: path.startsWith("prices") ? "price" : "carbon",
      startSeconds: START,
      values: { length: 8784 },
    });
    expect(warningsOf(result)).toEqual([]);
  });

  it("DE-LU has the 442 hours of negative prices", () => {
    const { text, file } = sharedFile("prices/DE-LU_2024.csv");
    expect(opened(hourlySeries(text, file)).values.filter((price) => price < 0)).toHaveLength(442);
  });
});
