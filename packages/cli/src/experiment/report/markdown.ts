// Tables and figures in Markdown. What cannot be computed, as no scenario is left to compute it from, is a dash.

import { type Spread, spreadOf } from "@bace-pipe/core/experiment";
import { UNKNOWN } from "@bace-pipe/core/format";
import type { TaskResult } from "../task.ts";
import { type Figure, ratiosTo } from "./results.ts";

export const SPREAD_HEAD = ["geometric mean", "lower quartile", "median", "upper quartile"] as const;

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

export function list(items: readonly string[]): string {
  return `${items.map((item) => `- ${item}`).join("\n")}\n`;
}

export function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : UNKNOWN;
}

export function percent(share: number, digits = 0): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : UNKNOWN;
}

/** "12.6 to 30.6 %" */
export function percentRange([least, most]: readonly [number, number]): string {
  return `${percent(least, 1).replace(" %", "")} to ${percent(most, 1)}`;
}

export function spreadCells(ratios: readonly number[]): string[] {
  const { geometricMean, lowerQuartile, median, upperQuartile } = spreadOf(ratios);
  return [geometricMean, lowerQuartile, median, upperQuartile].map(ratio);
}

/** Ratios to a reference: JCT and cost with quartiles, the others by geometric mean. */
export function spreadTable(
  drawn: readonly TaskResult[],
  names: readonly string[],
  reference = "bace",
): string {
  const head = ["policy", "JCT", "quartiles", "median", "p95 JCT", "cost", "quartiles", "median", "makespan"];
  return table(
    head,
    names.map((name) => {
      const of = (figure: Figure) => spreadOf(ratiosTo(reference, drawn, name, figure));
      const [p95, makespan] = [of("p95JctSeconds"), of("makespanSeconds")];
      return [
        name,
        ...meanQuartilesMedian(of("jctSeconds")),
        ratio(p95.geometricMean),
        ...meanQuartilesMedian(of("usd")),
        ratio(makespan.geometricMean),
      ];
    }),
  );
}

export function meanQuartilesMedian({
  geometricMean,
  lowerQuartile,
  median,
  upperQuartile,
}: Spread): string[] {
  return [ratio(geometricMean), `${ratio(lowerQuartile)} to ${ratio(upperQuartile)}`, ratio(median)];
}
