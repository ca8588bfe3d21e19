// What the paper (arXiv 2605.25375) reports, for the column beside ours. The abstract's figures are certain, the others are
// as summarised by others: its full text was not at hand.

export const PAPER_ABLATION: Readonly<Record<string, string>> = {
  bace: "JCT 27.9 to 64.7 % and cost 12.6 to 30.6 % below the baselines",
  "cr-ldf": "JCT 28.8 % above LDF's",
  "cr-lcf": "JCT 13.1 % above LCF's",
  "bace-no-priority": "JCT +41.9 %, cost +5.0 %",
  "bace-no-pathfinder": "JCT +52.5 %, cost +20.5 %",
  "bace-no-costmin": "JCT +4.6 %, cost +13.9 %",
};

export const PAPER_SWEEPS: Readonly<Record<string, string>> = {
  bandwidth:
    "at × 0.3 BACE's cost is 29.2 to 34.9 % below; at × 1.5 the baselines' JCT is 42.9 to 240.3 % above.",
  GPUs: "at × 0.5 BACE's JCT is 32.2 to 69.9 % below; at × 1.25 the baselines are 5.5 to 20.7 % above in JCT, 0.2 to 9.4 % in cost.",
  jobs: "with 24 jobs BACE's JCT is 9.7 to 23.3 % below, its cost about 1 %.",
};
