// The report's section about random draws of everything that the paper leaves open.
import { ABLATIONS, BASELINES, shareOf } from "@bace-pipe/core/experiment";
import { openTask } from "../plan.ts";
import type { TaskResult } from "../task.ts";
import { findingsInDraws } from "./findings.ts";
import { percent, spreadTable, table } from "./markdown.ts";
import { type Figure, isComparable, type Results, resultsOf } from "./results.ts";

export function openSection(results: Results, seeds: readonly number[]): string {
  const drawn = resultsOf(results, seeds.map(openTask)).filter(isComparable);
  const findings = findingsInDraws(results, seeds).map(({ detail, draws, finding, number, share }) => [
    String(number),
    detail === undefined ? finding : `${finding}: ${detail}`,
    percent(share),
    String(draws),
  ]);
  return [
    "## Everything that the paper leaves open, at random\n",
    "Family paper-open: rules of the policies, time model, link sharing, usable bandwidth, arrivals, fleet and jobs are drawn. " +
      `${drawn.length} of ${seeds.length} draws are compared; for (9), those that can be at every scale.\n`,
    table(["", "the paper's finding", "share of draws", "draws"], findings),
    "Over `bace`:\n",
    spreadTable(drawn, [...BASELINES, ...ABLATIONS]),
    table(
      ["", ...BASELINES],
      [
        [
          "draws in which its JCT is below BACE's",
          ...BASELINES.map((name) => beats(drawn, name, "jctSeconds")),
        ],
        ["draws in which its cost is below BACE's", ...BASELINES.map((name) => beats(drawn, name, "usd"))],
      ],
    ),
  ].join("\n");
}

function beats(drawn: readonly TaskResult[], name: string, figure: Figure): string {
  return percent(shareOf(drawn, ({ results }) => results[name]![figure] < results["bace"]![figure]));
}
