// Options of the four baselines. First come first served is strict by default: the paper's baselines suffer from
// head-of-line blocking. `exact` as for BACE: every policy gets the same GPU count K*.
import type { BandwidthNeed } from "../../cost/gpu-count.ts";
import type { RoundOptions } from "../round.ts";

export interface BaselineOptions extends RoundOptions {
  /** What a hop asks for; it gets less if less is left. */
  readonly bandwidthNeed: BandwidthNeed;
  /** A hop is usable if it has a floor left, or everything that the job needs. */
  readonly hopTest: "floor" | "need";
  /** A hop with less than this share of its capacity left is unusable, not infinitely slow. */
  readonly hopFloorShare: number;
}

export const BASELINE_DEFAULTS: BaselineOptions = {
  queue: "block",
  start: "exact",
  bandwidthNeed: "forward",
  hopTest: "floor",
  hopFloorShare: 0.05,
};
