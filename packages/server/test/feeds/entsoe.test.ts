// Day-ahead prices as ENTSO-E publishes them: what real answers do, in invented numbers. 1 EUR is 1.1 USD here.
import type { InputFact } from "@bace-pipe/core";
import { valueAt } from "@bace-pipe/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, feedOf, fixture, openSource, seconds, type TestSource } from "./support.ts";

const NOON = "2026-03-10T12:00:00Z";
let source: TestSource;
beforeAll(async () => {
  source = await openSource();
});
afterAll(() => source.close());

const feed = (zone = "") =>
  feedOf(`
version: 1
currencies: {EUR: {usd: 1.1, asOf: 2026-03-01, source: invented}}
sources:
  - kind: entsoe
    name: day-ahead
    url: ${source.url}/api
    token: {env: TOKEN}
    zones: [{region: north, eic: 10YXX-INVENTED-1${zone}}]
`);
const xml = (body: string) => {
  source.answer = () => ({ type: "text/xml", body });
};
const asked = async (body: string, at = NOON, zone = "") => {
  xml(body);
  return ask(feed(zone), at);
};
type Curve = Extract<InputFact, { kind: "price-curve" }>;
const curveOf = async (body: string, at = NOON, zone = "") => {
  const { facts, failures } = await asked(body, at, zone);
  expect(failures).toEqual([]);
  return facts[0] as Curve;
};
/** EUR/MWh at a time; undefined outside of it. */
const eurAt = (curve: Curve, at: string) => {
  const series = { kind: "within", curve, otherwise: { kind: "flat", value: Number.NaN } } as const;
  const usd = valueAt(series, seconds(at));
  return Number.isNaN(usd) ? undefined : Math.round((usd * 1000 * 100) / 1.1) / 100;
};

interface Sketch {
  readonly start: string;
  readonly end: string;
  readonly resolution?: string;
  readonly points: Readonly<Record<number, number | string>>;
  readonly curveType?: string;
  readonly currency?: string;
  readonly sequence?: number;
}
const series = ({
  curveType = "A03",
  currency = "EUR",
  end,
  points,
  resolution = "PT15M",
  sequence,
  start,
}: Sketch) => `
<TimeSeries>
  ${sequence === undefined ? "" : `<classificationSequence_AttributeInstanceComponent.position>${sequence}</classificationSequence_AttributeInstanceComponent.position>`}
  <currency_Unit.name>${currency}</currency_Unit.name>
  <price_Measure_Unit.name>MWH</price_Measure_Unit.name>
  <curveType>${curveType}</curveType>
  <Period>
    <timeInterval><start>${start}</start><end>${end}</end></timeInterval>
    <resolution>${resolution}</resolution>
    ${Object.entries(points)
      .map(([at, price]) => `<Point><position>${at}</position><price.amount>${price}</price.amount></Point>`)
      .join("")}
  </Period>
</TimeSeries>`;
const document = (...sketches: readonly Sketch[]) =>
  `<Publication_MarketDocument>${sketches.map(series).join("")}</Publication_MarketDocument>`;
const HOUR = { start: "2026-03-10T12:00Z", end: "2026-03-10T13:00Z" };
/** 1 to n, one more each. */
const counting = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [i + 1, i + 1]));

describe("an answer", () => {
  test("of two days, with omitted positions and two resolutions, is one curve to the end of tomorrow", async () => {
    const curve = await curveOf(fixture("entsoe-two-days.xml"));
    const at = (time: string) => eurAt(curve, `2026-03-${time}:00Z`);
    // Hours, of which the 9th to the 12th repeat; the finest counts where both speak; tomorrow in two halves.
    expect(["09T22:59", "09T23:00", "10T06:59", "10T07:00", "10T10:59", "10T11:00"].map(at)).toEqual([
      ...[undefined, 80, 80, 120, 120, -10],
    ]);
    expect(["10T14:59", "10T15:00", "10T15:29", "10T15:30", "10T16:00"].map(at)).toEqual([
      100, 90, 90, 110, 100,
    ]);
    expect(["10T22:59", "10T23:00", "11T10:59", "11T11:00", "11T22:59", "11T23:00"].map(at)).toEqual([
      ...[100, 70, 70, 20, 20, undefined],
    ]);
    expect(curve).toMatchObject({ region: "north", source: "day-ahead", observedAtSeconds: seconds(NOON) });
  });

  test("is asked for by whole days of UTC, for the zone, with the token", async () => {
    await asked(fixture("entsoe-no-data.xml"));
    const { pathname, searchParams } = new URL(source.asked.at(-1)!, source.url);
    expect([pathname, Object.fromEntries(searchParams)]).toEqual([
      "/api",
      {
        ...{ documentType: "A44", in_Domain: "10YXX-INVENTED-1", out_Domain: "10YXX-INVENTED-1" },
        ...{ periodStart: "202603100000", periodEnd: "202603120000", securityToken: "s3cret-t0ken" },
      },
    ]);
  });

  test("that says no data does so with status 200, and is no price", async () => {
    expect(await asked(fixture("entsoe-no-data.xml"))).toMatchObject({
      facts: [],
      failures: [{ code: "no-data", about: "north" }],
    });
  });

  test("with another reason is a refusal with its text", async () => {
    const body = fixture("entsoe-no-data.xml").replace(
      /<text>.*<\/text>/,
      "<text>Invalid token given.</text>",
    );
    expect(await asked(body)).toMatchObject({
      failures: [{ code: "refused", message: "Invalid token given." }],
    });
    source.answer = () => ({ status: 400, type: "application/xml", body });
    expect(await ask(feed(), NOON)).toMatchObject({ failures: [{ code: "refused" }] });
  });
});

