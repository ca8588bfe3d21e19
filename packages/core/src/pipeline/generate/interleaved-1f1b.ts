/**
 * Interleaved 1F1B (Narayanan et al., arXiv 2104.04473, section 2.2): v chunks per rank, placed as a loop.
 *
 * Micro-batches go in rounds of p: a round passes a rank's chunks one after the other, backwards in reverse. Rank r runs
 * (v−1)p + 2(p−1−r) forwards ahead, then one forward and one backward by turns. The bubble is (p−1)C/v if m ≥ p, C the
 * work of all chunks; rank r holds p(v−1) + 2(p−1−r) + 1 chunk activations. A micro-batch crosses a cut 2(2v−1) times, the
 * way round included. Where m is no multiple of p there are ⌊m/p⌋ rounds as equal as can be, longer ones first (PyTorch
 * demands that all are equal): the same bubble, and as many more activations per chunk as the first round is longer. A
 * round shorter than p would make ranks wait for each other for ever; if m < p there is one round of m.
 */

import type { Action, Schedule } from "../schedule.ts";
import { loopPlacement } from "./placement.ts";
import { assertShape, type Generator, type PipelineShape, range } from "./shape.ts";

export const interleavedOneFOneB: Generator = { build };

/** A rank's chunk and the micro-batch that passes it. */
type Pass = { readonly chunk: number; readonly microbatch: number };

function build(shape: PipelineShape): Schedule {
  assertShape(shape);
  const { chunks = 1, microbatches, ranks } = shape;
  const rounds = roundsOf(microbatches, ranks);
  const forwards = passesOf(rounds, range(chunks));
  const backwards = passesOf(rounds, range(chunks).toReversed());
  const longest = rounds[0]!.length;
  return {
    generator: "interleaved-1f1b",
    stages: ranks * chunks,
    microbatches,
    ranks: range(ranks).map((rank) => {
      const ahead = (chunks - 1) * longest + 2 * (ranks - 1 - rank);
      return actionsOfRank(rank, ranks, forwards, backwards, Math.min(ahead, forwards.length));
    }),
    rankOfStage: loopPlacement(ranks, chunks),
  };
}

/** ⌊m/p⌋ rounds of p micro-batches or more, longer ones first. */
function roundsOf(microbatches: number, ranks: number): readonly (readonly number[])[] {
  const count = Math.max(1, Math.floor(microbatches / ranks));
  let next = 0;
  return range(count).map((round) => range(Math.ceil((microbatches - round) / count)).map(() => next++));
}

function passesOf(rounds: readonly (readonly number[])[], chunks: readonly number[]): readonly Pass[] {
  return rounds.flatMap((round) =>
    chunks.flatMap((chunk) => round.map((microbatch) => ({ chunk, microbatch }))),
  );
}

function actionsOfRank(
  rank: number,
  ranks: number,
  forwards: readonly Pass[],
  backwards: readonly Pass[],
  ahead: number,
): readonly Action[] {
  const actions: Action[] = [];
  const push = (kind: "F" | "B", { chunk, microbatch }: Pass) =>
    actions.push({ kind, stage: chunk * ranks + rank, microbatch });
  for (let turn = 0; turn < forwards.length + ahead; turn++) {
    if (turn < forwards.length) push("F", forwards[turn]!);
    if (turn >= ahead) push("B", backwards[turn - ahead]!);
  }
  return actions;
}
