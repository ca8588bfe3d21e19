// Prices and carbon intensities out of any JSON or CSV, by a mapping: which rows, which column or path, which unit. A figure
// is the latest row's, observed when the row says, or else when the file was written; or, with the length of a step, all
// rows together are a curve. What a source writes where it has nothing is left out: `missing`, null, empty, and no numbers.
import type { InputFact } from "@bace-pipe/core";
import { type Currencies, type FeedSourceOf, readCsv } from "@bace-pipe/core/spec";
import { curveOf } from "./curve.ts";
import { askEach, type Feed, failed, type Got, got } from "./feed.ts";
import { type FeedContext, jsonOf, textAt, tokenOf, valueAtPath, wordOf } from "./place.ts";
import { factorOf, instantOf } from "./units.ts";

type Source = FeedSourceOf<"generic">;
type Figure = Source["figures"][number];
/** A row's value by path or column. */
type Row = (path: string) => unknown;

export function genericFeed(source: Source, currencies: Currencies, context: FeedContext): Feed {
  const { everySeconds, name } = source;
  return {
    ...{ name, everySeconds },
    async ask(nowSeconds, signal) {
      const headers = headersOf(source, context);
      if (!headers.ok) return { facts: [], failures: [headers.failure] };
      const at = { context, nowSeconds, signal };
      const found = await textAt(source, source.format, name, headers.value, at);
      if (!found.ok) return { facts: [], failures: [found.failure] };
      const rows = rowsOf(source, found.value.text);
      if (!rows.ok) return { facts: [], failures: [rows.failure] };
      return askEach(source.figures, async (figure) =>
        factsOf(figure, rows.value, {
          source,
          currencies,
          nowSeconds,
          writtenSeconds: found.value.writtenSeconds,
        }),
      );
    },
  };
}

function headersOf({ header, name, token }: Source, context: FeedContext): Got<Record<string, string>> {
  if (!token) return got({});
  const secret = tokenOf(token, name, context);
  if (!secret.ok) return secret;
  return got({
    [header]: header.toLowerCase() === "authorization" ? `Bearer ${secret.value}` : secret.value,
  });
}

function rowsOf({ format, name, rows: path }: Source, text: string): Got<readonly Row[]> {
  if (format === "csv") {
    const table = readCsv(text, name);
    if (!table.ok) {
      const { line, message } = table.diagnostics[0]!;
      return failed("bad-answer", name, `line ${line}: ${message}`, "is it CSV with commas and a header?");
    }
    const { columns, rows } = table.value;
    return got(rows.map((row) => (column) => (columns.includes(column) ? row.get(column) : undefined)));
  }
  const parsed = jsonOf(text, name);
  if (!parsed.ok) return parsed;
  const list = path === undefined ? [parsed.value] : valueAtPath(parsed.value, path);
  if (!Array.isArray(list)) return failed("bad-answer", name, `there is no list at ${path}`, "correct rows:");
  return got(
    list.map(
      (row: unknown): Row =>
        (each) =>
          valueAtPath(row, each),
    ),
  );
}

interface Read {
  readonly source: Source;
  readonly currencies: Currencies;
  readonly nowSeconds: number;
  readonly writtenSeconds: number;
}

function factsOf(figure: Figure, rows: readonly Row[], read: Read): Got<readonly InputFact[]> {
  const { region, stepSeconds, time, unit, value: path, where } = figure;
  const { currencies, nowSeconds, source, writtenSeconds } = read;
  const own = rows.filter((row) =>
    Object.entries(where).every(([each, wanted]) => wordOf(row(each)) === `${wanted}`),
  );
  const factor = factorOf(unit, currencies, region);
  if (!factor.ok) return factor;
  const told = own.flatMap((row) => {
    const value = numberOf(row(path), source.missing);
    const fromSeconds = time === undefined ? writtenSeconds : instantOf(row(time));
    return value === undefined || fromSeconds === undefined
      ? []
      : [{ value: value * factor.value, fromSeconds }];
  });
  if (told.length === 0) {
    const message = `none of ${own.length} rows has a number at "${path}"${time === undefined ? "" : ` and a time with its zone at "${time}"`}`;
    return failed("no-data", region, message, "look at value:, time:, where: and missing:");
  }
  const from = { region, source: source.name };
  if (stepSeconds !== undefined) {
    const points = told.map((each) => ({ ...each, untilSeconds: each.fromSeconds + stepSeconds }));
    const curve = curveOf(points, nowSeconds);
    if (!curve)
      return failed("no-data", region, "what it has is all of the past", "is it brought up to date?");
    const kind = figure.figure === "price" ? "price-curve" : "carbon-curve";
    return got([{ kind, ...from, observedAtSeconds: nowSeconds, ...curve }]);
  }
  const past = told.filter(({ fromSeconds }) => fromSeconds <= nowSeconds);
  const last = past.toSorted((a, b) => a.fromSeconds - b.fromSeconds).at(-1);
  if (!last)
    return failed("no-data", region, "what it has is all of the future", "give stepSeconds if it is a curve");
  const observed = { ...from, observedAtSeconds: last.fromSeconds };
  return got([
    figure.figure === "price"
      ? { kind: "price-changed", ...observed, priceUsdPerKwh: last.value }
      : { kind: "carbon-changed", ...observed, carbonGramsPerKwh: last.value },
  ]);
}

function numberOf(found: unknown, missing: Source["missing"]): number | undefined {
  const word = wordOf(found).trim();
  if (typeof found === "boolean" || !/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(word)) return undefined;
  const value = Number(word);
  const isMissing = missing.some((each) =>
    typeof each === "number" ? each === value : each.trim() === word,
  );
  return Number.isFinite(value) && !isMissing ? value : undefined;
}
