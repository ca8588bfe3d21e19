/**
 * V-schedules from a building block (Qi et al., "Pipeline Parallelism with Controllable Memory", arXiv 2405.15362,
 * sections 3 and 4): say when, in unit times, one micro-batch passes each rank; repeat it every six units, which is a
 * rank's work for one micro-batch; let weight gradients fill the units left; then close the gaps of warm-up and drain.
 *
 * The building block fixes how long activations live, hence the memory, whatever m is. (The paper's code closes gaps by
 * moving actions one by one; `close-gaps.ts` does it in one pass.)
 */

import type { Action, Schedule } from "../schedule.ts";
import { closeGaps, type Planned } from "./close-gaps.ts";
import { wavePlacement } from "./placement.ts";
import { assertShape, type PipelineShape, range } from "./shape.ts";

/** Units at which micro-batch 0 starts on a rank; distinct modulo 6. */
export type BlockTimes = {
  readonly forwardDown: number;
  readonly forwardUp: number;
  readonly backwardUp: number;
  readonly backwardDown: number;
};

/** Units of work of one micro-batch on one rank: F, I and W of two chunks. */
const PERIOD = 6;

type Placed = Action & { readonly atUnit: number };

export function repeatBlock(
  generator: string,
  shape: PipelineShape,
  timesOf: (rank: number, ranks: number) => BlockTimes,
): Schedule {
  assertShape(shape);
  const { microbatches, ranks } = shape;
  const { mostHalves, orders } = repeatedOrders(shape, timesOf);
  return {
    generator,
    stages: 2 * ranks,
    microbatches,
    ranks: closeGaps(orders, mostHalves, shape),
    rankOfStage: wavePlacement(ranks),
  };
}

/** By rank, with the gaps, and the half activations that a rank holds at most. */
export function repeatedOrders(
  shape: PipelineShape,
  timesOf: (rank: number, ranks: number) => BlockTimes,
): { readonly orders: readonly (readonly Planned[])[]; readonly mostHalves: number } {
  const { microbatches, ranks } = shape;
  // Until rank 0 has done all of micro-batch 0, and from when it has begun the last one.
  const drainFrom = timesOf(0, ranks).forwardDown + PERIOD * (microbatches - 1);
  const steadyFrom = timesOf(0, ranks).backwardDown;
  const phaseAt = (unit: number) => (unit < steadyFrom ? "warm-up" : unit > drainFrom ? "drain" : "steady");
  const orders = range(ranks).map((rank) =>
    repeated(timesOf(rank, ranks), rank, shape).map(
      ({ atUnit, kind, microbatch, stage }): Planned => ({ kind, stage, microbatch, phase: phaseAt(atUnit) }),
    ),
  );
  return { orders, mostHalves: Math.max(...orders.map(mostHeldHalves)) };
}

/** A rank's actions in the order of their times. */
function repeated(
  times: BlockTimes,
  rank: number,
  { microbatches, ranks }: PipelineShape,
): readonly Placed[] {
  const [down, up] = [rank, 2 * ranks - 1 - rank];
  const block = [
    { kind: "F", stage: down, atUnit: times.forwardDown },
    { kind: "F", stage: up, atUnit: times.forwardUp },
    { kind: "I", stage: up, atUnit: times.backwardUp },
    { kind: "I", stage: down, atUnit: times.backwardDown },
  ] as const;
  const placed = range(microbatches)
    .flatMap((microbatch) =>
      block.map(({ atUnit, kind, stage }) => ({
        kind,
        stage,
        microbatch,
        atUnit: atUnit + PERIOD * microbatch,
      })),
    )
    .toSorted((a, b) => a.atUnit - b.atUnit);
  return withWeightGradients(placed);
}

/** Each in the first free unit after its input gradient, first come first served. */
function withWeightGradients(placed: readonly Placed[]): readonly Placed[] {
  const all: Placed[] = [];
  const pending: Placed[] = [];
  let flushed = 0;
  const flush = (until: number) => {
    let unit = (all.at(-1)?.atUnit ?? -1) + 1;
    while (unit < until && flushed < pending.length) {
      const { microbatch, stage } = pending[flushed++]!;
      all.push({ kind: "W", stage, microbatch, atUnit: unit++ });
    }
  };
  for (const action of placed) {
    flush(action.atUnit);
    all.push(action);
    if (action.kind === "I") pending.push(action);
  }
  flush(Infinity);
  return all;
}

/** The block's own memory: an activation lives from F to W. */
function mostHeldHalves(order: readonly Action[]): number {
  let held = 0;
  let most = 0;
  for (const { kind } of order) {
    if (kind === "F") held += 2;
    if (kind === "W") held -= 2;
    most = Math.max(most, held);
  }
  return most;
}
