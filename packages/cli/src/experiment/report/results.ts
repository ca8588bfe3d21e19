// Results as the report's sections read them. Only scenarios in which every policy finished every job are compared: an
// average over the jobs that finished would reward whoever leaves the long ones undone. Nor are those in which somebody's
// electricity costs nothing or less on balance (prices can be negative): ratios of such sums say nothing.
import { BASELINES, LENIENT_BASELINES } from "@bace-pipe/core/experiment";
import { type Task, type TaskResult, taskId } from "../task.ts";

export type Results = ReadonlyMap<string, TaskResult>;
/** Figures that are compared as ratios. */
export type Figure = "jctSeconds" | "p95JctSeconds" | "usd" | "makespanSeconds";

export const ALL_BASELINES: readonly string[] = [...BASELINES, ...LENIENT_BASELINES];

export function resultOf(results: Results, task: Task): TaskResult {
  const found = results.get(taskId(task));
  if (!found) throw new Error(`no result of ${taskId(task)}`);
  return found;
}

export function resultsOf(results: Results, tasks: readonly Task[]): TaskResult[] {
  return tasks.map((task) => resultOf(results, task));
}

export function isComparable({ results }: TaskResult): boolean {
  return Object.values(results).every(({ finishedShare, usd }) => finishedShare === 1 && usd > 0);
}

export function ratiosTo(
  reference: string,
  drawn: readonly TaskResult[],
  name: string,
  figure: Figure,
): number[] {
  return drawn.map(({ results }) => results[name]![figure] / results[reference]![figure]);
}

/** The least that any baseline has, strict or lenient. */
export function bestBaseline({ results }: TaskResult, figure: Figure): number {
  return Math.min(...ALL_BASELINES.map((name) => results[name]![figure]));
}

export function ratiosToBestBaseline(drawn: readonly TaskResult[], name: string, figure: Figure): number[] {
  return drawn.map((each) => each.results[name]![figure] / bestBaseline(each, figure));
}

/** Only where iterations are timed by their schedule: elsewhere there is no bound. */
export function ratiosToBound(drawn: readonly TaskResult[], name: string): number[] {
  return drawn.map(({ jctBoundSeconds, results }) => results[name]!.jctSeconds / jctBoundSeconds!);
}

/** In families in which every job has a deadline. */
export function deadlineShares(drawn: readonly TaskResult[], name: string): number[] {
  return drawn.map(({ results }) => results[name]!.deadlinesKeptShare!);
}
