/**
 * One machine, everything else with all the room it wants: Jackson's preemptive schedule. At any time it works on the
 * operation with the longest tail of those that have come; no schedule, with or without interruptions, ends the last
 * tail sooner. Operations come in chains, of which only the next one can have the longest tail, so nothing is sorted.
 */

import type { Shop } from "./shop.ts";

/** Seconds until the last tail ends. @param countOf operations by chain */
export function jacksonSeconds(
  { durationSeconds, stride }: Shop,
  chains: readonly number[],
  countOf: Int32Array,
  heads: Float64Array,
  tails: Float64Array,
): number {
  const width = chains.length;
  const next = new Int32Array(width);
  const left = new Float64Array(width);
  for (let c = 0; c < width; c++) left[c] = durationSeconds[chains[c]!]!;
  let now = 0;
  let bound = 0;
  for (;;) {
    let best = -1;
    let bestTail = -1;
    let nextHead = Number.POSITIVE_INFINITY;
    for (let c = 0; c < width; c++) {
      const chain = chains[c]!;
      const k = next[c]!;
      if (k >= countOf[chain]!) continue;
      const head = heads[chain * stride + k]!;
      if (head > now) {
        if (head < nextHead) nextHead = head;
      } else if (tails[chain * stride + k]! > bestTail) {
        best = c;
        bestTail = tails[chain * stride + k]!;
      }
    }
    if (best < 0) {
      if (nextHead === Number.POSITIVE_INFINITY) return bound;
      now = nextHead;
    } else if (now + left[best]! > nextHead) {
      left[best]! -= nextHead - now;
      now = nextHead;
    } else {
      now += left[best]!;
      if (now + bestTail > bound) bound = now + bestTail;
      next[best]! += 1;
      left[best] = durationSeconds[chains[best]!]!;
    }
  }
}