describe("days on which clocks change", () => {
  test("the short one has 92 quarters", async () => {
    const day = { start: "2026-03-28T23:00Z", end: "2026-03-29T22:00Z", points: counting(92) };
    const curve = await curveOf(document(day), "2026-03-29T10:00:00Z");
    expect(curve.values).toHaveLength(92);
    expect(curve.untilSeconds - curve.fromSeconds[0]!).toBe(23 * 3600);
    expect(
      ["2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z", "2026-03-29T21:59:00Z"].map((at) => eurAt(curve, at)),
    ).toEqual([8, 9, 92]);
  });

  test("the long one has 100", async () => {
    const day = { start: "2026-10-24T22:00Z", end: "2026-10-25T23:00Z", points: counting(100) };
    const curve = await curveOf(document(day), "2026-10-25T10:00:00Z");
    expect(curve.values).toHaveLength(100);
    expect(curve.untilSeconds - curve.fromSeconds[0]!).toBe(25 * 3600);
    expect(
      ["2026-10-25T00:59:00Z", "2026-10-25T01:00:00Z", "2026-10-25T22:59:00Z"].map((at) => eurAt(curve, at)),
    ).toEqual([12, 13, 100]);
  });

  test("a day of 96 on the short one is no sound period", async () => {
    const day = { start: "2026-03-28T23:00Z", end: "2026-03-29T22:00Z", points: counting(96) };
    expect(await asked(document(day), "2026-03-29T10:00:00Z")).toMatchObject({
      failures: [{ code: "bad-answer" }],
    });
  });
});

describe("points", () => {
  const quarters = (points: Sketch["points"], more: Partial<Sketch> = {}) =>
    document({ ...HOUR, points, ...more });
  const eurs = (curve: Curve) =>
    [0, 15, 30, 45].map((minute) => eurAt(curve, `2026-03-10T12:${`${minute}`.padStart(2, "0")}:00Z`));

  test("that are left out repeat the one before in a curve of type A03, and are a gap in one of A01", async () => {
    expect(eurs(await curveOf(quarters({ 1: 10, 4: 40 })))).toEqual([10, 10, 10, 40]);
    expect(eurs(await curveOf(quarters({ 1: 10, 4: 40 }, { curveType: "A01" })))).toEqual([
      ...[10, undefined, undefined, undefined],
    ]);
  });

  test("may be in any order, negative and zero; equal neighbours are one step", async () => {
    const curve = await curveOf(
      document({ ...HOUR, points: {} }).replace(
        "</resolution>",
        `</resolution>${[3, 1, 2].map((at) => `<Point><position>${at}</position><price.amount>${at === 1 ? 0 : -5.5}</price.amount></Point>`).join("")}`,
      ),
    );
    expect(eurs(curve)).toEqual([0, -5.5, -5.5, -5.5]);
    expect(curve.values).toHaveLength(2);
  });

  test.each<[string, Sketch["points"], Partial<Sketch>]>([
    ["beyond the period", { 1: 1, 5: 5 }, {}],
    ["that are no numbers", { 1: "n/a" }, {}],
    ["of no known resolution", { 1: 1 }, { resolution: "P1Y" }],
    ["of a period that runs backwards", { 1: 1 }, { end: "2026-03-10T11:00Z" }],
    ["of a period without a zone", { 1: 1 }, { start: "2026-03-10T12:00" }],
  ])("%s make a bad answer", async (_, points, more) => {
    expect(await asked(quarters(points, more))).toMatchObject({
      facts: [],
      failures: [{ code: "bad-answer" }],
    });
  });

  test("in a currency without a rate are no prices", async () => {
    expect(await asked(quarters({ 1: 1 }, { currency: "PLN" }))).toMatchObject({
      failures: [{ code: "no-rate" }],
    });
  });

  test("of the past alone are no data", async () => {
    expect(await asked(quarters({ 1: 1 }), "2026-03-10T13:00:00Z")).toMatchObject({
      failures: [{ code: "no-data" }],
    });
  });

  test("of two auctions are taken of the one that is named, and of none where none is", async () => {
    const body = document(
      { ...HOUR, points: { 1: 10 }, sequence: 1 },
      { ...HOUR, points: { 1: 20 }, sequence: 2 },
    );
    expect(await asked(body)).toMatchObject({
      failures: [{ code: "bad-answer", hint: "say which with sequence:" }],
    });
    expect(eurs(await curveOf(body, NOON, ", sequence: 2"))).toEqual([20, 20, 20, 20]);
  });
});

describe("XML that is none", () => {
  const bomb = `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Publication_MarketDocument>&b;</Publication_MarketDocument>`;
  test.each([
    ["cut off", fixture("entsoe-two-days.xml").slice(0, 2000)],
    ["an entity bomb", bomb],
    ["an entity of its own", "<Publication_MarketDocument>&what;</Publication_MarketDocument>"],
    ["an external entity", `<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`],
    ["a page", "<html><body><p>Maintenance<br></body></html>"],
    ["nothing", ""],
    ["of a depth of 100,000", "<a>".repeat(100_000)],
    ["another document", "<GL_MarketDocument/>"],
  ])("%s is a bad answer", async (_, body) => {
    expect(await asked(body)).toMatchObject({ facts: [], failures: [{ code: "bad-answer" }] });
  });
});
