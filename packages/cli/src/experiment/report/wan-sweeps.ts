// The report's section about the paper's sweeps, repeated on realistic WANs.
import { quartilesOf } from "@bace-pipe/core/experiment";
import { SWEEPS, sweepTask } from "../plan.ts";
import { ratio, table } from "./markdown.ts";
import { bestBaseline, type Figure, isComparable, type Results, ratiosTo, resultsOf } from "./results.ts";

export function wanSweepSection(results: Results, seeds: readonly number[]): string {
  return [
    "## The paper's sweeps on realistic WANs\n",
    `Family wan-hourly, seeds 1 to ${seeds.length}, the same at every point. Medians over the scenarios that are compared, over ` +
      "`bace` in the same scenario; the best baseline is another one for each scenario and figure.\n",
    ...SWEEPS.map(({ name, points }) =>
      table(
        [name, "compared", "bace-plus JCT", "best baseline JCT", "bace-plus cost", "best baseline cost"],
        points.map(({ label, scale }) => {
          const tasks = seeds.map((seed) => sweepTask("wan-hourly", seed, scale));
          const drawn = resultsOf(results, tasks).filter(isComparable);
          const plus = (figure: Figure) => median(ratiosTo("bace", drawn, "bace-plus", figure));
          const best = (figure: Figure) =>
            median(drawn.map((each) => bestBaseline(each, figure) / each.results["bace"]![figure]));
          return [
            label,
            String(drawn.length),
            ...[plus("jctSeconds"), best("jctSeconds"), plus("usd"), best("usd")],
          ];
        }),
      ),
    ),
  ].join("\n");
}

function median(ratios: readonly number[]): string {
  return ratio(quartilesOf(ratios).median);
}
