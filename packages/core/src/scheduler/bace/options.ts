// What the paper leaves open, as named options with the default of this program. Results say which were used.
import type { BandwidthNeed } from "../../cost/gpu-count.ts";
import type { RoundOptions } from "../round.ts";

export interface BaceOptions extends RoundOptions {
  /** Congestion α: mean over links, or the busiest link. */
  readonly alpha: "mean" | "max";
  readonly normalization: "max" | "rank";
  /** A hop's need: A/b ≤ F/k, or the whole micro-batch time with a margin. */
  readonly bandwidthNeed: BandwidthNeed;
  /** Where a path starts: the region with most free GPUs, the cheapest, or every region in turn (best time, then cost). */
  readonly seed: "most-free" | "cheapest" | "all";
  /** A path grows at its tail only, as Prim's algorithm from a path's end would, or at both ends. */
  readonly ends: "tail" | "both";
  /** Drop an end region (the dearer first) while the rest still has the GPUs. */
  readonly trim: boolean;
}

export const BACE_DEFAULTS: BaceOptions = {
  queue: "skip",
  start: "exact",
  alpha: "mean",
  normalization: "max",
  bandwidthNeed: "forward",
  seed: "most-free",
  ends: "tail",
  trim: true,
};
