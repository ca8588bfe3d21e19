/**
 * What a schedule costs on given hardware: seconds per block and per message. Input of the timing pass.
 *
 * Link model (CrossPipe, arXiv 2507.00217): a message occupies its directed link for `occupancySeconds` =
 * bytes / bandwidth, later messages queue behind it, and it arrives `latencySeconds` after it has left the
 * link. The latency does not occupy. The two directions do not disturb each other. Leaves out: links shared
 * by several pairs of ranks. A link has one sender, so the order of its messages is that sender's order,
 * which is what lets the timing pass run without an event heap.
 */

/** One-way latency and occupancy of one message on one hop. */
export type Hop = {
  readonly latencySeconds: number;
  readonly occupancySeconds: number;
};

/** A directed link between two ranks. */
export type Link = Hop & {
  readonly fromRank: number;
  readonly toRank: number;
};

export type Timing = {
  /** Seconds of one micro-batch's block, by stage. A whole backward lasts input plus weight gradient. */
  readonly forwardSeconds: readonly number[];
  readonly inputGradSeconds: readonly number[];
  readonly weightGradSeconds: readonly number[];
  /** Added to each F, B, I and W (dispatch, kernel launches). Sends and receives are posted, at no cost. */
  readonly overheadSeconds: number;
  /** At most one per directed pair of ranks; a pair that is not listed communicates in no time. */
  readonly links: readonly Link[];
};

/**
 * Both directions of a chain of ranks: `forward[h]` leads from rank h to h+1, `backward[h]` from rank h+1 to
 * h. Throws if their lengths differ.
 */
export function chainLinks(forward: readonly Hop[], backward: readonly Hop[] = forward): readonly Link[] {
  if (forward.length !== backward.length) throw new RangeError("a chain has as many hops back as forth");
  return [
    ...forward.map((hop, rank) => ({ ...hop, fromRank: rank, toRank: rank + 1 })),
    ...backward.map((hop, rank) => ({ ...hop, fromRank: rank + 1, toRank: rank })),
  ];
}
