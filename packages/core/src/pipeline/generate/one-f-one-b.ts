/**
 * 1F1B, also called PipeDream-Flush (Narayanan et al., arXiv 2006.09503; Megatron-LM, arXiv 2104.04473).
 *
 * Stage s runs p-1-s forwards ahead, then one forward and one backward by turns, then the backwards that are
 * left. It holds min(m, p-s) activations. With extra warm-up (GeoPipe, arXiv 2510.12064) it runs further
 * ahead, so that a slow hop behind it is hidden, and holds as many activations more. Leaves out:
 * interleaving, split backwards.
 */

import type { Action, Schedule } from "../schedule.ts";
import { assertShape, type Generator, type PipelineShape, range } from "./shape.ts";

export const oneFOneB: Generator = { build: (shape) => ({ ...withWarmup(shape, []), generator: "1f1b" }) };

/**
 * @param extraForwards per stage, ΔN_s: forwards that it runs ahead besides 1F1B's. Whole, 0 or more, and never more
 *   than the stage before it has; stages that are not listed have none. Throws a RangeError otherwise.
 */
export function warmupOneFOneB(shape: PipelineShape, extraForwards: readonly number[]): Schedule {
  return { ...withWarmup(shape, extraForwards), generator: "1f1b-warmup" };
}

/** Forwards that a stage runs ahead: p−1−s and its extra ones, as long as there are micro-batches. */
export function forwardsAhead(
  stage: number,
  { microbatches, ranks }: PipelineShape,
  extraForwards: readonly number[],
): number {
  return Math.min(microbatches, ranks - 1 - stage + (extraForwards[stage] ?? 0));
}

/**
 * The warm-up rule: enough extra forwards that a whole round trip over each hop passes while there is other work,
 * ⌈2(α+β)/C⌉ per hop, summed over the hops behind a stage. Rounding the sum would be too little: slack is not shared
 * between hops. Nothing is then exposed but one fill and one drain, T = (m+p−1)C + 2Σ(α+β), if β ≤ F on every hop (or
 * β ≤ C and there is one hop only): a hop that cannot keep up with the forwards of a longer warm-up delays the first
 * backward. @param perHop extra forwards of each hop, as {@link hidingForwards} gives; `stageBefore[hop]` is the
 * stage in front of it.
 */
export function extraForwardsOf(
  stages: number,
  perHop: readonly number[],
  stageBefore: readonly number[],
): number[] {
  return Array.from({ length: stages }, (_, stage) =>
    perHop.reduce((sum, extra, hop) => (stageBefore[hop]! >= stage ? sum + extra : sum), 0),
  );
}

/** ⌈2(α+β)/C⌉ for a hop whose round trip, occupancies included, takes `roundTripSeconds`, and a period of C. */
export function hidingForwards(roundTripSeconds: number, periodSeconds: number): number {
  // A whisker of tolerance: a round trip of exactly n periods is hidden by n.
  return Math.max(0, Math.ceil(roundTripSeconds / periodSeconds - 1e-9));
}

function withWarmup(shape: PipelineShape, extraForwards: readonly number[]): Omit<Schedule, "generator"> {
  assertShape(shape);
  const { ranks: stages, microbatches } = shape;
  assertExtraForwards(stages, extraForwards);
  return {
    stages,
    microbatches,
    ranks: range(stages).map((stage) =>
      actionsOfStage(stage, forwardsAhead(stage, shape, extraForwards), shape),
    ),
    rankOfStage: range(stages),
  };
}

/** A stage that ran ahead of the one before it would wait for it for ever. */
export function assertExtraForwards(stages: number, extraForwards: readonly number[]): void {
  const sound = extraForwards.every(
    (extra, stage) =>
      Number.isInteger(extra) && extra >= 0 && stage < stages && extra <= (extraForwards[stage - 1] ?? extra),
  );
  if (!sound) throw new RangeError(`not extra forwards of ${stages} stages: ${extraForwards.join(", ")}`);
}

function actionsOfStage(stage: number, ahead: number, { microbatches }: PipelineShape): readonly Action[] {
  const actions: Action[] = [];
  for (let microbatch = 0; microbatch < microbatches + ahead; microbatch++) {
    if (microbatch < microbatches) actions.push({ kind: "F", stage, microbatch });
    if (microbatch >= ahead) actions.push({ kind: "B", stage, microbatch: microbatch - ahead });
  }
  return actions;
}
