// Prices and carbon intensities of regions: a number, steps, or a column of a CSV file. All files of a scenario are put on
// one clock: second 0 is `startAt`, which may be said once or everywhere alike, or else the first hour that all have.
// For a service they stand where they were published, in seconds since 1970.
import { flat, type Series } from "../fleet/series.ts";
import type { CsvSeriesInput } from "./dynamics.ts";
import { type HourlySeries, hourlySeries } from "./import/hourly.ts";
import type { Imported } from "./import/imported.ts";
import { formatUtc, parseInstant } from "./import/utc.ts";
import type { Reading } from "./reading.ts";
import type { RegionInput } from "./schema.ts";
import { type FieldPath, fieldName } from "./source.ts";

const QUANTITIES = { priceUsdPerKwh: "price", carbonGramsPerKwh: "carbon" } as const;
type Field = keyof typeof QUANTITIES;
type SeriesInput = NonNullable<RegionInput[Field]>;

interface Found {
  readonly input: CsvSeriesInput;
  readonly path: FieldPath;
  readonly series: HourlySeries;
}

/** Reads every file that regions name; complains into the reading. */
export function regionSeries(
  regions: readonly RegionInput[],
  reading: Reading,
): (input: SeriesInput) => Series {
  const known = new Map<string, Imported<HourlySeries>>();
  const found = regions.flatMap((region, i) =>
    (Object.keys(QUANTITIES) as Field[]).flatMap((field): Found[] => {
      const input = region[field];
      if (!isCsv(input)) return [];
      const path = ["regions", i, field];
      const series = readSeries(input, field, path, known, reading);
      return series ? [{ input, path, series }] : [];
    }),
  );
  const zeroSeconds =
    reading.purpose === "service" ? publishedClock(found, reading) : secondZero(found, reading);
  const placed = new Map(
    found.map(({ input, series: { startSeconds, stepSeconds, values } }): [SeriesInput, Series] => [
      input,
      { kind: "series", startSeconds: startSeconds - zeroSeconds, stepSeconds, values },
    ]),
  );
  return (input) => {
    if (typeof input === "number") return flat(input);
    // What could not be read has been complained about.
    if (isCsv(input)) return placed.get(input) ?? flat(0);
    const { startSeconds, stepSeconds } = input;
    const values = "pricesUsdPerKwh" in input ? input.pricesUsdPerKwh : input.carbonGramsPerKwh;
    return { kind: "series", startSeconds, stepSeconds, values };
  };
}

function isCsv(input: SeriesInput | undefined): input is CsvSeriesInput {
  return typeof input === "object" && "csv" in input;
}

function readSeries(
  { csv, column }: CsvSeriesInput,
  field: Field,
  path: FieldPath,
  known: Map<string, Imported<HourlySeries>>,
  reading: Reading,
): HourlySeries | undefined {
  const file = reading.open(csv, [...path, "csv"]);
  if (!file) return undefined;
  const quantity = QUANTITIES[field];
  const key = JSON.stringify([csv, column, quantity]);
  const before = known.get(key);
  const result = before ?? hourlySeries(file.text, file.file, { quantity, column });
  known.set(key, result);
  if (!result.ok) {
    if (!before) reading.diagnostics.push(...result.diagnostics);
    return undefined;
  }
  if (!before) reading.warnings.push(...result.warnings);
  return result.value;
}

/** Since 1970. */
function secondZero(found: readonly Found[], { diagnostics, source }: Reading): number {
  let chosen: { readonly seconds: number; readonly path: FieldPath } | undefined;
  for (const { input, path } of found) {
    if (input.startAt === undefined) continue;
    const seconds = parseInstant(input.startAt)?.seconds;
    const complain = (message: string, hint: string) =>
      diagnostics.push(source.diagnostic([...path, "startAt"], "invalid-field", message, hint));
    if (seconds === undefined)
      complain(`"${input.startAt}" is not a date and time`, 'write it as "2024-03-01 06:00"');
    else if (chosen && seconds !== chosen.seconds) {
      const message = `second 0 is ${formatUtc(seconds)} UTC here and ${formatUtc(chosen.seconds)} UTC in ${fieldName(chosen.path)}`;
      complain(message, "a simulation has one clock: write the same instant everywhere, or only once");
    } else chosen ??= { seconds, path };
  }
  const firstCommon = Math.max(...found.map(({ series }) => series.startSeconds), Number.NEGATIVE_INFINITY);
  const zero = chosen?.seconds ?? firstCommon;
  for (const { input, path, series } of found) {
    const endSeconds = endOf(series);
    if (series.startSeconds <= zero && zero < endSeconds) continue;
    const message = `${series.column} has ${spanOf(series)}; second 0 is ${formatUtc(zero)} UTC`;
    const hint = "choose a startAt inside of what every series has";
    const field = input.startAt === undefined ? "csv" : "startAt";
    diagnostics.push(source.diagnostic([...path, field], "series-window", message, hint));
  }
  return zero;
}

function publishedClock(found: readonly Found[], { simulationOnly, source, warnings }: Reading): number {
  for (const { input, path, series } of found) {
    if (input.startAt !== undefined) simulationOnly.push(fieldName([...path, "startAt"]));
    const message = `${series.column} has ${spanOf(series)}`;
    const hint = "before and after, the service counts with the nearest hour's value";
    warnings.push(source.diagnostic([...path, "csv"], "series-window", message, hint));
  }
  return 0;
}

function spanOf(series: HourlySeries): string {
  return `${formatUtc(series.startSeconds)} to ${formatUtc(endOf(series))} UTC`;
}

function endOf({ startSeconds, stepSeconds, values }: HourlySeries): number {
  return startSeconds + stepSeconds * values.length;
}
