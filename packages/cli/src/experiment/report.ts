// The report of `bace experiment paper`, in Markdown: each figure beside the paper's, and what does not reproduce.
import {
  ABLATIONS,
  BASELINES,
  DIRECTIONS,
  isBest,
  jct,
  LENIENT_BASELINES,
  type Outcomes,
  PLUS_ABLATIONS,
  type Spread,
  shareOf,
  spreadOf,
  TREND_SCALES,
  UNSCALED,
} from "@bace-pipe/core/experiment";
import { PAPER_ABLATION, PAPER_SWEEPS } from "./paper-figures.ts";
import {
  defaultTask,
  openTask,
  plusTask,
  REFERENCES,
  SWEEPS,
  sweepDraws,
  sweepTask,
  TRUE_FAMILIES,
  trendTask,
} from "./plan.ts";
import { type ContenderResult, type Task, type TaskResult, taskId } from "./task.ts";

export interface ReportHead {
  readonly version: string;
  readonly sources: string;
  readonly draws: number;
}

type Results = ReadonlyMap<string, TaskResult>;

export function reportText(results: Results, head: ReportHead): string {
  const { draws, sources, version } = head;
  const seeds = Array.from({ length: draws }, (_, i) => i + 1);
  return [
    "# The paper's study, repeated\n",
    `bace ${version}, sources ${sources}, seeds 1 to ${draws} of each family. Every figure is simulated. JCT is job ` +
      "completion time, submit to finish; cost is electricity. Ratios are to `bace` on the same scenario; above 1 is " +
      "worse than `bace`. Jobs are large, few and not interrupted, so single scenarios are chaotic: look at medians, " +
      "quartiles and shares, not at the point.\n",
    "Reproduce: `npx bace experiment paper`.\n",
    defaultSection(results),
    openSection(results, seeds),
    ...TRUE_FAMILIES.map((family) => contendersSection(results, family, seeds)),
    wanSweepSection(results, seeds.slice(0, sweepDraws(draws))),
  ].join("\n");
}

function defaultSection(results: Results): string {
  const base = outcomesOf(resultOf(results, defaultTask(UNSCALED)));
  const rows = Object.entries(base).map(([name, { jctSeconds, usd }]) => [
    name,
    (jctSeconds / 3600).toFixed(1),
    usd.toFixed(0),
    ratio(jctSeconds / base["bace"]!.jctSeconds),
    ratio(usd / base["bace"]!.usd),
    PAPER_ABLATION[name] ?? "",
  ]);
  const directions = DIRECTIONS.map(({ finding, holds, number }) => [
    String(number),
    finding,
    holds(base) ? "pass" : "**fail**",
  ]);
  const trends = TREND_SCALES.map((scale) => {
    const outcomes = outcomesOf(resultOf(results, defaultTask(scale)));
    return [scale.name, isBest(outcomes, jct) ? "pass" : "**fail**"] as const;
  });
  const trend = trends.every(([, verdict]) => verdict === "pass") ? "pass" : "**fail**";
  const detail = trends.map(([name, verdict]) => `${name} ${verdict}`).join(", ");
  directions.push(["9", `BACE keeps the best JCT under other bandwidths, GPUs and loads: ${detail}`, trend]);
  return [
    "## The hand-picked point (scenarios/paper-default.yaml)\n",
    "Picked so that most of the paper's findings hold: it shows that they can, not that they do.\n",
    table(["policy", "avg JCT, h", "cost, USD", "JCT / bace", "cost / bace", "the paper"], rows),
    table(["", "the paper's finding", "here"], directions),
    ...SWEEPS.map(({ name, points }) =>
      [
        `### ${name}\n`,
        `The paper: ${PAPER_SWEEPS[name]}\n`,
        table(
          [name, ...BASELINES.flatMap((each) => [`${each} JCT`, "cost"])],
          points.map(({ label, scale }) => {
            const outcomes = outcomesOf(resultOf(results, defaultTask(scale)));
            const { jctSeconds, usd } = outcomes["bace"]!;
            return [
              label,
              ...BASELINES.flatMap((each) => [
                ratio(outcomes[each]!.jctSeconds / jctSeconds),
                ratio(outcomes[each]!.usd / usd),
              ]),
            ];
          }),
        ),
      ].join("\n"),
    ),
  ].join("\n");
}

