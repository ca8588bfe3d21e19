/**
 * The highest prefix sum of numbers that are cleared one by one, in O(log n): a binary tree over them whose nodes know
 * the sum of what is below and its highest prefix sum. Node 1 is the root, node i has the children 2i and 2i+1.
 */

export interface Sums {
  readonly sum: Int32Array;
  /** Of prefixes of any length; 0 for none. */
  readonly highest: Int32Array;
}

/** @param values integers */
export function createSums(values: readonly number[]): Sums {
  const leaves = 2 ** Math.ceil(Math.log2(Math.max(1, values.length)));
  const sum = new Int32Array(2 * leaves);
  sum.set(values, leaves);
  const sums = { sum, highest: sum.map((value) => Math.max(0, value)) };
  for (let node = leaves - 1; node > 0; node--) addUp(sums, node);
  return sums;
}

/** Makes the value at a position 0. */
export function clear(sums: Sums, position: number): void {
  let node = sums.sum.length / 2 + position;
  sums.sum[node] = 0;
  sums.highest[node] = 0;
  for (node >>= 1; node > 0; node >>= 1) addUp(sums, node);
}

/** Of the sums of the values from the start up to a position, at most those before `position`. */
export function highestBefore({ highest, sum }: Sums, position: number): number {
  let best = 0;
  for (let node = sum.length / 2 + position; node > 1; node >>= 1)
    if (node % 2 === 1) best = Math.max(highest[node - 1]!, sum[node - 1]! + best);
  return best;
}

function addUp({ highest, sum }: Sums, node: number): void {
  const [left, right] = [2 * node, 2 * node + 1];
  sum[node] = sum[left]! + sum[right]!;
  highest[node] = Math.max(highest[left]!, sum[left]! + highest[right]!);
}
