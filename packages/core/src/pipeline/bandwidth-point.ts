/**
 * How much bandwidth a hop between regions is worth: the least with which extra warm-up forwards hide it, and the other
 * way round (the warm-up rule of `generate/one-f-one-b.ts` solved for bandwidth; GeoPipe, arXiv 2510.12064, calls it the
 * bandwidth optimization point). With V the bits of a message, C a micro-batch's time on the slowest rank, α the one-way
 * latency and ΔN the extra forwards of the hop:
 *
 *     a message leaves before the next one comes   V/b ≤ C              b ≥ V/C
 *     ΔN periods are as long as a round trip       2(α + V/b) ≤ ΔN·C    b ≥ V / (ΔN·C/2 − α)
 *
 * More than the larger of the two buys 2·Δ(V/b) of an iteration; less costs time with every micro-batch. Memory buys
 * bandwidth: V = 1 GB, C = 114 ms, α = 5 ms need 154 Gbit/s with one extra activation, and 73 with two; no amount of them
 * makes less than V/C = 70 enough.
 *
 * Holds where all ranks take C; where some take less, this is enough. Several hops: with V/b above a forward's time the
 * fill alone grows (see `extraForwardsOf`). Leaves out: what else takes the link.
 */

import { hidingForwards } from "./generate/one-f-one-b.ts";

/** One hop of a 1F1B pipeline, both directions alike. */
export type Crossing = {
  /** V, of one micro-batch and direction. */
  readonly messageBits: number;
  /** α, one way. */
  readonly latencySeconds: number;
  /** C: forward and backward of one micro-batch on the slowest rank, overheads included. */
  readonly periodSeconds: number;
};

/** V/C, in bits per second: with less, the link is the bottleneck whatever the schedule and the memory. */
export function floorBitsPerSecond({ messageBits, periodSeconds }: Crossing): number {
  return messageBits / periodSeconds;
}

/**
 * Bits per second with which `extraForwards` (ΔN, 0 or more) hide the hop; Infinity where none does, because the latency
 * alone is as long as half of their periods.
 */
export function bandwidthPoint(crossing: Crossing, extraForwards: number): number {
  const { latencySeconds, messageBits, periodSeconds } = crossing;
  if (messageBits === 0 && latencySeconds === 0) return 0;
  const slackSeconds = (extraForwards * periodSeconds) / 2 - latencySeconds;
  // Nothing to send needs no bandwidth, but what it waits for must still arrive in time.
  if (messageBits === 0) return slackSeconds >= 0 ? 0 : Number.POSITIVE_INFINITY;
  if (slackSeconds <= 0) return Number.POSITIVE_INFINITY;
  return Math.max(floorBitsPerSecond(crossing), messageBits / slackSeconds);
}

/** The inverse: the fewest extra forwards that hide the hop at a bandwidth; Infinity below V/C, where none do. */
export function forwardsToHide(crossing: Crossing, bitsPerSecond: number): number {
  const { latencySeconds, messageBits, periodSeconds } = crossing;
  const occupancySeconds = messageBits === 0 ? 0 : messageBits / bitsPerSecond;
  if (occupancySeconds > periodSeconds * (1 + 1e-9)) return Number.POSITIVE_INFINITY;
  return hidingForwards(2 * (latencySeconds + occupancySeconds), periodSeconds);
}

/** ⌈2α/C⌉ + 2, with which V/C is enough: more forwards are of no use. 0 for a hop that takes no time. */
export function mostUsefulForwards(crossing: Crossing): number {
  return forwardsToHide(crossing, floorBitsPerSecond(crossing));
}

/**
 * Seconds of α + β, the first left out and the last included, for which the rule asks for exactly `extraForwards`: a
 * measured latency or bandwidth may wander between them and no plan need change.
 */
export function steadyDelay(
  extraForwards: number,
  periodSeconds: number,
): { readonly aboveSeconds: number; readonly upToSeconds: number } {
  const upToSeconds = (extraForwards * periodSeconds) / 2;
  return { aboveSeconds: extraForwards === 0 ? -Infinity : upToSeconds - periodSeconds / 2, upToSeconds };
}

/** The same as bits per second, at the latency that there is, the first included and the last left out; undefined if none. */
export function steadyBandwidth(
  crossing: Crossing,
  extraForwards: number,
): { readonly fromBitsPerSecond: number; readonly belowBitsPerSecond: number } | undefined {
  const fromBitsPerSecond = bandwidthPoint(crossing, extraForwards);
  if (fromBitsPerSecond === Number.POSITIVE_INFINITY) return undefined;
  const belowBitsPerSecond =
    extraForwards === 0 ? Number.POSITIVE_INFINITY : bandwidthPoint(crossing, extraForwards - 1);
  return belowBitsPerSecond > fromBitsPerSecond ? { fromBitsPerSecond, belowBitsPerSecond } : undefined;
}
