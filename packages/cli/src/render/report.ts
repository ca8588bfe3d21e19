// Errors of predictions as a table: a line per epoch, and the medians of all at the end.
import { duration, share, UNKNOWN } from "@bace-pipe/core/format";
import type { EpochReport, Report } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { type Column, table } from "./table.ts";

type Row = EpochReport & { readonly jobId: string; readonly state: string };

const COLUMNS: readonly Column<Row>[] = [
  { heading: "JOB", cell: ({ jobId }) => jobId },
  { heading: "PHASE", cell: ({ state }) => state },
  { heading: "EPOCH", align: "right", cell: ({ epoch }) => String(epoch) },
  { heading: "REGIONS", cell: ({ regions }) => regions.join(" → ") },
  { heading: "STEPS", align: "right", cell: ({ steps }) => String(steps) },
  { heading: "PREDICTED", align: "right", cell: (row) => duration(row.predictedStepSeconds) },
  { heading: "CALIBRATED", align: "right", cell: (row) => duration(row.calibratedStepSeconds) },
  { heading: "MEASURED", align: "right", cell: (row) => duration(row.measuredStepSeconds) },
  { heading: "ERROR", align: "right", cell: ({ predictedError }) => errorText(predictedError) },
  { heading: "CALIBRATED ERROR", align: "right", cell: ({ calibratedError }) => errorText(calibratedError) },
];

export function reportText({ jobs, medians }: Report, colors: Colors, wide = false): string {
  if (jobs.length === 0) return "no job has made two steps yet\n";
  const rows = jobs.flatMap(({ epochs: own, jobId, outcome, phase }) =>
    own.map((epoch): Row => ({ ...epoch, jobId, state: outcome ?? phase })),
  );
  const { calibratedError, epochs, predictedError } = medians;
  const end =
    `\nMedian error over ${epochs === 1 ? "1 epoch" : `${epochs} epochs`}: ${share(predictedError)} as placed, ` +
    `${share(calibratedError)} with what was measured. Below zero: steps took longer than predicted.\n`;
  return table(COLUMNS, rows, { colors, wide }) + end;
}

/** "+12.5 %" */
function errorText(error: number | null): string {
  if (error === null) return UNKNOWN;
  return `${error > 0 ? "+" : ""}${share(error)}`;
}
