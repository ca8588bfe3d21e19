// Hourly series of electricity prices and carbon intensity, as market operators, Electricity Maps and others publish
// them: a column of instants, a column of values whose name says the unit. Hours come in any order. Local times need an
// offset from UTC, which settles the changes to and from summer time; without one only a column named UTC is believed.
// Left out: other currencies, steps other than an hour.
import { type CsvRow, type CsvTable, readCsv } from "../csv.ts";
import { type Diagnostic, nameHint } from "../diagnostic.ts";
import { counted, decimalOf, type Imported, imported, refused } from "./imported.ts";
import { formatUtc, parseInstant } from "./utc.ts";

const HOUR = 3600;

export type SeriesQuantity = "price" | "carbon";

/** Without holes. Prices in USD per kWh (they may be negative), carbon intensity in grams of CO2 equivalent per kWh. */
export interface HourlySeries {
  readonly quantity: SeriesQuantity;
  /** Name of the value column. */
  readonly column: string;
  /** Of the first value, since 1970-01-01 00:00 UTC. */
  readonly startSeconds: number;
  readonly stepSeconds: 3600;
  readonly values: readonly number[];
}

export interface SeriesOptions {
  /** What is expected; either where absent. */
  readonly quantity?: SeriesQuantity | undefined;
  /** Value column, where a file has several. */
  readonly column?: string | undefined;
  /** Longest gap that is filled with the value before it; 3 where absent. */
  readonly mostHoursFilled?: number | undefined;
}

const UNITS: readonly {
  readonly quantity: SeriesQuantity;
  readonly pattern: RegExp;
  readonly factor: number;
}[] = [
  { quantity: "price", pattern: /(?:^|_)usd_(?:per_)?mwh(?:_|$)/, factor: 1e-3 },
  { quantity: "price", pattern: /(?:^|_)usd_(?:per_)?kwh(?:_|$)/, factor: 1 },
  { quantity: "carbon", pattern: /(?:^|_)g(?:rams)?_?co2(?:eq|e)?_(?:per_)?kwh(?:_|$)/, factor: 1 },
  { quantity: "carbon", pattern: /(?:^|_)kg_?co2(?:eq|e)?_(?:per_)?mwh(?:_|$)/, factor: 1 },
];

/** What a column's name says of its values, and the name without the unit. */
export function unitOfColumn(name: string) {
  const plain = name
    .toLowerCase()
    .replaceAll("₂", "2")
    .replaceAll(/[^a-z0-9]+/g, "_");
  return UNITS.find(({ pattern }) => pattern.test(plain));
}

export function hourlySeries(
  text: string,
  file: string,
  options: SeriesOptions = {},
): Imported<HourlySeries> {
  const table = readCsv(text, file);
  if (!table.ok) return table;
  const column = valueColumn(table.value, options);
  return typeof column === "string" ? seriesOfColumn(table.value, column, options) : refused([column]);
}

/** One column of a table that may have several of them. */
export function seriesOfColumn(
  table: CsvTable,
  column: string,
  { mostHoursFilled = 3 }: SeriesOptions = {},
): Imported<HourlySeries> {
  const time = timeColumn(table);
  if (typeof time !== "string") return refused([time]);
  const { quantity, factor } = unitOfColumn(column)!;
  const problems: Diagnostic[] = [];
  const hours = table.rows.map((row): Hour => {
    const seconds = hourOf(row, time, problems);
    const cell = row.get(column).trim();
    const empty = cell === "" || /^(?:nan|na|n\/a|null|-)$/i.test(cell);
    const value = empty ? undefined : decimalOf(cell);
    if (value === undefined && !empty) {
      const hint = "write digits and a decimal point only; leave the field empty where there is no value";
      problems.push(row.diagnostic(column, "csv-value", `"${cell}" is not a number`, hint));
    }
    return { row, seconds, value };
  });
  if (problems.length > 0) return refused(problems);
  const place = { time, column, mostHoursFilled };
  const { values, startSeconds, warnings } = withoutHoles(hours, place, problems);
  if (values.length === 0) {
    const hint = "it needs at least one hour with a value";
    problems.push(table.header.diagnostic(column, "series-gap", `column "${column}" has no values`, hint));
  }
  if (problems.length > 0) return refused(problems);
  const converted = values.map((value) => value * factor);
  return imported({ quantity, column, startSeconds, stepSeconds: HOUR, values: converted }, warnings);
}

interface Hour {
  readonly row: CsvRow;
  readonly seconds: number;
  readonly value: number | undefined;
}

interface Place {
  readonly time: string;
  readonly column: string;
  readonly mostHoursFilled: number;
}

