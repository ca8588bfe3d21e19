// What the paper (arXiv 2605.25375) reports, for the column beside ours. The abstract's figures are certain, the others are
// as summarised by others: its full text was not at hand.

/** JCT and cost of each ablation over BACE-Pipe's own. */
export const PAPER_ABLATION: Readonly<Record<string, string>> = {
  "bace-no-priority": "JCT 1.419, cost 1.050",
  "bace-no-pathfinder": "JCT 1.525, cost 1.205",
  "bace-no-costmin": "JCT 1.046, cost 1.139",
};

/** A pooling baseline's JCT over that of the baseline that stays in one region. */
export const PAPER_PARADOX = [
  { pooled: "cr-lcf", alone: "lcf", paper: "1.131" },
  { pooled: "cr-ldf", alone: "ldf", paper: "1.288" },
] as const;

export interface SweepFigure {
  /** Label of the sweep's point. */
  readonly at: string;
  readonly figure: "jctSeconds" | "usd";
  /** `below`: what BACE saves of a baseline's figure. `above`: what a baseline needs more than BACE. */
  readonly measure: "below" | "above";
  readonly paper: string;
}

/** By sweep. Over the four baselines, least to greatest. */
export const PAPER_SWEEPS: Readonly<Record<string, readonly SweepFigure[]>> = {
  bandwidth: [
    { at: "× 0.3", figure: "usd", measure: "below", paper: "29.2 to 34.9 %" },
    { at: "× 1.5", figure: "jctSeconds", measure: "above", paper: "42.9 to 240.3 %" },
  ],
  GPUs: [
    { at: "× 0.5", figure: "jctSeconds", measure: "below", paper: "32.2 to 69.9 %" },
    { at: "× 1.25", figure: "jctSeconds", measure: "above", paper: "5.5 to 20.7 %" },
    { at: "× 1.25", figure: "usd", measure: "above", paper: "0.2 to 9.4 %" },
  ],
  jobs: [
    { at: "24", figure: "jctSeconds", measure: "below", paper: "9.7 to 23.3 %" },
    { at: "24", figure: "usd", measure: "below", paper: "about 1 %" },
  ],
};
