// Where the rows of a region × time picture lie, and what is drawn in them: bars of runs, or the GPUs held as an area.
// Vertical places are pixels from the picture's top.
import { duration, gpus as gpusText } from "@bace-pipe/core/format";
import type { Run, Trace } from "@bace-pipe/core/shell";
import { addOver } from "@bace-pipe/core/shell";
import { colour } from "./look.ts";
import { packed } from "./packing.ts";

/** Equal spans of time over which an area shows means. */
export const SPANS = 200;
/** Tenants that are too many for a colour of their own. */
export const OTHERS = "other tenants";

/** Pixels of all rows together, and of the smallest: two lines of text must fit. */
const ROWS_HEIGHT = 260;
const LEAST_ROW_HEIGHT = 28;
const ROW_GAP = 5;

export interface Row {
  readonly name: string;
  readonly gpus: number;
  readonly top: number;
  readonly height: number;
}

export interface Rect {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly y1: number;
  readonly y2: number;
  readonly fill: string;
  readonly title: string;
  readonly label: string;
}

export function rowsOf(regions: Trace["regions"]): readonly Row[] {
  const total = regions.reduce((sum, { gpus }) => sum + gpus, 0) || 1;
  let top = 0;
  return regions.map(({ gpus, name }) => {
    const row = { name, gpus, top, height: Math.max(LEAST_ROW_HEIGHT, (ROWS_HEIGHT * gpus) / total) };
    top += row.height + ROW_GAP;
    return row;
  });
}

export function barsOf(
  { gpus: most, height, name, top }: Row,
  runs: readonly Run[],
  tenants: readonly string[],
): Rect[] {
  const pixelsPerGpu = height / Math.max(1, most);
  return packed(runs, name).flatMap(({ gpus, pieces, run }) => {
    const [widest] = [...pieces].sort((a, b) => b[1] - b[0] - (a[1] - a[0]));
    return pieces.map((piece) => ({
      fromSeconds: run.fromSeconds,
      toSeconds: run.toSeconds,
      y1: top + piece[0] * pixelsPerGpu,
      y2: top + piece[1] * pixelsPerGpu,
      fill: colour(tenants.indexOf(tenants.includes(run.tenant) ? run.tenant : OTHERS)),
      title: titleOf(run, name, gpus),
      label: piece === widest ? run.jobId : "",
    }));
  });
}

function titleOf(run: Run, region: string, gpus: number): string {
  return [
    `${run.jobId} of ${run.tenant}${run.epoch > 1 ? `, run ${run.epoch}` : ""}`,
    `${gpusText(gpus)} in ${region} of ${run.parts.map((part) => `${part.region} ${part.gpus}`).join(" → ")}`,
    `from ${duration(run.fromSeconds)} to ${duration(run.toSeconds)}`,
    `${duration(run.iterationSeconds)} an iteration`,
  ].join("\n");
}

/** GPUs held in a region, as a line between the row's foot and its top. */
export function areaOf({ gpus, height, name, top }: Row, runs: readonly Run[], endSeconds: number) {
  const span = endSeconds / SPANS;
  const sums = new Float64Array(SPANS);
  for (const { fromSeconds, parts, toSeconds } of runs)
    for (const part of parts)
      if (part.region === name) addOver(sums, span, fromSeconds, toSeconds, part.gpus);
  const foot = top + height;
  const points = Array.from(sums, (sum, i) => ({
    atSeconds: i * span,
    y1: foot,
    y2: foot - (height * sum) / span / Math.max(1, gpus),
  }));
  return [...points, { ...points.at(-1)!, atSeconds: endSeconds }];
}