/** Values in order of time, each hour once. Short gaps take the value before them; an hour without a value is a gap. */
function withoutHoles(hours: readonly Hour[], place: Place, problems: Diagnostic[]) {
  const { time, column, mostHoursFilled } = place;
  const warnings: Diagnostic[] = [];
  const known = hours.filter((hour): hour is Hour & { value: number } => hour.value !== undefined);
  known.sort((a, b) => a.seconds - b.seconds);
  const startSeconds = known[0]?.seconds ?? 0;
  const values: number[] = [];
  for (const { row, seconds, value } of known) {
    const missing = (seconds - startSeconds) / HOUR - values.length;
    const last = values.at(-1);
    if (missing < 0) {
      const same = last === value;
      const message = `${formatUtc(seconds)} UTC is there a second time, with ${same ? "the same value" : `${value} after ${last}`}`;
      const hint = same
        ? "kept once"
        : "keep one of the two; an hour twice in autumn means local time: write its offset from UTC";
      (same ? warnings : problems).push(row.diagnostic(time, "series-duplicate", message, hint));
      continue;
    }
    if (missing > 0) {
      const span = `${counted(missing, "hour")} before ${formatUtc(seconds)} UTC`;
      const small = missing <= mostHoursFilled;
      const message = `${span} ${missing === 1 ? "has" : "have"} no value`;
      const hint = small
        ? `filled with the value before, ${last}`
        : `gaps of up to ${counted(mostHoursFilled, "hour")} are filled; add the missing rows, or split the file here`;
      (small ? warnings : problems).push(row.diagnostic(column, "series-gap", message, hint));
      if (!small) return { values, startSeconds, warnings };
      for (let i = 0; i < missing; i++) values.push(last!);
    }
    values.push(value);
  }
  const endSeconds = startSeconds + values.length * HOUR;
  const outside = hours.filter(
    (hour) => hour.value === undefined && (hour.seconds < startSeconds || hour.seconds >= endSeconds),
  );
  if (outside.length > 0 && values.length > 0) {
    const message = `${counted(outside.length, "hour")} without a value before the first or after the last one`;
    warnings.push(outside[0]!.row.diagnostic(column, "series-gap", message, "the series goes without them"));
  }
  return { values, startSeconds, warnings };
}

function valueColumn(table: CsvTable, { column, quantity }: SeriesOptions): string | Diagnostic {
  const { columns, header } = table;
  const wanted = quantity ?? "price or carbon";
  const examples =
    "price_usd_per_mwh, price_usd_per_kwh or gco2_per_kwh (convert other currencies and units)";
  const fits = (name: string) => {
    const unit = unitOfColumn(name);
    return unit !== undefined && (quantity === undefined || unit.quantity === quantity);
  };
  if (column !== undefined) {
    if (!columns.includes(column)) {
      const message = `there is no column "${column}"`;
      return header.diagnostic(columns[0]!, "csv-column", message, nameHint(column, columns));
    }
    if (fits(column)) return column;
    const message = `the name of column "${column}" does not say a unit of ${wanted}`;
    return header.diagnostic(column, "csv-column", message, `rename it, such as ${examples}`);
  }
  const found = columns.filter(fits);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const message = `${found.length} columns hold ${wanted}: ${found.join(", ")}`;
    return header.diagnostic(found[1]!, "csv-column", message, "say which one is meant");
  }
  const message = `no column's name says a unit of ${wanted}`;
  return header.diagnostic(columns[0]!, "csv-column", message, `name the value column ${examples}`);
}

/** Name of the column of instants, or what is wrong. */
export function timeColumn({ columns, header }: CsvTable): string | Diagnostic {
  const found = columns.find((name) => /date|time|hour|utc/i.test(name) && !unitOfColumn(name));
  if (found !== undefined) return found;
  const hint = "name the column of instants datetime_utc";
  return header.diagnostic(columns[0]!, "csv-column", "no column's name says that it holds instants", hint);
}

/** Seconds since 1970 of a row's hour; complains and gives NaN where that cannot be known. */
function hourOf(row: CsvRow, column: string, problems: Diagnostic[]): number {
  const complain = (message: string, hint: string) => {
    problems.push(row.diagnostic(column, "csv-value", message, hint));
    return Number.NaN;
  };
  const text = row.get(column);
  const instant = parseInstant(text);
  if (!instant) return complain(`"${text}" is not a date and hour`, 'write it as "2024-03-31 01:00+00:00"');
  if (!instant.hasOffset && !/utc|gmt/i.test(column)) {
    const message = `"${text}" may be local time, which has an hour twice in autumn`;
    return complain(message, `add its offset from UTC, or name the column datetime_utc if it is UTC`);
  }
  if (instant.seconds % HOUR === 0) return instant.seconds;
  return complain(`"${text}" is not on the hour (UTC)`, "take means over hours first");
}
