// Measured training runs from CSV: what `bace calibrate` reads. The columns are those of published tables
// (model/efficiency/published-row.ts). Wrong cells are complaints; rows of a kind that the time model does not know, and
// what was taken for granted where a cell is empty, are warnings, one per reason and at the first row that it is about.
import {
  MEASURE_COLUMNS,
  type MeasuredRun,
  REQUIRED_COLUMNS,
  type RowColumn,
  readPublishedRow,
} from "../model/efficiency/index.ts";
import { type CsvRow, readCsv } from "./csv.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { counted, type Imported, imported, refused } from "./import/imported.ts";

interface Seen {
  readonly row: CsvRow;
  readonly column: string;
  count: number;
}

export function measuredRuns(text: string, file: string): Imported<readonly MeasuredRun[]> {
  const parsed = readCsv(text, file, REQUIRED_COLUMNS);
  if (!parsed.ok) return parsed;
  const { columns, header, rows } = parsed.value;
  const columnOf = (column: string) => (columns.includes(column) ? column : columns[0]!);
  if (!MEASURE_COLUMNS.some((column) => columns.includes(column))) {
    const message = "no column says how fast the runs were";
    const hint = `add one of ${MEASURE_COLUMNS.join(", ")}`;
    return refused([header.diagnostic(columns[0]!, "csv-column", message, hint)]);
  }
  const problems: Diagnostic[] = [];
  const leftOut = new Map<string, Seen>();
  const assumed = new Map<RowColumn, Seen>();
  const see = <Key extends string>(seen: Map<Key, Seen>, key: Key, row: CsvRow, column: string) => {
    const known = seen.get(key);
    if (known) known.count++;
    else seen.set(key, { row, column: columnOf(column), count: 1 });
  };
  const runs: MeasuredRun[] = [];
  for (const row of rows) {
    const read = readPublishedRow((column) => (columns.includes(column) ? row.get(column) : ""));
    switch (read.kind) {
      case "row":
        runs.push(read.row);
        for (const column of read.assumed) see(assumed, column, row, column);
        break;
      case "refused":
        see(leftOut, read.reason, row, read.column);
        break;
      case "wrong":
        problems.push(row.diagnostic(columnOf(read.column), "csv-value", read.message, read.hint));
    }
  }
  const reasons = [...leftOut].map(([reason, { row, column, count }]) => {
    const message = `${counted(count, "row")} left out, this the first: ${reason}`;
    return row.diagnostic(column, "rows-left-out", message, "calibrate by runs of another kind");
  });
  if (problems.length > 0) return refused(problems);
  if (runs.length === 0) {
    const empty = header.diagnostic(
      columns[0]!,
      "rows-left-out",
      "the file has no rows",
      "add measured runs",
    );
    return refused(reasons.length > 0 ? reasons : [empty]);
  }
  const guesses = [...assumed].map(([column, { row, column: place, count }]) => {
    const message = `${column} is empty in ${counted(count, "row")}, this the first: ${ASSUMED[column]}`;
    return row.diagnostic(place, "csv-value", message, "fill it in for a better fit");
  });
  return imported(runs, [...reasons, ...guesses]);
}

const ASSUMED: Readonly<Partial<Record<RowColumn, string>>> = {
  mbs: "micro-batches of 1 sequence are taken",
  ffn: "4 × hidden is taken",
  recompute: "no full recomputation is taken",
};
