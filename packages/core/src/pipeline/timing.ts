/**
 * What a schedule costs on given hardware: seconds per block and per message. Input of the timing pass.
 *
 * Link model (CrossPipe, arXiv 2507.00217): a message occupies its directed link for `occupancySeconds` =
 * bytes / bandwidth, later messages queue behind it, and it arrives `latencySeconds` after it has left the
 * link. The latency does not occupy. The two directions do not disturb each other. Links that name a `medium` share
 * it: their messages queue for it together, first come first served.
 *
 * Data parallelism (CrossPipe, section on DP): after a stage's last gradient its replicas reduce their gradients, and
 * before its first forward they gather its weights. That is overlapped with the pipeline, and contends with its messages
 * where both take the same link.
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
  /** Links with the same medium are one cable: what all of them send queues for it together. */
  readonly medium?: number;
};

/** What the replicas of a rank exchange in an iteration for one of its stages. The makespan includes it. */
export type GradientSync = {
  readonly rank: number;
  readonly stage: number;
  /** Seconds after the last gradient of the stage: a reduce-scatter, or all of an all-reduce. */
  readonly reduceSeconds: number;
  /** Seconds from the start of the iteration, before the stage's first forward: an all-gather; 0 for an all-reduce. */
  readonly gatherSeconds: number;
  /** The link from the rank to this one carries it, between the pipeline's messages; a network apart if absent. */
  readonly overLinkToRank?: number;
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
  /** At most one per rank and stage; none where there is one replica. */
  readonly gradientSyncs?: readonly GradientSync[];
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
