/**
 * CrossPipe's greedy schedules (arXiv 2507.00217): `crosspipe`, with one stage per rank, and `crosspipe-wave`, with two
 * chunks per rank in a V. Made for a pipeline's times, links and memory. Backwards are split into I and W; where blocks
 * have an overhead, and a split therefore costs one more, whole backwards are tried too.
 */
import type { Pipeline } from "../../pipeline.ts";
import type { Action, ComputeKind, Schedule } from "../../schedule.ts";
import type { BoundOf, TimedGenerator } from "../index.ts";
import { range } from "../shape.ts";
import type { GreedyOrder } from "./greedy.ts";
import { type GreedyInput, greedyInput } from "./input.ts";
import { searchOrder } from "./search.ts";

export const crosspipe: TimedGenerator = {
  refuses: (pipeline) => refusal(pipeline, 1),
  build: (pipeline, boundOf) => build(pipeline, "crosspipe", boundOf),
};

export const crosspipeWave: TimedGenerator = {
  refuses: (pipeline) => refusal(pipeline, 2),
  build: (pipeline, boundOf) => build(pipeline, "crosspipe-wave", boundOf),
};

type Form = "crosspipe" | "crosspipe-wave";

/** Ranks of the stages: a chain, or a V of two chunks per rank. */
export function placedOn({ ranks }: Pipeline, generator: Form): readonly number[] {
  const chain = range(ranks);
  return generator === "crosspipe" ? chain : [...chain, ...chain.slice().reverse()];
}

/** The best schedule that the search finds. */
function build(pipeline: Pipeline, generator: Form, boundOf?: BoundOf): Schedule {
  const rankOfStage = placedOn(pipeline, generator);
  const reason = refusal(pipeline, rankOfStage.length / pipeline.ranks);
  if (reason !== undefined) throw new RangeError(reason);
  const found = greedyOf(pipeline, rankOfStage, { boundSeconds: boundOf?.({ rankOfStage }) })!;
  return scheduleOf(found, generator, rankOfStage);
}

export interface Effort {
  /** No schedule of this placement is shorter: the search ends when it is met. */
  readonly boundSeconds?: number | undefined;
  /** How many orders are tried of each kind of backward. */
  readonly orders?: number;
  /** Backwards of one block only, for whom cannot run their halves apart. */
  readonly wholeBackwards?: boolean;
}

/** `crosspipe` for schedulers, which ask often and search little. Undefined if memory is too small for any. */
export function crosspipeSeconds(pipeline: Pipeline, effort: Effort): number | undefined {
  return greedyOf(pipeline, placedOn(pipeline, "crosspipe"), effort)?.order.makespanSeconds;
}

/** The schedule of which {@link crosspipeSeconds} gives the makespan for the same effort. */
export function crosspipeSchedule(pipeline: Pipeline, effort: Effort): Schedule | undefined {
  const rankOfStage = placedOn(pipeline, "crosspipe");
  const found = greedyOf(pipeline, rankOfStage, effort);
  return found && scheduleOf(found, "crosspipe", rankOfStage);
}

interface Found {
  readonly order: GreedyOrder;
  readonly input: GreedyInput;
  readonly whole: boolean;
}

/** The shorter of split and, where splits cost something or cannot be run, whole backwards. */
function greedyOf(
  pipeline: Pipeline,
  rankOfStage: readonly number[],
  { boundSeconds = 0, orders, wholeBackwards }: Effort,
): Found | undefined {
  const input = greedyInput(pipeline, rankOfStage);
  const split = wholeBackwards ? undefined : searchOrder(input, boundSeconds, orders);
  const whole =
    wholeBackwards || pipeline.overheadSeconds > 0
      ? searchOrder(withWholeBackwards(input, pipeline), boundSeconds, orders)
      : undefined;
  if (whole && !(split && split.makespanSeconds <= whole.makespanSeconds))
    return { order: whole, input, whole: true };
  return split && { order: split, input, whole: false };
}

function scheduleOf(
  { input, order, whole }: Found,
  generator: Form,
  rankOfStage: readonly number[],
): Schedule {
  return {
    generator,
    stages: input.stages,
    microbatches: input.microbatches,
    ranks: range(input.ranks).map((rank) => actionsOf(order, input, rank, whole)),
    rankOfStage,
  };
}

/** I takes the time of all the backward, and W none: what is left of it is memory given back, at once or later. */
function withWholeBackwards(input: GreedyInput, { overheadSeconds }: Pipeline): GreedyInput {
  const { durationSeconds, stages } = input;
  const whole = durationSeconds.slice();
  for (let stage = 0; stage < stages; stage++) {
    whole[stages + stage] =
      durationSeconds[stages + stage]! + durationSeconds[2 * stages + stage]! - overheadSeconds;
    whole[2 * stages + stage] = 0;
  }
  return { ...input, durationSeconds: whole, gradientKind: 1 };
}

const KINDS: readonly ComputeKind[] = ["F", "I", "W"];

function actionsOf(
  { blocks, blocksPerRank }: GreedyOrder,
  { microbatches, stages }: GreedyInput,
  rank: number,
  whole: boolean,
): readonly Action[] {
  const actions: Action[] = [];
  for (let i = rank * blocksPerRank; i < (rank + 1) * blocksPerRank; i++) {
    const block = blocks[i]!;
    const place = Math.floor(block / microbatches);
    const kind = KINDS[Math.floor(place / stages)]!;
    if (whole && kind === "W") continue;
    actions.push({
      kind: whole && kind === "I" ? "B" : kind,
      stage: place % stages,
      microbatch: block % microbatches,
    });
  }
  return actions;
}

function refusal({ chunks, memoryCap, ranks }: Pipeline, chunksPerRank: number): string | undefined {
  const least = chunks; // one activation of each of a rank's stages, in the pipeline's chunks
  const short = memoryCap.findIndex((cap) => cap + 1e-9 < least);
  if (short >= 0) {
    return `rank ${short} can hold ${memoryCap[short]} activations, and ${chunksPerRank === 1 ? "one micro-batch" : `its ${chunksPerRank} chunks`} need ${least}: give it more memory, or smaller micro-batches`;
  }
  return chunksPerRank === 2 && ranks < 2 ? "a wave needs two ranks or more" : undefined;
}
