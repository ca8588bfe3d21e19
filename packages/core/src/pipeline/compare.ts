/**
 * Schedules of one pipeline beside each other, and `auto`, the best of them: each generated, timed, held against memory
 * and against the lower bound of its own placement of stages.
 */

import { lowerBoundSeconds } from "./bound/bound.ts";
import { type Evaluation, evaluateSchedule } from "./evaluate.ts";
import { type BoundOf, type ScheduleName, scheduleNames, timedGenerators } from "./generate/index.ts";
import type { Pipeline } from "./pipeline.ts";

export type Candidate =
  | {
      readonly kind: "schedule";
      readonly generator: ScheduleName;
      readonly evaluation: Evaluation;
      /** No schedule that places its stages like this one, in the memory given, has a shorter makespan. */
      readonly lowerBoundSeconds: number;
      /** Makespan over bound, less 1; 0 is optimal. */
      readonly gap: number;
    }
  | { readonly kind: "refused"; readonly generator: ScheduleName; readonly reason: string };

export type Comparison = {
  /** Of those that fit into memory the one with the least makespan, then span, then memory; undefined if none fits. */
  readonly best: Extract<Candidate, { kind: "schedule" }> | undefined;
  /** In the order of the names. */
  readonly candidates: readonly Candidate[];
};

export function compareSchedules(
  pipeline: Pipeline,
  names: readonly ScheduleName[] = scheduleNames,
): Comparison {
  const boundOf = boundsByPlacement(pipeline);
  const candidates = names.map((generator): Candidate => {
    const { build, refuses } = timedGenerators[generator];
    const reason = refuses?.(pipeline);
    if (reason !== undefined) return { kind: "refused", generator, reason };
    const evaluation = evaluateSchedule(pipeline, build(pipeline, boundOf));
    const bound = boundOf(evaluation.schedule);
    const { makespanSeconds } = evaluation.timed;
    return {
      kind: "schedule",
      generator,
      evaluation,
      lowerBoundSeconds: bound,
      gap: gapOf(makespanSeconds, bound),
    };
  });
  const fitting = candidates.flatMap((candidate) =>
    candidate.kind === "schedule" && candidate.evaluation.fits ? [candidate] : [],
  );
  return { best: fitting.reduce<(typeof fitting)[number] | undefined>(better, undefined), candidates };
}

/** 0 within the last bits of sums of seconds. */
export function gapOf(makespanSeconds: number, boundSeconds: number): number {
  const gap = boundSeconds > 0 ? makespanSeconds / boundSeconds - 1 : 0;
  return Math.abs(gap) < 1e-9 ? 0 : gap;
}

/** Each placement's bound is asked for once. */
function boundsByPlacement(pipeline: Pipeline): BoundOf {
  const known = new Map<string, number>();
  return (schedule) => {
    const key = `${schedule.rankOfStage} ${schedule.mirrored?.rankOfStage ?? ""}`;
    const bound = known.get(key) ?? lowerBoundSeconds(pipeline, schedule);
    known.set(key, bound);
    return bound;
  };
}

function better<T extends { readonly evaluation: Evaluation }>(best: T | undefined, other: T): T {
  if (!best) return other;
  const order = [
    best.evaluation.stats.makespanSeconds - other.evaluation.stats.makespanSeconds,
    best.evaluation.stats.spanSeconds - other.evaluation.stats.spanSeconds,
    most(best.evaluation.peakActivations) - most(other.evaluation.peakActivations),
  ].find((difference) => Math.abs(difference) > 1e-9 * best.evaluation.stats.makespanSeconds);
  return (order ?? 0) > 0 ? other : best;
}

function most(values: readonly number[]): number {
  return values.reduce((largest, value) => Math.max(largest, value), 0);
}
