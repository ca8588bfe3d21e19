// What the BACE-Pipe paper found, as directions that hold or don't in a set of results: BACE-Pipe, its four baselines, its
// three ablations. Ranges are the paper's: BACE-Pipe saves 27.9 to 64.7 % of JCT and 12.6 to 30.6 % of cost.

export interface Figures {
  readonly jctSeconds: number;
  readonly usd: number;
}

/** By policy name. */
export type Outcomes = Readonly<Record<string, Figures>>;

export interface Direction {
  readonly number: number;
  readonly finding: string;
  readonly holds: (outcomes: Outcomes) => boolean;
}

export const BASELINES = ["lcf", "ldf", "cr-lcf", "cr-ldf"] as const;
export const ABLATIONS = ["bace-no-priority", "bace-no-pathfinder", "bace-no-costmin"] as const;
export const STUDY_POLICIES = ["bace", ...BASELINES, ...ABLATIONS] as const;

export const PAPER_JCT_SAVING = [0.279, 0.647] as const;
export const PAPER_COST_SAVING = [0.126, 0.306] as const;

export const DIRECTIONS: readonly Direction[] = [
  { number: 1, finding: "BACE has the best JCT", holds: (outcomes) => isBest(outcomes, jct) },
  { number: 2, finding: "BACE has the best cost", holds: (outcomes) => isBest(outcomes, usd) },
  {
    number: 3,
    finding: "CR-LDF has a worse JCT than LDF",
    holds: ({ "cr-ldf": pooled, ldf }) => jct(pooled!) > jct(ldf!),
  },
  {
    number: 4,
    finding: "CR-LCF has a worse JCT than LCF",
    holds: ({ "cr-lcf": pooled, lcf }) => jct(pooled!) > jct(lcf!),
  },
  {
    number: 5,
    finding: "what is missed most, in JCT: pathfinder, priority, cost-min",
    holds: (outcomes) =>
      descending(outcomes, jct, ["bace-no-pathfinder", "bace-no-priority", "bace-no-costmin"]),
  },
  {
    number: 6,
    finding: "what is missed most, in cost: pathfinder, cost-min, priority",
    holds: (outcomes) =>
      descending(outcomes, usd, ["bace-no-pathfinder", "bace-no-costmin", "bace-no-priority"]),
  },
  {
    number: 7,
    finding: "JCT savings against the baselines overlap 27.9 to 64.7 %",
    holds: (outcomes) => overlaps(savings(outcomes, jct), PAPER_JCT_SAVING),
  },
  {
    number: 8,
    finding: "cost savings against the baselines overlap 12.6 to 30.6 %",
    holds: (outcomes) => overlaps(savings(outcomes, usd), PAPER_COST_SAVING),
  },
];

export const TREND_SCALES = [
  { name: "bandwidth × 0.3", gpus: 1, bandwidth: 0.3 },
  { name: "bandwidth × 1.5", gpus: 1, bandwidth: 1.5 },
  { name: "GPUs × 0.5", gpus: 0.5, bandwidth: 1 },
  { name: "GPUs × 1.25", gpus: 1.25, bandwidth: 1 },
  { name: "24 jobs", gpus: 1, bandwidth: 1, jobs: 24 },
] as const;

/** The ninth, of several sets of outcomes: direction 1 at every one of `TREND_SCALES`. */
export const TREND_DIRECTION = {
  number: 9,
  finding: "BACE keeps the best JCT under other bandwidths, GPUs and loads",
  holds: (scaled: readonly Outcomes[]): boolean => scaled.every((outcomes) => isBest(outcomes, jct)),
};

export function isBest(outcomes: Outcomes, figure: (figures: Figures) => number): boolean {
  return BASELINES.every((name) => figure(outcomes["bace"]!) < figure(outcomes[name]!));
}

/** Least and greatest share that BACE saves against a baseline. */
export function savings(outcomes: Outcomes, figure: (figures: Figures) => number): [number, number] {
  const saved = BASELINES.map((name) => 1 - figure(outcomes["bace"]!) / figure(outcomes[name]!));
  return [Math.min(...saved), Math.max(...saved)];
}

function overlaps([a, b]: readonly [number, number], [c, d]: readonly [number, number]): boolean {
  return a <= d && c <= b;
}

function descending(
  outcomes: Outcomes,
  figure: (figures: Figures) => number,
  names: readonly string[],
): boolean {
  return names.slice(1).every((name, i) => figure(outcomes[names[i]!]!) > figure(outcomes[name]!));
}

export const jct = ({ jctSeconds }: Figures): number => jctSeconds;
export const usd = ({ usd: dollars }: Figures): number => dollars;