function openSection(results: Results, seeds: readonly number[]): string {
  const drawn = seeds.map((seed) => resultOf(results, openTask(seed)));
  const complete = drawn.filter(everythingFinished);
  const outcomes = complete.map(outcomesOf);
  const directions = DIRECTIONS.map(({ finding, holds, number }) => [
    String(number),
    finding,
    percent(shareOf(outcomes, holds)),
  ]);
  const completeSeeds = seeds.filter((_, i) => everythingFinished(drawn[i]!));
  const keeps = (scale: (typeof TREND_SCALES)[number]) =>
    shareOf(completeSeeds, (seed) => isBest(outcomesOf(resultOf(results, trendTask(seed, scale))), jct));
  const detail = TREND_SCALES.map((scale) => `${scale.name} ${percent(keeps(scale))}`).join(", ");
  const always = shareOf(completeSeeds, (seed) =>
    TREND_SCALES.every((scale) => isBest(outcomesOf(resultOf(results, trendTask(seed, scale))), jct)),
  );
  directions.push(["9", `best JCT under other bandwidths, GPUs and loads: ${detail}`, percent(always)]);
  const compared = [...BASELINES, ...ABLATIONS];
  return [
    "## Everything that the paper leaves open, at random\n",
    `${seeds.length} draws of rules, time model, link sharing, arrivals, fleet and jobs; in ${complete.length} of them every ` +
      "policy finished every job, and only those are compared.\n",
    table(["", "the paper's finding", "share of draws"], directions),
    spreadTable(complete, compared),
    table(
      ["", ...BASELINES],
      [
        [
          "draws in which its JCT is below BACE's",
          ...BASELINES.map((name) => beats(complete, name, "jctSeconds")),
        ],
        ["draws in which its cost is below BACE's", ...BASELINES.map((name) => beats(complete, name, "usd"))],
      ],
    ),
  ].join("\n");
}

const FAMILY_TEXT: Readonly<Record<(typeof TRUE_FAMILIES)[number], string>> = {
  "paper-like": "Paper-like fleets, 25 to 100 Gbit/s, iterations timed by their schedule, latency included",
  wan: "Realistic WANs, 1 to 10 Gbit/s with measured round trips, the year's mean prices",
  "wan-hourly": "Realistic WANs, hourly prices of 2024",
};

function contendersSection(
  results: Results,
  family: (typeof TRUE_FAMILIES)[number],
  seeds: readonly number[],
): string {
  const drawn = seeds.map((seed) => resultOf(results, plusTask(family, seed)));
  const complete = drawn.filter(everythingFinished);
  const all = [...BASELINES, ...LENIENT_BASELINES];
  const bound = (name: string) =>
    spreadOf(complete.map((each) => each.results[name]!.jctSeconds / each.jctBoundSeconds!));
  const best = (each: TaskResult, figure: keyof ContenderResult) =>
    Math.min(...all.map((name) => each.results[name]![figure]));
  const against = (figure: "jctSeconds" | "usd" | "p95JctSeconds") =>
    spreadOf(complete.map((each) => each.results["bace-plus"]![figure] / best(each, figure)));
  return [
    `## ${FAMILY_TEXT[family]}\n`,
    `${complete.length} of ${seeds.length} scenarios, those in which every policy finished every job. A baseline is strict (first come, first ` +
      "served, K* GPUs or none) or lenient (others may pass, any count will do).\n",
    spreadTable(complete, ["bace-plus", ...all, ...REFERENCES]),
    "`bace-plus` against the best baseline of each scenario, strict or lenient, figure by figure:\n",
    table(
      ["", "geometric mean", "lower quartile", "median", "upper quartile"],
      [
        ["JCT", ...spreadCells(against("jctSeconds"))],
        ["p95 JCT", ...spreadCells(against("p95JctSeconds"))],
        ["cost", ...spreadCells(against("usd"))],
      ],
    ),
    "Over the lower bound on average JCT (pooled GPUs, no network):\n",
    table(
      ["", "geometric mean", "lower quartile", "median", "upper quartile"],
      ["bace", "bace-plus"].map((name) => [name, ...spreadCells(bound(name))]),
    ),
    "`bace-plus` without one of its ideas, against itself whole (above 1: the idea pays):\n",
    spreadTable(complete, Object.keys(PLUS_ABLATIONS), "bace-plus"),
  ].join("\n");
}

