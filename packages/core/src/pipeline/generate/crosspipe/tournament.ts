/** Who of `size` players has the smallest key: a tree of winners. Ties: the lower player. O(log size) to change a key. */
export interface Tournament {
  readonly leaves: number;
  readonly keys: Float64Array;
  /** Node 1 is the root; the children of node n are 2n and 2n + 1. */
  readonly winners: Int32Array;
}

/** All keys are infinite. */
export function createTournament(size: number): Tournament {
  let leaves = 1;
  while (leaves < size) leaves *= 2;
  const winners = new Int32Array(2 * leaves);
  for (let node = 2 * leaves - 1; node >= 1; node--)
    winners[node] = node >= leaves ? node - leaves : winners[2 * node]!;
  return { leaves, keys: new Float64Array(leaves).fill(Number.POSITIVE_INFINITY), winners };
}

export function firstOf({ winners }: Tournament): number {
  return winners[1]!;
}

export function setKey({ keys, leaves, winners }: Tournament, player: number, key: number): void {
  if (keys[player] === key) return;
  keys[player] = key;
  for (let node = (leaves + player) >> 1; node >= 1; node >>= 1) {
    const left = winners[2 * node]!;
    const right = winners[2 * node + 1]!;
    winners[node] = keys[right]! < keys[left]! ? right : left;
  }
}
