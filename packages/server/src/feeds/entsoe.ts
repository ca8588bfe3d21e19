// Day-ahead prices of bidding zones from ENTSO-E's Transparency Platform: documents of type A44, XML, all times in UTC.
// What real answers do, and this heeds:
//
//   periods of 15, 30 and 60 minutes, in one answer too: where they overlap the finest counts;
//   positions that are left out of a curve of type A03 repeat the one before; in a curve of type A01 they are gaps;
//   days of 92 and of 100 quarters, where clocks change: the period's interval says how long it is, not the calendar;
//   "no data" with status 200: an acknowledgement with reason 999; other reasons are failures with their text;
//   several auctions of one zone: `sequence` says which. Which number is the coupled auction's has changed over the years
//   (github.com/EnergieID/entsoe-py, issues 422 and 518), so nobody guesses here.
//
// Prices may be negative. Left out: prices in other units than per MWh, and intraday auctions.
import type { InputFact } from "@bace-pipe/core";
import type { Currencies, FeedSourceOf } from "@bace-pipe/core/spec";
import { curveOf, type Point } from "./curve.ts";
import { askEach, type Feed, failed, type Got, got } from "./feed.ts";
import { fetchText } from "./http.ts";
import { type FeedContext, saidText, tokenOf } from "./place.ts";
import { factorOf, instantOf } from "./units.ts";
import { all, type Element, readXml, textOf } from "./xml.ts";

type Source = FeedSourceOf<"entsoe">;
type Zone = Source["zones"][number];

const DAY_SECONDS = 86_400;
const RESOLUTION_SECONDS: Readonly<Record<string, number>> = {
  PT15M: 900,
  PT30M: 1800,
  PT60M: 3600,
  PT1H: 3600,
};
/** Refused and unknown requests are acknowledged with these. */
const ACKNOWLEDGED = [400, 404];
const NO_DATA = "999";

export function entsoeFeed(source: Source, currencies: Currencies, context: FeedContext): Feed {
  const { everySeconds, maxBytes, name, timeoutSeconds, zones } = source;
  return {
    ...{ name, everySeconds },
    async ask(nowSeconds, signal) {
      const token = tokenOf(source.token, name, context);
      if (!token.ok) return { facts: [], failures: [token.failure] };
      return askEach(zones, async (zone) => {
        const url = requestUrl(source.url, zone, token.value, nowSeconds);
        const limits = { maxBytes, timeoutSeconds };
        const asked = {
          url,
          type: "xml",
          about: zone.region,
          alsoStatuses: ACKNOWLEDGED,
          ...limits,
        } as const;
        const fetched = await fetchText(asked, signal, nowSeconds);
        if (!fetched.ok) return fetched;
        return pricesOf(fetched.value, zone, { name, currencies, nowSeconds });
      });
    },
  };
}

/** Whole days: what is asked for in part comes whole or not at all. */
function requestUrl(url: string, { eic }: Zone, token: string, nowSeconds: number): string {
  const today = Math.floor(nowSeconds / DAY_SECONDS) * DAY_SECONDS;
  const query = new URLSearchParams({
    documentType: "A44",
    in_Domain: eic,
    out_Domain: eic,
    periodStart: minuteOf(today),
    periodEnd: minuteOf(today + 2 * DAY_SECONDS),
    securityToken: token,
  });
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}

/** "202603292200" */
function minuteOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/[-:T]/g, "").slice(0, 12);
}

interface Read {
  readonly name: string;
  readonly currencies: Currencies;
  readonly nowSeconds: number;
}

/** Of a whole answer, as a curve of USD per kWh. */
export function pricesOf(
  text: string,
  { region, sequence }: Zone,
  { currencies, name, nowSeconds }: Read,
): Got<readonly InputFact[]> {
  const bad = (message: string) => failed("bad-answer", region, message, "has the format changed? report it");
  const root = readXml(text);
  if (!root) return bad("it is not whole XML");
  if (root.name === "Acknowledgement_MarketDocument") return acknowledged(root, region);
  if (root.name !== "Publication_MarketDocument") return bad(`it is a ${root.name.slice(0, 60)}`);
  const series = all(root, "TimeSeries").filter(
    (each) => sequence === undefined || sequenceOf(each) === undefined || sequenceOf(each) === `${sequence}`,
  );
  const auctions = [...new Set(series.map(sequenceOf))].filter((each) => each !== undefined);
  if (auctions.length > 1)
    return failed("bad-answer", region, `it has auctions ${auctions.join(", ")}`, "say which with sequence:");
  const points: Point[] = [];
  for (const each of series) {
    const per = textOf(each, "price_Measure_Unit.name") ?? "MWH";
    if (per.toUpperCase() !== "MWH") return bad(`prices are per ${per.slice(0, 20)}`);
    const factor = factorOf(`${textOf(each, "currency_Unit.name") ?? "?"}/MWh`, currencies, region);
    if (!factor.ok) return factor;
    const repeats = textOf(each, "curveType") !== "A01";
    for (const period of all(each, "Period")) {
      const found = pointsOf(period, repeats, factor.value);
      if (!found) return bad("a period is not what it should be: its interval, resolution or points");
      points.push(...found);
    }
  }
  const curve = curveOf(points, nowSeconds);
  if (!curve) return failed("no-data", region, "it has no prices of now or later", "it is asked again later");
  return got([{ kind: "price-curve", region, source: name, observedAtSeconds: nowSeconds, ...curve }]);
}

function acknowledged(root: Element, region: string): Got<never> {
  const reasons = all(root, "Reason");
  const texts = reasons.slice(0, 5).map((reason) => saidText(textOf(reason, "text")));
  const isNoData = reasons.some((reason) => textOf(reason, "code") === NO_DATA);
  const isMistake = texts.some((each) =>
    /token|unauthori[sz]ed|invalid|not valid|does not exist/i.test(each),
  );
  if (isNoData && !isMistake)
    return failed("no-data", region, "there are no prices of these days", "it is asked again later");
  return failed(
    "refused",
    region,
    texts.join("; ") || "without a reason",
    "look at the zone's code and the token",
  );
}

function sequenceOf(series: Element): string | undefined {
  return textOf(series, "classificationSequence_AttributeInstanceComponent.position");
}

/** Undefined where it makes no sense. */
function pointsOf(period: Element, repeats: boolean, factor: number): readonly Point[] | undefined {
  const start = instantOf(textOf(period, "timeInterval", "start"));
  const end = instantOf(textOf(period, "timeInterval", "end"));
  const step = RESOLUTION_SECONDS[textOf(period, "resolution") ?? ""];
  if (start === undefined || end === undefined || step === undefined) return undefined;
  const count = (end - start) / step;
  if (!(Number.isInteger(count) && count > 0 && count <= 1000)) return undefined;
  const prices = new Map<number, number>();
  for (const point of all(period, "Point")) {
    const position = Number(textOf(point, "position"));
    const price = numberOf(textOf(point, "price.amount"));
    const isSound = Number.isInteger(position) && position >= 1 && position <= count && !prices.has(position);
    if (!isSound || price === undefined) return undefined;
    prices.set(position, price);
  }
  const points: Point[] = [];
  let last: number | undefined;
  for (let position = 1; position <= count; position++) {
    last = prices.get(position) ?? (repeats ? last : undefined);
    const fromSeconds = start + (position - 1) * step;
    if (last !== undefined)
      points.push({ fromSeconds, untilSeconds: fromSeconds + step, value: last * factor });
  }
  return points;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}
