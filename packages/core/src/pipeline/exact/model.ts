/**
 * The job shop of a pipeline in one direction, one stage per rank (CrossPipe, arXiv 2507.00217, section on the exact model),
 * smaller than the paper's: micro-batches are in order at each stage and kind, which loses nothing, since blocks of one
 * stage and kind are alike. That leaves the interleaving of the kinds on each rank to decide, and turns the memory
 * cap into choices. With K half units of memory, F_k needs n = 2(k+1) - K releases before it, of I's and W's in their order:
 * at least ⌈n/2⌉ I's, and for each x either I_x or W_{n-x-1}.
 *
 * Either all backwards are split or all are whole. Split loses nothing if blocks have no overhead. Leaves out: several chunks
 * per rank, pipelines in both directions, and schedules that split some backwards only.
 */

import { type Pipeline, timingOf } from "../pipeline.ts";
import type { GradientSync, Timing } from "../timing.ts";
import type { ExactModel, ExactOperation } from "./solver.ts";
import { type ExactForm, inUnits, stagesInOrder } from "./units.ts";

type Builder = {
  readonly operations: ExactOperation[];
  readonly precedences: { before: number; after: number; lag: number }[];
  readonly choices: { operation: number; either: readonly [number, number] }[];
};

/** Ids of one kind's operations, by micro-batch. */
type Chain = readonly number[];

/** Throws a RangeError if a rank cannot hold one activation. */
export function exactModel(pipeline: Pipeline, form: ExactForm = { backward: "split" }): ExactModel {
  const { rounded, scale } = inUnits(pipeline, form);
  const { memoryCap, microbatches, ranks } = rounded;
  const rankOfStage = stagesInOrder(rounded);
  // Seconds of this timing are units.
  const timing = timingOf(rounded, {
    generator: "exact",
    stages: ranks,
    microbatches,
    ranks: [],
    rankOfStage,
  });
  const builder: Builder = { operations: [], precedences: [], choices: [] };
  const split = form.backward === "split";
  const chains = rankOfStage.map((stage) => {
    const chain = (kind: ExactOperation["kind"], duration: number) =>
      chainOf(builder, { kind, stage, microbatch: 0, release: 0, duration }, microbatches);
    const input = timing.inputGradSeconds[stage]!;
    const weight = timing.weightGradSeconds[stage]!;
    const forward = chain("F", timing.forwardSeconds[stage]!);
    const gradient = split ? chain("I", input) : chain("B", input + weight);
    return { forward, gradient, weight: split ? chain("W", weight) : gradient };
  });

  for (const [stage, { forward, gradient, weight }] of chains.entries()) {
    together(builder, forward, gradient);
    if (split) together(builder, gradient, weight);
    const halfUnits = Math.floor(2 * memoryCap[stage]! + 1e-6);
    if (halfUnits < 2) throw new RangeError(`memoryCap: rank ${stage} cannot hold one activation`);
    limitMemory(builder, forward, gradient, weight, halfUnits);
    const ahead = chains[stage + 1];
    const sendForward = ahead && messages(builder, timing, stage, stage + 1, forward, ahead.forward);
    const behind = chains[stage - 1];
    const sendBack = behind && messages(builder, timing, stage, stage - 1, gradient, behind.gradient);
    const sync = timing.gradientSyncs?.[stage];
    if (!sync) continue;
    const firstForward = builder.operations[forward[0]!]!;
    builder.operations[forward[0]!] = { ...firstForward, release: sync.gatherSeconds };
    const sent = { [stage + 1]: sendForward, [stage - 1]: sendBack };
    reduceAfter(builder, sync, weight, sent[sync.overLinkToRank ?? stage]);
  }
  return {
    ...scale,
    ...builder,
    horizon: horizonOf(builder),
    stages: ranks,
    microbatches,
    machines: chains.map(({ forward, gradient, weight }) => [
      ...new Set([...forward, ...gradient, ...weight]),
    ]),
  };
}

/** One operation per micro-batch, each after the one before. */
function chainOf({ operations, precedences }: Builder, first: ExactOperation, microbatches: number): Chain {
  const start = operations.length;
  return Array.from({ length: microbatches }, (_, microbatch) => {
    operations.push({ ...first, microbatch });
    if (microbatch > 0)
      precedences.push({ before: start + microbatch - 1, after: start + microbatch, lag: 0 });
    return start + microbatch;
  });
}

function together({ precedences }: Builder, before: Chain, after: Chain, lag = 0): void {
  for (const [microbatch, id] of before.entries())
    precedences.push({ before: id, after: after[microbatch]!, lag });
}

/** A whole backward releases both halves: its chain is given as gradient and as weight. */
function limitMemory(
  { choices, precedences }: Builder,
  forward: Chain,
  gradient: Chain,
  weight: Chain,
  halfUnits: number,
): void {
  for (const [k, operation] of forward.entries()) {
    const releases = 2 * (k + 1) - halfUnits;
    if (releases <= 0) continue;
    const least = Math.ceil(releases / 2);
    precedences.push({ before: gradient[least - 1]!, after: operation, lag: 0 });
    if (gradient === weight) continue;
    // At most k input gradients come before F_k: what is needed beyond them are weight gradients.
    for (let x = least; x < Math.min(k, releases); x++)
      choices.push({ operation, either: [gradient[x]!, weight[releases - x - 1]!] });
    if (releases > k) precedences.push({ before: weight[releases - k - 1]!, after: operation, lag: 0 });
  }
}

/** From one chain to that of a neighbour; the messages' operations, if they occupy the link at all. */
function messages(
  builder: Builder,
  { links }: Timing,
  stage: number,
  toStage: number,
  from: Chain,
  to: Chain,
): Chain | undefined {
  const link = links.find(({ fromRank, toRank }) => fromRank === stage && toRank === toStage);
  const { latencySeconds: lag, occupancySeconds: duration } = link ?? {
    latencySeconds: 0,
    occupancySeconds: 0,
  };
  if (duration === 0) {
    together(builder, from, to, lag);
    return undefined;
  }
  const sent = chainOf(builder, { kind: "message", stage, microbatch: 0, duration, release: 0 }, from.length);
  together(builder, from, sent);
  together(builder, sent, to, lag);
  return sent;
}

/** After the stage's last gradient, and after what it has sent before over the same link. */
function reduceAfter(
  { operations, precedences }: Builder,
  { reduceSeconds: duration, stage }: GradientSync,
  weight: Chain,
  sent: Chain | undefined,
): void {
  if (duration === 0) return;
  const reduce = operations.length;
  operations.push({ kind: "reduce", stage, microbatch: weight.length - 1, duration, release: 0 });
  precedences.push({ before: weight.at(-1)!, after: reduce, lag: 0 });
  if (sent) precedences.push({ before: sent.at(-1)!, after: reduce, lag: 0 });
}

/** One operation after the other, with all the lags. */
function horizonOf({ operations, precedences }: Builder): number {
  const work = operations.reduce((sum, { duration, release }) => sum + duration + release, 0);
  return precedences.reduce((sum, { lag }) => sum + lag, work);
}
