// The paper's nine findings: what holds at the hand-picked point, and in which share of the open draws.
import {
  DIRECTIONS,
  isBest,
  jct,
  shareOf,
  TREND_DIRECTION,
  TREND_SCALES,
  UNSCALED,
} from "@bace-pipe/core/experiment";
import { defaultTask, openTask, trendTask } from "../plan.ts";
import { percent } from "./markdown.ts";
import { isComparable, type Results, resultOf } from "./results.ts";

export interface PointFinding {
  readonly number: number;
  readonly finding: string;
  readonly holds: boolean;
  /** Which part of it holds. */
  readonly detail?: string;
}

export interface DrawnFinding {
  readonly number: number;
  readonly finding: string;
  /** That can be compared. */
  readonly draws: number;
  /** Of those draws; NaN if there are none. */
  readonly share: number;
  readonly detail?: string;
}

export const verdict = (holds: boolean): string => (holds ? "pass" : "**fail**");

export function findingsAtPoint(results: Results): PointFinding[] {
  const { results: outcomes } = resultOf(results, defaultTask(UNSCALED));
  const trends = TREND_SCALES.map((scale) => resultOf(results, defaultTask(scale)).results);
  const parts = TREND_SCALES.map(({ name }, i) => `${name} ${verdict(isBest(trends[i]!, jct))}`);
  const { finding, holds, number } = TREND_DIRECTION;
  return [
    ...DIRECTIONS.map((each) => ({
      number: each.number,
      finding: each.finding,
      holds: each.holds(outcomes),
    })),
    { number, finding, holds: holds(trends), detail: parts.join(", ") },
  ];
}

export function findingsInDraws(results: Results, seeds: readonly number[]): DrawnFinding[] {
  const drawn = seeds.map((seed) => resultOf(results, openTask(seed))).filter(isComparable);
  const scaled = seeds.map((seed) => TREND_SCALES.map((scale) => resultOf(results, trendTask(seed, scale))));
  const parts = TREND_SCALES.map(({ name }, i) => {
    const at = scaled.map((trend) => trend[i]!).filter(isComparable);
    return `${name} ${percent(shareOf(at, (each) => isBest(each.results, jct)))}`;
  });
  const comparable = scaled.filter((trend) => trend.every(isComparable));
  const { finding, holds, number } = TREND_DIRECTION;
  return [
    ...DIRECTIONS.map((each) => ({
      number: each.number,
      finding: each.finding,
      draws: drawn.length,
      share: shareOf(drawn, (draw) => each.holds(draw.results)),
    })),
    {
      number,
      finding,
      draws: comparable.length,
      share: shareOf(comparable, (trend) => holds(trend.map((each) => each.results))),
      detail: parts.join(", "),
    },
  ];
}
