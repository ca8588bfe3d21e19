// The data that the repository ships for experiments on realistic networks and markets (scenarios/data): zones with a
// series each, one CSV column per zone; regions with the zones that stand for them; measured links between regions.
import { type CsvRow, readCsv } from "../csv.ts";
import { type Diagnostic, nameHint } from "../diagnostic.ts";
import { type HourlySeries, seriesOfColumn, timeColumn, unitOfColumn } from "./hourly.ts";
import { counted, type Imported, imported, type NamedText, numberCell, refused } from "./imported.ts";
import type { MeasuredLink } from "./skyplane.ts";

export interface WanRegion {
  readonly name: string;
  /** Where the network was measured, as provider:region. */
  readonly measuredAs: string;
  /** Zone of the prices; absent where none is near. */
  readonly priceZone?: string;
  readonly carbonZone?: string;
  readonly latitude: number;
  readonly longitude: number;
  /** What is assumed of the region, such as a zone that stands in for its own; empty where nothing is. */
  readonly note: string;
}

/** Links are between regions by name, each direction its own. */
export type WanLink = Omit<MeasuredLink, "measurements">;

export interface Wan {
  readonly regions: readonly WanRegion[];
  readonly links: readonly WanLink[];
}

const REGION_COLUMNS = [
  "region",
  "measured_as",
  "price_zone",
  "carbon_zone",
  "latitude",
  "longitude",
  "note",
];
const LINK_COLUMNS = ["from", "to", "vm_pair_mbit_per_s", "round_trip_ms", "egress_usd_per_gb"];

const UNIT_HINT = "name value columns <zone>_usd_per_mwh or <zone>_gco2_per_kwh";

/** Series by zone: of every column `<zone>_<unit>`, such as `DE-LU_usd_per_mwh`. */
export function zoneSeries({
  text,
  file,
}: NamedText): Imported<{ readonly zones: ReadonlyMap<string, HourlySeries> }> {
  const table = readCsv(text, file);
  if (!table.ok) return table;
  const { columns, header, rows } = table.value;
  const time = timeColumn(table.value);
  if (typeof time !== "string") return refused([time]);
  const zones = new Map<string, HourlySeries>();
  const warnings: Diagnostic[] = [];
  for (const column of columns) {
    if (!unitOfColumn(column)) {
      if (column === time) continue;
      const message = `column "${column}" of ${counted(rows.length, "row")} is not read: its name says no unit`;
      warnings.push(header.diagnostic(column, "csv-column", message, UNIT_HINT));
      continue;
    }
    const zone = column.replace(/_(?:usd|k?g)[^-]*$/i, "");
    const series = seriesOfColumn(table.value, column);
    if (!series.ok) return series;
    if (zones.has(zone)) {
      const message = `zone "${zone}" is there twice`;
      return refused([header.diagnostic(column, "duplicate-name", message, "keep one column of it")]);
    }
    zones.set(zone, series.value);
    warnings.push(...series.warnings);
  }
  if (zones.size > 0) return imported({ zones }, warnings);
  return refused([header.diagnostic(columns[0]!, "csv-column", "no column's name says its unit", UNIT_HINT)]);
}

export function measuredWan(files: {
  readonly regions: NamedText;
  readonly links: NamedText;
}): Imported<Wan> {
  const regionTable = readCsv(files.regions.text, files.regions.file, REGION_COLUMNS);
  if (!regionTable.ok) return regionTable;
  const linkTable = readCsv(files.links.text, files.links.file, LINK_COLUMNS);
  if (!linkTable.ok) return linkTable;
  const problems: Diagnostic[] = [];
  const regions = regionTable.value.rows.map((row) => regionOf(row, problems));
  const names = regions.map(({ name }) => name);
  const links = linkTable.value.rows.map((row) => linkOf(row, names, problems));
  const twice = (row: CsvRow, column: string, what: string) =>
    problems.push(row.diagnostic(column, "duplicate-name", `${what} is there twice`, "keep one of them"));
  regionTable.value.rows.forEach((row, i) => {
    if (names.indexOf(names[i]!) < i) twice(row, "region", `region "${names[i]}"`);
  });
  const seen = new Set<string>();
  linkTable.value.rows.forEach((row) => {
    const pair = `${row.get("from")} → ${row.get("to")}`;
    if (seen.has(pair)) twice(row, "from", `link ${pair}`);
    seen.add(pair);
  });
  return problems.length > 0 ? refused(problems) : imported({ regions, links });
}

function regionOf(row: CsvRow, problems: Diagnostic[]): WanRegion {
  const [priceZone, carbonZone] = [row.get("price_zone"), row.get("carbon_zone")];
  return {
    name: row.get("region"),
    measuredAs: row.get("measured_as"),
    ...(priceZone === "" ? {} : { priceZone }),
    ...(carbonZone === "" ? {} : { carbonZone }),
    latitude: numberCell(row, "latitude", problems),
    longitude: numberCell(row, "longitude", problems),
    note: row.get("note"),
  };
}

function linkOf(row: CsvRow, names: readonly string[], problems: Diagnostic[]): WanLink {
  for (const end of ["from", "to"]) {
    const name = row.get(end);
    if (names.includes(name)) continue;
    const message = `"${name}" is not a region of the other file`;
    problems.push(row.diagnostic(end, "unknown-region", message, nameHint(name, names)));
  }
  const positive = (column: string) => {
    const value = numberCell(row, column, problems);
    if (value < 0 || (value === 0 && column !== "egress_usd_per_gb")) {
      problems.push(row.diagnostic(column, "csv-value", `${value} is too little`, "correct it"));
    }
    return value;
  };
  return {
    from: row.get("from"),
    to: row.get("to"),
    vmPairBitsPerSecond: positive("vm_pair_mbit_per_s") * 1e6,
    roundTripSeconds: positive("round_trip_ms") / 1000,
    egressUsdPerGb: positive("egress_usd_per_gb"),
  };
}
