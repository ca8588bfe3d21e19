// Options of `bace-plus`, with the default of this program. Each idea can be switched off, which is its ablation.

export interface PlusOptions {
  /** Weights of what a placement is judged by: time, electricity and egress, carbon; of the ideal placement's own. */
  readonly timeWeight: number;
  readonly costWeight: number;
  readonly carbonWeight: number;
  /** Most regions for the exact path search; the beam takes over beyond. */
  readonly exactRegions: number;
  /** Extra warm-up that hides the round trips of hops; without it a hop costs its delay in every micro-batch. */
  readonly hideLatency: boolean;
  /** Do not start if GPUs that are about to be free would finish the job this many times sooner; 0 never waits. */
  readonly waitGain: number;
  /** A job that has waited this many times its ideal run time may not be delayed by anybody any more; 0: never. */
  readonly patience: number;
  /** Jobs that a round looks at in vain before it leaves the rest for the next one. */
  readonly depth: number;
  /** Prices over the run instead of the price now. */
  readonly horizonPrices: boolean;
  /** Wait for cheaper electricity where a deadline leaves the time and nobody else is in the queue. */
  readonly deferral: boolean;
  /** Placements that are timed exactly, of those that look best by formula. */
  readonly finalists: number;
}

export const PLUS_DEFAULTS: PlusOptions = {
  timeWeight: 1,
  costWeight: 0.25,
  carbonWeight: 0,
  exactRegions: 10,
  hideLatency: true,
  waitGain: 1.02,
  patience: 20,
  depth: 20,
  horizonPrices: true,
  deferral: true,
  finalists: 2,
};
