/**
 * A lower bound on the makespan of every schedule of a pipeline with its stages placed: the largest of the longest path, of
 * Jackson's preemptive one-machine bound on each rank and each cable (J. R. Jackson 1955; J. Carlier, EJOR 1982), and of the
 * memory area: each activation takes room from its F until its I has gone to the end and back, and half of it until its W.
 * Heads and tails know what memory and a rank's own work put before and after an operation.
 *
 * Leaves out: that stages which share a rank share its memory, but for the area; the order of messages on cables; reductions
 * that wait for each other.
 */

import type { Pipeline } from "../pipeline.ts";
import { raiseHeads, raiseTails } from "./longest-path.ts";
import { jacksonSeconds } from "./one-machine.ts";
import { makeScratch, precedenceShifts, raiseByRank } from "./same-rank.ts";
import { messageChain, openShop, type Placement, type Shop } from "./shop.ts";

/**
 * Seconds, but for rounding errors of 1 in 10^12; holds for backwards whole, split, or some of each. Infinity if a rank that
 * has a stage cannot hold one activation.
 */
export function lowerBoundSeconds(pipeline: Pipeline, form: Placement): number {
  const shop = openShop(pipeline, form);
  if (shop.rankOf.some((rank) => shop.halfUnits[rank]! < 2)) return Number.POSITIVE_INFINITY;
  const counts = operationCounts(shop);
  const heads = new Float64Array(shop.chains * shop.stride);
  const tails = new Float64Array(shop.chains * shop.stride);
  raiseHeads(shop, heads);
  raiseTails(shop, tails);
  const scratch = makeScratch(shop);
  let headsRaised = false;
  let tailsRaised = false;
  for (const [rank, chains] of shop.ranks.entries()) {
    const shifts = precedenceShifts(shop, rank);
    headsRaised = raiseByRank(shop, chains, shifts, counts, heads, false, scratch) || headsRaised;
    tailsRaised = raiseByRank(shop, chains, shifts, counts, tails, true, scratch) || tailsRaised;
  }
  // Once: a second round has never raised a bound, in hundreds of instances.
  if (headsRaised) raiseHeads(shop, heads);
  if (tailsRaised) raiseTails(shop, tails);
  let bound = 0;
  for (const chains of [...shop.ranks, ...shop.cables])
    bound = Math.max(bound, jacksonSeconds(shop, chains, counts, heads, tails));
  return Math.max(bound, memoryAreaSeconds(shop, heads, tails));
}

function operationCounts({ chains, firstMessage, microbatches, stages }: Shop): Int32Array {
  const counts = new Int32Array(chains);
  for (let chain = 0; chain < chains; chain++) {
    const place = chain < firstMessage ? Math.floor(chain / 3) : (chain - firstMessage) >> 1;
    counts[chain] = microbatches[Math.floor(place / stages)]!;
  }
  return counts;
}

/** From the first F to the last W of a rank, all activations' room times seconds have to fit. */
function memoryAreaSeconds(shop: Shop, heads: Float64Array, tails: Float64Array): number {
  const { durationSeconds, halfUnits, latencySeconds, microbatches, ranks, rankOf, stages, stride } = shop;
  const area = new Float64Array(ranks.length);
  const from = new Float64Array(ranks.length).fill(Number.POSITIVE_INFINITY);
  const after = new Float64Array(ranks.length).fill(Number.POSITIVE_INFINITY);
  for (const [direction, count] of microbatches.entries()) {
    if (count === 0) continue;
    let heldSeconds = 0;
    for (let stage = stages - 1; stage >= 0; stage--) {
      const place = direction * stages + stage;
      const chain = 3 * place;
      if (stage < stages - 1) {
        const there = messageChain(shop, direction, stage, 0);
        const back = messageChain(shop, direction, stage + 1, 1);
        heldSeconds += durationSeconds[there]! + latencySeconds[there]!;
        heldSeconds += durationSeconds[back]! + latencySeconds[back]!;
      }
      heldSeconds += durationSeconds[chain]! + durationSeconds[chain + 1]!;
      const rank = rankOf[place]!;
      area[rank]! += count * (2 * heldSeconds + durationSeconds[chain + 2]!);
      from[rank] = Math.min(from[rank]!, heads[chain * stride]!);
      after[rank] = Math.min(after[rank]!, tails[(chain + 2) * stride + count - 1]!);
    }
  }
  let bound = 0;
  for (let rank = 0; rank < ranks.length; rank++)
    if (area[rank]! > 0) bound = Math.max(bound, from[rank]! + area[rank]! / halfUnits[rank]! + after[rank]!);
  return bound;
}
