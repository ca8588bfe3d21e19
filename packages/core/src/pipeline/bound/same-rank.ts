/**
 * What must come before an operation on its own rank, by data and by memory, takes that rank's time: the operation starts
 * no sooner than those can be through, one after the other, none before its head. All of a chain up to `k + shift`
 * comes before the k-th operation of a chain, so "what comes before" grows at the end of each chain as k does, and
 * the largest of (head t, work of those with a head of t or more) is kept up in passing:
 * that work is at least G(k) - g(t), G counting all that comes before and g what has an earlier head, whether it comes before
 * or not.
 * Run backwards, from the last micro-batch to the first and with chains' roles exchanged, the same raises tails.
 */

import type { Shop } from "./shop.ts";

/** No operation of the chain comes before. */
const NONE = -(2 ** 30);

/** By rank: the shift of `before` against `after` is `shifts[width · after + before]`, in their places in the rank's chains. */
export function precedenceShifts(shop: Shop, rank: number): Int32Array {
  const { halfUnits, stages } = shop;
  const chains = shop.ranks[rank]!;
  const room = halfUnits[rank]!;
  const width = chains.length;
  const shifts = new Int32Array(width * width).fill(NONE);
  for (let later = 0; later < width; later++) {
    const laterPlace = Math.floor(chains[later]! / 3);
    const laterKind = chains[later]! % 3;
    for (let earlier = 0; earlier < width; earlier++) {
      const place = Math.floor(chains[earlier]! / 3);
      const kind = chains[earlier]! % 3;
      if (Math.floor(place / stages) !== Math.floor(laterPlace / stages)) continue;
      // Through memory, F number k of the later stage comes after its own I number k - ⌊K/2⌋, and after all that this does.
      let shift = NONE;
      const released = 1 - (room >> 1);
      if (kind === 0) {
        if (laterKind === 0) shift = place < laterPlace ? 1 : place === laterPlace ? 0 : released;
        else shift = 1;
      } else if (kind === 1) {
        if (laterKind === 0) shift = place >= laterPlace ? released : NONE;
        else if (place > laterPlace) shift = 1;
        else if (place === laterPlace) shift = laterKind === 1 ? 0 : 1;
      } else if (place === laterPlace) shift = laterKind === 2 ? 0 : 2 - room;
      shifts[width * later + earlier] = shift;
    }
  }
  return shifts;
}

/** Room to work in, as large as the rank with the most chains needs. */
export type Scratch = {
  /** Operations of a rank by time; chain c's k-th is c · stride + k, chains counted on the rank. */
  readonly order: Int32Array;
  /** By operation: its time less the work, among what counts for a target, of those before it in that order. */
  readonly lead: Float64Array;
};

export function makeScratch({ ranks, stride }: Shop): Scratch {
  const size = stride * Math.max(...ranks.map((chains) => chains.length));
  return { order: new Int32Array(size), lead: new Float64Array(size) };
}

/**
 * Raises `times` (heads; or tails, if `backwards`) of one rank's operations; whether anything was raised.
 * @param counts operations by chain
 */
export function raiseByRank(
  shop: Shop,
  chains: readonly number[],
  shifts: Int32Array,
  counts: Int32Array,
  times: Float64Array,
  backwards: boolean,
  scratch: Scratch,
): boolean {
  const { durationSeconds, stride } = shop;
  const { lead, order } = scratch;
  const width = chains.length;
  const step = backwards ? -1 : 1;
  // Of the shift of chain c against the target: backwards, the roles change.
  const perChain = backwards ? width : 1;
  const perTarget = backwards ? 1 : width;
  const operations = mergeByTime(shop, chains, counts, times, backwards, order);
  const passed = new Int32Array(width);
  let raised = false;
  for (let target = 0; target < width; target++) {
    let work = 0;
    for (let place = 0; place < operations; place++) {
      const operation = order[place]!;
      const c = Math.floor(operation / stride);
      if (shifts[perChain * c + perTarget * target]! === NONE) continue;
      const chain = chains[c]!;
      const k = operation - c * stride;
      lead[operation] = times[chain * stride + (backwards ? counts[chain]! - 1 - k : k)]! - work;
      work += durationSeconds[chain]!;
    }
    const count = counts[chains[target]!]!;
    const base = chains[target]! * stride + (backwards ? count - 1 : 0);
    passed.fill(0);
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < count; k++) {
      let before = 0;
      for (let c = 0; c < width; c++) {
        const shift = shifts[perChain * c + perTarget * target]!;
        if (shift === NONE) continue;
        const through = Math.min(k + shift, count);
        if (through <= 0) continue;
        before += through * durationSeconds[chains[c]!]!;
        const last = c * stride + through;
        for (let operation = c * stride + passed[c]!; operation < last; operation++)
          if (lead[operation]! > most) most = lead[operation]!;
        passed[c] = through;
      }
      const at = base + step * k;
      if (most + before > times[at]! * (1 + 1e-12)) {
        times[at] = most + before;
        raised = true;
      }
    }
  }
  return raised;
}

/** Fills `order`; how many operations there are. */
function mergeByTime(
  { stride }: Shop,
  chains: readonly number[],
  counts: Int32Array,
  times: Float64Array,
  backwards: boolean,
  order: Int32Array,
): number {
  const width = chains.length;
  const next = new Int32Array(width);
  for (let length = 0; ; length++) {
    let first = -1;
    let firstTime = Number.POSITIVE_INFINITY;
    for (let c = 0; c < width; c++) {
      const chain = chains[c]!;
      const k = next[c]!;
      if (k === counts[chain]!) continue;
      const time = times[chain * stride + (backwards ? counts[chain]! - 1 - k : k)]!;
      if (time < firstTime) {
        first = c;
        firstTime = time;
      }
    }
    if (first < 0) return length;
    order[length] = first * stride + next[first]!;
    next[first]! += 1;
  }
}
