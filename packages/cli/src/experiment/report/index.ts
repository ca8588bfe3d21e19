// The report of `bace experiment paper`, in Markdown: each figure beside the paper's, and what does not reproduce.
import { seedsOf, sweepDraws, TRUE_FAMILIES } from "../plan.ts";
import { contendersSection } from "./contenders.ts";
import { deadlinesSection } from "./deadlines.ts";
import { defaultSection } from "./default-point.ts";
import { inShort } from "./in-short.ts";
import { openSection } from "./open-choices.ts";
import { policiesSection } from "./policies.ts";
import type { Results } from "./results.ts";
import { wanSweepSection } from "./wan-sweeps.ts";

export interface ReportHead {
  readonly version: string;
  readonly sources: string;
  readonly draws: number;
}

export function reportText(results: Results, { draws, sources, version }: ReportHead): string {
  const seeds = seedsOf(draws);
  return [
    "# The paper's study, repeated\n",
    "BACE-Pipe (arXiv 2605.25375) and `bace-plus`, simulated on the paper's setting and beyond it. JCT is job completion time, " +
      "submit to finish, and a scenario's is the mean over its jobs; cost is that of electricity. Ratios compare policies in the same scenario: " +
      "over `bace`, 0.9 is a tenth less than `bace` has. In every section only those scenarios are compared in which every " +
      "policy finished every job and paid for electricity. Jobs are large, few and not interrupted, so single scenarios are chaotic: " +
      "look at medians, quartiles and shares, not at the point.\n",
    "A drawn scenario has six regions of 16 to 128 A6000 each, and 8 to 24 jobs: models of 14 to 101 billion parameters, data " +
      "sets of 13 million to 9.5 billion tokens, all submitted at once or by a Poisson process.\n",
    `Seeds 1 to ${draws} of each family. Sources ${sources} of bace ${version}; the same sources give the same report:\n`,
    `    npx bace experiment paper --draws ${draws}\n`,
    inShort(results, seeds),
    policiesSection(),
    defaultSection(results),
    openSection(results, seeds),
    ...TRUE_FAMILIES.map((family) => contendersSection(results, family, seeds)),
    deadlinesSection(results, seeds),
    wanSweepSection(results, seeds.slice(0, sweepDraws(draws))),
  ].join("\n");
}
