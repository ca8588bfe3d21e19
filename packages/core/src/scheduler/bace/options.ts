// What the paper leaves open, as named options with the default of this program. Results say which were used.
// The ablations of the paper's study are options too: each takes one of the three stages away.
import type { BandwidthNeed } from "../../cost/gpu-count.ts";
import type { RoundOptions } from "../round.ts";

export interface BaceOptions extends RoundOptions {
  /** Stage 1, or the ablation: first come, first served. */
  readonly order: "priority" | "fcfs";
  /** Congestion α: mean over links, or the busiest link. */
  readonly alpha: "mean" | "max";
  readonly normalization: "max" | "rank";
  /** Stage 2, or the ablation: the one region with most free GPUs, or any regions without a bandwidth test. */
  readonly pathfinder: "bandwidth-aware" | "largest-region" | "any-path";
  /** A hop's need: A/b ≤ F/k, or the whole micro-batch time with a margin. */
  readonly bandwidthNeed: BandwidthNeed;
  /** Where a path starts: the region with most free GPUs, the cheapest, or every region in turn (best time, then cost). */
  readonly seed: "most-free" | "cheapest" | "all";
  /** A path grows at its tail only, as Prim's algorithm from a path's end would, or at both ends. */
  readonly ends: "tail" | "both";
  /** Drop an end region (the dearer first) while the rest still has the GPUs. */
  readonly trim: boolean;
  /** Stage 3, or the ablation: each region gets one GPU, the rest by price, in the path's order, or in proportion. */
  readonly allocation: "cost-min" | "path-order" | "proportional";
}

export const BACE_DEFAULTS: BaceOptions = {
  queue: "skip",
  start: "exact",
  reorder: "round",
  order: "priority",
  alpha: "mean",
  normalization: "max",
  pathfinder: "bandwidth-aware",
  bandwidthNeed: "forward",
  seed: "most-free",
  ends: "tail",
  trim: true,
  allocation: "cost-min",
};