function wanSweepSection(results: Results, seeds: readonly number[]): string {
  return [
    "## The paper's three questions on realistic WANs, hourly prices\n",
    `Medians over ${seeds.length} scenarios of ratios to \`bace\` on the same scenario; the best baseline is chosen per scenario.\n`,
    ...SWEEPS.map(({ name, points }) =>
      table(
        [name, "bace-plus JCT", "bace-plus cost", "best baseline JCT", "best baseline cost"],
        points.map(({ label, scale }) => {
          const drawn = seeds
            .map((seed) => resultOf(results, sweepTask("wan-hourly", seed, scale)))
            .filter(everythingFinished);
          if (drawn.length === 0) return [label, "–", "–", "–", "–"];
          const all = [...BASELINES, ...LENIENT_BASELINES];
          const median = (value: (each: TaskResult) => number) => ratio(spreadOf(drawn.map(value)).median);
          const to = (each: TaskResult, names: readonly string[], figure: "jctSeconds" | "usd") =>
            Math.min(...names.map((other) => each.results[other]![figure])) / each.results["bace"]![figure];
          return [
            label,
            median((each) => to(each, ["bace-plus"], "jctSeconds")),
            median((each) => to(each, ["bace-plus"], "usd")),
            median((each) => to(each, all, "jctSeconds")),
            median((each) => to(each, all, "usd")),
          ];
        }),
      ),
    ),
  ].join("\n");
}

/** Ratios to a reference: JCT with quartiles, the others by geometric mean. */
function spreadTable(drawn: readonly TaskResult[], names: readonly string[], reference = "bace"): string {
  const spread = (name: string, figure: keyof ContenderResult): Spread =>
    spreadOf(drawn.map(({ results }) => results[name]![figure] / results[reference]![figure]));
  const columns = ["policy", "JCT", "quartiles", "median", "p95 JCT", "cost", "quartiles", "makespan"];
  return table(
    columns,
    names.map((name) => {
      const [time, cost] = [spread(name, "jctSeconds"), spread(name, "usd")];
      return [
        name,
        ratio(time.geometricMean),
        `${ratio(time.lowerQuartile)} to ${ratio(time.upperQuartile)}`,
        ratio(time.median),
        ratio(spread(name, "p95JctSeconds").geometricMean),
        ratio(cost.geometricMean),
        `${ratio(cost.lowerQuartile)} to ${ratio(cost.upperQuartile)}`,
        ratio(spread(name, "makespanSeconds").geometricMean),
      ];
    }),
  );
}

function beats(drawn: readonly TaskResult[], name: string, figure: "jctSeconds" | "usd"): string {
  return percent(shareOf(drawn, ({ results }) => results[name]![figure] < results["bace"]![figure]));
}

function everythingFinished({ results }: TaskResult): boolean {
  return Object.values(results).every(({ finishedShare }) => finishedShare === 1);
}

function outcomesOf({ results }: TaskResult): Outcomes {
  return results;
}

function resultOf(results: Results, task: Task): TaskResult {
  const found = results.get(taskId(task));
  if (!found) throw new Error(`no result of ${taskId(task)}`);
  return found;
}

function spreadCells({ geometricMean, lowerQuartile, median, upperQuartile }: Spread): string[] {
  return [geometricMean, lowerQuartile, median, upperQuartile].map(ratio);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

function ratio(value: number): string {
  return value.toFixed(3);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
