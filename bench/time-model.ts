/**
 * The time model against a table of public training runs: `npx tsx bench/time-model.ts [rows.csv]`.
 *
 * Prints the terms fitted on all rows (those of DEFAULT_TERMS), then the absolute relative error of iteration time,
 * mean and 90th percentile in per cent, by source: in sample; with the source left out of the fit; and, left out so,
 * after calibration by one row per GPU type of it, over every choice of that row, or by all its rows but the predicted.
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import {
  DEFAULT_TERMS,
  fitDefaults,
  leaveOneSourceOut,
  type MeasuredRun,
  readPublishedRow,
  summarizeErrors,
  TERM_NAMES,
} from "../packages/core/src/model/efficiency/index.ts";
import { readCsv } from "../packages/core/src/spec/csv.ts";

const path = process.argv[2] ?? "../shared/data/models/published_throughput.csv";
const table = readCsv(readFileSync(path, "utf8"), basename(path));
if (!table.ok)
  throw new Error(table.diagnostics.map(({ line, message }) => `${line}: ${message}`).join("\n"));
const { columns } = table.value;

const rows: MeasuredRun[] = [];
const leftOut = new Map<string, number>();
const assumptions = new Map<string, number>();
const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
for (const row of table.value.rows) {
  const read = readPublishedRow((column) => (columns.includes(column) ? row.get(column) : ""));
  switch (read.kind) {
    case "row":
      rows.push(read.row);
      for (const column of read.assumed) count(assumptions, column);
      break;
    case "refused":
      count(leftOut, read.reason);
      break;
    case "wrong":
      count(leftOut, `line ${row.line}, ${read.column}: ${read.message}`);
  }
}

const print = (line: string) => process.stdout.write(`${line}\n`);
print(`${rows.length} of ${table.value.rows.length} rows`);
for (const [reason, times] of leftOut) print(`  left out ${times}: ${reason}`);
for (const [column, times] of assumptions) print(`  ${column} assumed in ${times}`);

print("\nterms fitted on all rows (shipped)");
const fitted = fitDefaults(rows);
for (const name of TERM_NAMES) {
  print(`  ${name.padEnd(24)}${fitted[name].toPrecision(3).padStart(10)} (${DEFAULT_TERMS[name]})`);
}

const figures = (errors: readonly number[]) => {
  if (errors.length === 0) return "     –      –";
  const { mean, p90 } = summarizeErrors(errors);
  return [mean, p90].map((share) => (100 * share).toFixed(1).padStart(6)).join(" ");
};
print(`\n${"error of iteration time, %".padEnd(28)}rows   in sample     left out      one row  all others`);
print(`${"".padEnd(28)}       mean    p90   mean    p90   mean    p90   mean    p90`);
const sources = leaveOneSourceOut(rows, DEFAULT_TERMS);
for (const { source, inSample, zeroRows, oneRow, otherRows } of sources) {
  const cells = [figures(inSample), figures(zeroRows), figures(oneRow), figures(otherRows)].join("  ");
  print(`${source.padEnd(28)}${String(inSample.length).padStart(4)}  ${cells}`);
}
type Way = "inSample" | "zeroRows" | "oneRow" | "otherRows";
const WAYS: readonly Way[] = ["inSample", "zeroRows", "oneRow", "otherRows"];
const all = (pick: Way) => figures(sources.flatMap((each) => each[pick]));
const bySource = (pick: Way) => {
  const means = sources
    .filter((each) => each[pick].length > 0)
    .map((each) => summarizeErrors(each[pick]).mean);
  return figures(means);
};
for (const [name, over] of [
  ["all rows", all],
  ["means of sources", bySource],
] as const) {
  print(`${name.padEnd(34)}${WAYS.map(over).join("  ")}`);
}
