// Whatever a source answers, a feed says what can be read or what is wrong, and never throws: answers of the right shape with
// parts replaced, cut off and repeated.
import { type Fleet, flat, unsoundInput, unsoundTime } from "@bace-pipe/core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FEED_FAILURES } from "../../src/feeds/feed.ts";
import { ask, feedOf, fixture, openSource, seconds, type TestSource } from "./support.ts";

const RUNS = 150;
const NOON = "2026-03-10T12:00:00Z";
let source: TestSource;
beforeAll(async () => {
  source = await openSource();
});
afterAll(() => source.close());

const gpuType = { name: "t", peakFlopsPerSecond: 1e14, memoryBytes: 48e9, busyWatts: 300, idleWatts: 30 };
const fleet: Fleet = {
  name: "two",
  regions: ["north", "south"].map((name) => ({ name, gpuType, gpus: 4, tariff: flat(0.1), pue: 1 })),
  links: [{ from: 0, to: 1, bandwidthBitsPerSecond: 4e9, latencySeconds: 0.01, egressUsdPerGb: 0 }],
};

const hostile = fc.constantFrom<unknown>(
  ...[null, true, "", "NaN", "1e999", -1, 0, 1e300, "2147483632", [], {}, "\u0000", "a\nb"],
  ...[
    { toString: 1 },
    { valueOf: {} },
    [[]],
    { length: 5 },
    "2026-03-10T12:00:00Z",
    1773144000,
    "x".repeat(500),
  ],
);
/** A JSON value with parts of it replaced. */
const spoiled = (value: unknown): fc.Arbitrary<unknown> => {
  const rest = Array.isArray(value)
    ? fc.tuple(...value.map(spoiled))
    : typeof value === "object" && value !== null
      ? fc.record(Object.fromEntries(Object.entries(value).map(([key, each]) => [key, spoiled(each)])))
      : fc.constant(value);
  return fc.oneof({ weight: 12, arbitrary: rest }, { weight: 1, arbitrary: hostile });
};
/** A text with a piece cut out, replaced or repeated. */
const cut = (text: string) =>
  fc
    .tuple(
      fc.nat(text.length),
      fc.nat(200),
      fc.constantFrom("", "<", "&", "]]>", "9".repeat(400), "\u0000", "-", "<a>"),
    )
    .map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length));

/** XML with another text in one of its elements. */
const otherText = (text: string) => {
  const texts = [...text.matchAll(/>([^<>\s][^<>]*)</g)];
  return fc
    .tuple(
      fc.constantFrom(...texts),
      fc.constantFrom("-5", "99", "0", "1e9", "", "A01", "PT15M", "2026-03-10T12:00Z"),
    )
    .map(
      ([{ 0: found, index }, put]) => `${text.slice(0, index)}>${put}<${text.slice(index + found.length)}`,
    );
};

const em = { zone: "XX", datetime: NOON, carbonIntensity: 300, unit: "EUR/MWh" };
const rows = [0, 1, 2].map((i) => ({ datetime: `2026-03-10T1${i + 2}:00:00Z`, value: 80 + i }));
const prometheus = {
  status: "success",
  data: {
    resultType: "matrix",
    result: [0, 1].map((gpu) => ({
      metric: { UUID: `GPU-${gpu}` },
      values: [0, 1, 2].map((i) => [seconds(NOON) + i * 60, `${i * 20_000_000}`]),
      value: [seconds(NOON), "300"],
    })),
  },
};
const json = (value: unknown) => spoiled(value).map((each) => JSON.stringify(each));

const KINDS: Readonly<
  Record<string, { readonly fields: string; readonly body: fc.Arbitrary<string>; readonly type?: string }>
> = {
  entsoe: {
    fields: "kind: entsoe, url: URL, token: {env: TOKEN}, zones: [{region: north, eic: 10YXX-INVENTED-1}]",
    body: fc.oneof(cut(fixture("entsoe-two-days.xml")), otherText(fixture("entsoe-two-days.xml"))),
    type: "text/xml",
  },
  "electricity-maps": {
    fields:
      "kind: electricity-maps, url: URL, token: {env: TOKEN}, zones: [{region: north, zone: XX, figures: [carbon, price], forecast: true}]",
    body: json({ ...em, value: 40, forecast: rows }),
  },
  json: {
    fields:
      "kind: generic, url: URL, format: json, rows: forecast, figures: [{region: north, figure: price, value: value, unit: EUR/MWh, time: datetime, stepSeconds: 1 h, where: {zone: XX}}, {region: south, figure: price, value: value, unit: EUR/MWh, time: datetime}]",
    body: json({ forecast: rows.map((row) => ({ ...row, zone: "XX" })) }),
  },
  csv: {
    fields:
      "kind: generic, url: URL, format: csv, figures: [{region: north, figure: price, value: eur_per_mwh, unit: EUR/MWh, time: from, stepSeconds: 1 h, where: {zone: NORTH}}]",
    body: cut(fixture("prices.csv")),
    type: "text/csv",
  },
  iperf3: {
    fields: "kind: iperf3, links: [{from: north, to: south, url: URL}]",
    body: fc.oneof(json(JSON.parse(fixture("iperf3.json"))), cut(fixture("iperf3.json"))),
  },
  dcgm: {
    fields: `kind: dcgm, url: URL, regions: [{region: north, selector: 'a="b"', busyAboveWatts: 200}]`,
    body: json(prometheus),
  },
};

test.each(Object.entries(KINDS))(
  "%s",
  async (_, { body, fields, type = "application/json" }) => {
    const feed = feedOf(
      `version: 1\ncurrencies: {EUR: {usd: 1.1, asOf: 2026-03-01, source: invented}}\nsources: [{name: x, ${fields.replaceAll("URL", `"${source.url}/x"`)}}]`,
    );
    const seen = { facts: 0, failures: 0 };
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        source.answer = () => ({ type, body: text });
        const { facts, failures } = await ask(feed, NOON);
        seen.facts += facts.length;
        seen.failures += failures.length;
        for (const { code, message } of failures) {
          expect(Object.keys(FEED_FAILURES)).toContain(code);
          expect(message.length).toBeLessThan(1200);
        }
        // What it says can be judged, and goes into a log and back.
        for (const fact of facts) {
          const back = JSON.parse(JSON.stringify(fact));
          expect(back).toEqual(fact);
          unsoundInput(fleet, fact, seconds(NOON));
          unsoundTime(fact, seconds(NOON));
        }
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(seen.facts, seen.failures)).toBeGreaterThan(5); // neither all good nor all bad
  },
  60_000,
);
