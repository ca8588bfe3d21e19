// Carbon intensities and day-ahead prices from Electricity Maps (API v3), JSON. The latest figure is observed when the answer
// says; with `forecast`, what is to come is a curve, with the latest figure before it. An estimate counts as a figure: of many
// zones there is nothing else. A zone of which nothing is known answers with null.
import type { InputFact } from "@bace-pipe/core";
import type { Currencies, FeedSourceOf } from "@bace-pipe/core/spec";
import { curveOf, type Point } from "./curve.ts";
import { askEach, type Feed, failed, type Got, got } from "./feed.ts";
import { fetchText } from "./http.ts";
import { type FeedContext, jsonOf, tokenOf, valueAtPath } from "./place.ts";
import { factorOf, instantOf } from "./units.ts";

type Source = FeedSourceOf<"electricity-maps">;

const PATHS = {
  carbon: { path: "carbon-intensity", value: "carbonIntensity", curve: "carbon-curve" },
  price: { path: "price-day-ahead", value: "value", curve: "price-curve" },
} as const;

interface Asked {
  readonly region: string;
  readonly zone: string;
  readonly figure: keyof typeof PATHS;
  readonly of: "latest" | "forecast";
}

export function electricityMapsFeed(source: Source, currencies: Currencies, context: FeedContext): Feed {
  const { everySeconds, maxBytes, name, timeoutSeconds, url: base, zones } = source;
  const questions = zones.flatMap(({ figures, forecast, region, zone }) =>
    figures.flatMap((figure): Asked[] =>
      (forecast ? (["latest", "forecast"] as const) : (["latest"] as const)).map((of) => ({
        ...{ region, zone, figure, of },
      })),
    ),
  );
  return {
    ...{ name, everySeconds },
    async ask(nowSeconds, signal) {
      const token = tokenOf(source.token, name, context);
      if (!token.ok) return { facts: [], failures: [token.failure] };
      return askEach(questions, async (question) => {
        const { figure, of, region, zone } = question;
        const url = `${base.replace(/\/$/, "")}/${PATHS[figure].path}/${of}?zone=${encodeURIComponent(zone)}`;
        const headers = { "auth-token": token.value };
        const asked = { url, headers, type: "json", about: region, maxBytes, timeoutSeconds } as const;
        const fetched = await fetchText(asked, signal, nowSeconds);
        if (!fetched.ok) return fetched;
        const parsed = jsonOf(fetched.value, region);
        if (!parsed.ok) return parsed;
        return factsOf(parsed.value, question, { name, currencies, nowSeconds });
      });
    },
  };
}

interface Read {
  readonly name: string;
  readonly currencies: Currencies;
  readonly nowSeconds: number;
}

function factsOf(
  answer: unknown,
  asked: Asked,
  { currencies, name, nowSeconds }: Read,
): Got<readonly InputFact[]> {
  const { figure, of, region, zone } = asked;
  const { curve: curveKind, value: field } = PATHS[figure];
  const said = valueAtPath(answer, "zone");
  if (said !== zone)
    return failed("bad-answer", region, `it is not of zone ${zone}`, "has the format changed? report it");
  const unit = figure === "carbon" ? "gCO2/kWh" : valueAtPath(answer, "unit");
  const factor = factorOf(typeof unit === "string" ? unit : "", currencies, region);
  if (!factor.ok) return factor;
  const read = (row: unknown) => {
    const value = valueAtPath(row, field);
    const fromSeconds = instantOf(valueAtPath(row, "datetime"));
    const isNumber = typeof value === "number" && Number.isFinite(value);
    return isNumber && fromSeconds !== undefined ? { value: value * factor.value, fromSeconds } : undefined;
  };
  const none = failed("no-data", region, `nothing is known of ${zone}`, "it is asked again later");
  if (of === "latest") {
    const latest = read(answer);
    if (!latest) return none;
    const from = { region, source: name, observedAtSeconds: latest.fromSeconds };
    return got([
      figure === "carbon"
        ? { kind: "carbon-changed", ...from, carbonGramsPerKwh: latest.value }
        : { kind: "price-changed", ...from, priceUsdPerKwh: latest.value },
    ]);
  }
  const rows = valueAtPath(answer, "forecast") ?? valueAtPath(answer, "data");
  const known = Array.isArray(rows) ? rows.map(read) : [];
  const curve = curveOf(pointsOf(known), nowSeconds);
  if (!curve) return none;
  return got([{ kind: curveKind, region, source: name, observedAtSeconds: nowSeconds, ...curve }]);
}

/** Each until the next, and the last as long as the shortest: the answer does not say how long a step is. */
function pointsOf(
  rows: readonly ({ readonly value: number; readonly fromSeconds: number } | undefined)[],
): Point[] {
  const known = rows.flatMap((row) => (row ? [row] : [])).toSorted((a, b) => a.fromSeconds - b.fromSeconds);
  const steps = known.slice(1).map(({ fromSeconds }, i) => fromSeconds - known[i]!.fromSeconds);
  const step = steps.reduce((least, seconds) => (seconds > 0 ? Math.min(least, seconds) : least), 3600);
  return known.map((row) => ({ ...row, untilSeconds: row.fromSeconds + step }));
}
