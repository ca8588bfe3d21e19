/**
 * Which rule is best: one rule misses the optimum now and then, and another pipeline wants another rule. First the same
 * preference on all ranks, by the paper's rule and its opposites; then changes of single ranks from the best so far, at
 * random but the same every time. Ends at the bound, or when so many blocks have been placed that more would cost more
 * than it brings.
 */
import { type GreedyOrder, type GreedyRule, greedyOrder, PREFERENCES } from "./greedy.ts";
import type { GreedyInput } from "./input.ts";

/** Blocks that the search may place, and orders that it tries in any case, the uniform ones among them. */
const BLOCKS = 60_000;
const LEAST_ORDERS = 12;
const CHUNKS_FIRST = ["last", "first", "other"] as const;

/** Orders that are tried where the caller does not say. */
export function ordersOf({ microbatches, stages }: GreedyInput): number {
  return Math.max(LEAST_ORDERS, Math.floor(BLOCKS / (3 * stages * microbatches)));
}

/** The best order found; undefined if none fits into memory. */
export function searchOrder(
  input: GreedyInput,
  boundSeconds: number,
  orders = ordersOf(input),
): GreedyOrder | undefined {
  let best: GreedyOrder | undefined;
  let rule: GreedyRule | undefined;
  let seed = 1;
  const random = (count: number) => {
    seed = (seed * 48_271) % 2_147_483_647; // Park and Miller, 1988
    return seed % count;
  };
  const uniform = uniformRules(input);
  for (let tried = 0; tried < orders; tried++) {
    const next = uniform[tried] ?? changed(rule!, input, random);
    const order = greedyOrder(input, next);
    if (!order) return best;
    if (best && order.makespanSeconds > best.makespanSeconds) continue;
    rule = next; // of equal ones the last, so that the search goes on from another place
    if (!best || order.makespanSeconds < best.makespanSeconds) best = order;
    if (best.makespanSeconds <= boundSeconds + input.toleranceSeconds) return best;
  }
  return best;
}

function uniformRules({ ranks, stages }: GreedyInput): readonly GreedyRule[] {
  const several = stages > ranks;
  const kept = several ? [1, ranks >> 1, ranks].map((places) => same(ranks, places)) : [same(ranks, 1)];
  // In a V, where a rank's first chunk is far from its second it has to be far ahead of it.
  if (several) kept.push(Array.from({ length: ranks }, (_, rank) => rank + 1));
  return kept.flatMap((keptPlaces) =>
    PREFERENCES.slice(0, several ? 2 : 3).map(
      (preference): GreedyRule => ({
        prefer: same(ranks, preference),
        patience: 0,
        chunkFirst: "last",
        keptPlaces,
      }),
    ),
  );
}

/** One or two ranks with another preference, and now and then another patience, order of chunks or room for them. */
function changed(
  rule: GreedyRule,
  { ranks, stages }: GreedyInput,
  random: (count: number) => number,
): GreedyRule {
  const prefer = rule.prefer.slice();
  for (let changes = 1 + random(2); changes > 0; changes--)
    prefer[random(ranks)] = PREFERENCES[random(PREFERENCES.length)]!;
  const several = stages > ranks;
  return {
    prefer,
    patience: random(4) === 0 ? random(4) / 4 : rule.patience,
    chunkFirst: several && random(4) === 0 ? CHUNKS_FIRST[random(3)]! : rule.chunkFirst,
    keptPlaces: several && random(3) === 0 ? otherPlaces(rule.keptPlaces, random) : rule.keptPlaces,
  };
}

/** The same number on all ranks, or one more or less on some rank and those behind it. */
function otherPlaces(places: readonly number[], random: (count: number) => number): readonly number[] {
  if (random(3) === 0) return same(places.length, 1 + random(places.length));
  const from = random(places.length);
  const more = random(2) === 0 ? 1 : -1;
  return places.map((place, rank) => (rank >= from ? Math.max(1, place + more) : place));
}

function same<T>(ranks: number, value: T): readonly T[] {
  return Array<T>(ranks).fill(value);
}
