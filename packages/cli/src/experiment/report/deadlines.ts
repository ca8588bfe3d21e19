// The report's section about jobs with deadlines: what waiting for cheaper electricity saves, and what it costs.
import { meanOf, quartilesOf, spreadOf } from "@bace-pipe/core/experiment";
import { DEADLINE_CONTENDERS, deadlineTask } from "../plan.ts";
import type { TaskResult } from "../task.ts";
import { meanQuartilesMedian, percent, percentRange, spreadTable, table } from "./markdown.ts";
import { deadlineShares, isComparable, type Results, ratiosTo, resultsOf } from "./results.ts";

export function deadlinesSection(results: Results, seeds: readonly number[]): string {
  const drawn = comparableDeadlines(results, seeds);
  return [
    "## Realistic WANs, hourly prices, deadlines\n",
    "Family wan-deadlines: as wan-hourly, and every job has a deadline: one and a half times what it takes alone, and half a " +
      `day to four days more. ${drawn.length} of ${seeds.length} scenarios are compared. JCT and cost over \`bace\`; ` +
      "deadlines kept: the mean over the scenarios, and the quartiles of a scenario's share:\n",
    table(
      [
        ...["policy", "JCT", "quartiles", "median", "cost", "quartiles", "median"],
        ...["deadlines kept", "quartiles", "median"],
      ],
      DEADLINE_CONTENDERS.map((name) => {
        const shares = deadlineShares(drawn, name);
        const { lowerQuartile, median, upperQuartile } = quartilesOf(shares);
        return [
          name,
          ...meanQuartilesMedian(spreadOf(ratiosTo("bace", drawn, name, "jctSeconds"))),
          ...meanQuartilesMedian(spreadOf(ratiosTo("bace", drawn, name, "usd"))),
          percent(meanOf(shares), 1),
          percentRange([lowerQuartile, upperQuartile]),
          percent(median, 1),
        ];
      }),
    ),
    "Without deferral, over `bace-plus` whole; above 1 deferral pays:\n",
    spreadTable(drawn, ["plus-no-deferral"], "bace-plus"),
  ].join("\n");
}

export function comparableDeadlines(results: Results, seeds: readonly number[]): TaskResult[] {
  return resultsOf(results, seeds.map(deadlineTask)).filter(isComparable);
}
