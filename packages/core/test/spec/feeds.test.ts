// The file that says where a service fetches its figures: what it may say, and what is wrong with it where it is wrong.
import { describe, expect, it } from "vitest";
import { parseFeeds } from "../../src/spec/feeds.ts";

const file = (sources: string, more = "") => `version: 1\n${more}sources:\n${sources}`;
const wrongIn = (text: string) => {
  const parsed = parseFeeds(text, "feeds.yaml");
  return parsed.ok ? [] : parsed.diagnostics.map(({ code, field, line }) => [code, field, line]);
};
const generic = (fields: string) =>
  `  - {kind: generic, name: g, url: "https://x.example/p", format: json, figures: [{region: r, ${fields}}]}\n`;
const PRICE = "figure: price, value: p, unit: EUR/MWh";
const EUR = "currencies: {EUR: {usd: 1.1, asOf: 2026-03-01, source: invented}}\n";

describe("a file of feeds", () => {
  it("needs little: how often, how long and how much have defaults", () => {
    const parsed = parseFeeds(file(generic(PRICE), EUR), "feeds.yaml");
    expect(parsed).toMatchObject({
      ok: true,
      value: { sources: [{ everySeconds: 900, timeoutSeconds: 30, maxBytes: 4e6, header: "Authorization" }] },
    });
  });

  it.each<[string, string, string[], number]>([
    ["a currency without a rate", file(generic(PRICE)), ["invalid-field", "sources[0].figures[0].unit"], 3],
    [
      "a unit of something else",
      file(generic("figure: carbon, value: p, unit: EUR/MWh"), EUR),
      ["invalid-field", "sources[0].figures[0].unit"],
      4,
    ],
    [
      "a unit that is none",
      file(generic("figure: price, value: p, unit: euros")),
      ["invalid-field", "sources[0].figures[0].unit"],
      3,
    ],
    [
      "a curve without times",
      file(generic(`${PRICE}, stepSeconds: 1 h`), EUR),
      ["invalid-field", "sources[0].figures[0].stepSeconds"],
      4,
    ],
    ["two of one name", file(generic(PRICE).repeat(2), EUR), ["duplicate-name", "sources[1].name"], 5],
    [
      "a rate without a day",
      file(generic(PRICE), "currencies: {EUR: {usd: 1.1, source: x}}\n"),
      ["invalid-field", "currencies.EUR.asOf"],
      2,
    ],
    ["no sources", "version: 1\nsources: []\n", ["invalid-field", "sources"], 2],
    [
      "a zone's code that is none",
      file("  - {kind: entsoe, name: e, token: {env: T}, zones: [{region: r, eic: DE}]}\n"),
      ["invalid-field", "sources[0].zones[0].eic"],
      3,
    ],
    [
      "a token in two places",
      file(
        "  - {kind: entsoe, name: e, token: {env: T, file: t}, zones: [{region: r, eic: 10YXX-INVENTED-1}]}\n",
      ),
      ["invalid-field", "sources[0].token"],
      3,
    ],
    [
      "a password in an address",
      file(generic(PRICE).replace("x.example", "u:p@x.example"), EUR),
      ["invalid-field", "sources[0].url"],
      4,
    ],
    [
      "an address of a file",
      file(generic(PRICE).replace("https://x.example/p", "file:///etc/passwd"), EUR),
      ["invalid-field", "sources[0].url"],
      4,
    ],
    [
      "no place",
      file(generic(PRICE).replace('url: "https://x.example/p", ', ""), EUR),
      ["invalid-field", "sources[0]"],
      4,
    ],
    [
      "a selector that closes its braces",
      file(
        `  - {kind: dcgm, name: d, url: "http://p", regions: [{region: r, selector: 'a="b"} or {c="d"', busyAboveWatts: 200}]}\n`,
      ),
      ["invalid-field", "sources[0].regions[0].selector"],
      3,
    ],
  ])("with %s says where", (_, text, wanted, line) => {
    expect(wrongIn(text)).toEqual([[...wanted, line]]);
  });

  it("with an unknown kind, or an unknown field, is refused", () => {
    expect(wrongIn(file("  - {kind: oracle, name: o}\n"))).toEqual([["invalid-field", "sources[0].kind", 3]]);
    expect(wrongIn(file(generic(`${PRICE}, colour: red`), EUR))[0]![1]).toBe("sources[0].figures[0].colour");
  });
});
