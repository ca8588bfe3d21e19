// The report's section about the hand-picked point, and its three sweeps.
import { SECONDS_PER_HOUR } from "@bace-pipe/core";
import {
  BASELINES,
  jct,
  type Outcomes,
  PAPER_COST_SAVING,
  PAPER_JCT_SAVING,
  savings,
  UNSCALED,
  usd,
} from "@bace-pipe/core/experiment";
import { PAPER_ABLATION, PAPER_PARADOX, PAPER_SWEEPS, type SweepFigure } from "../paper-figures.ts";
import { defaultTask, SWEEPS } from "../plan.ts";
import { findingsAtPoint, verdict } from "./findings.ts";
import { percentRange, ratio, table } from "./markdown.ts";
import { type Results, resultOf } from "./results.ts";

const SWEEP_HEADING: Readonly<Record<string, string>> = {
  bandwidth: "Other bandwidths",
  GPUs: "Other numbers of GPUs",
  jobs: "Other numbers of jobs",
};

export function defaultSection(results: Results): string {
  const { results: base } = resultOf(results, defaultTask(UNSCALED));
  const bace = base["bace"]!;
  const rows = Object.entries(base).map(([name, each]) => [
    name,
    (jct(each) / SECONDS_PER_HOUR).toFixed(1),
    usd(each).toFixed(0),
    ratio(jct(each) / jct(bace)),
    ratio(usd(each) / usd(bace)),
    PAPER_ABLATION[name] ?? "",
  ]);
  const more = [
    [
      "what BACE saves of the baselines' JCT",
      percentRange(savings(base, jct)),
      percentRange(PAPER_JCT_SAVING),
    ],
    [
      "what BACE saves of the baselines' cost",
      percentRange(savings(base, usd)),
      percentRange(PAPER_COST_SAVING),
    ],
    ...PAPER_PARADOX.map(({ alone, paper, pooled }) => [
      `JCT of ${pooled} over that of ${alone}`,
      ratio(jct(base[pooled]!) / jct(base[alone]!)),
      paper,
    ]),
  ];
  const findings = findingsAtPoint(results).map(({ detail, finding, holds, number }) => [
    String(number),
    detail === undefined ? finding : `${finding}: ${detail}`,
    verdict(holds),
  ]);
  return [
    "## The hand-picked point\n",
    "One scenario, `scenarios/paper-default.yaml`: 6 regions, 8 jobs. It was picked so that most of the paper's findings " +
      "hold: it shows that they can, not that they do.\n",
    table(["policy", "avg JCT, h", "cost, USD", "JCT / bace", "cost / bace", "the paper, / bace"], rows),
    table(["", "here", "the paper"], more),
    table(["", "the paper's finding", "here"], findings),
    ...SWEEPS.map((sweep) => sweepText(results, sweep)),
  ].join("\n");
}

function sweepText(results: Results, { name, points }: (typeof SWEEPS)[number]): string {
  const outcomes = new Map(
    points.map(({ label, scale }) => [label, resultOf(results, defaultTask(scale)).results]),
  );
  return [
    `### ${SWEEP_HEADING[name] ?? name}\n`,
    table(
      ["at", "", "here", "the paper"],
      (PAPER_SWEEPS[name] ?? []).map((figure) => [
        figure.at,
        `${figure.figure === "usd" ? "cost" : "JCT"}, ${figure.measure === "below" ? "BACE below the baselines" : "the baselines above BACE"}`,
        percentRange(rangeOf(outcomes.get(figure.at)!, figure)),
        figure.paper,
      ]),
    ),
    "Each baseline over BACE:\n",
    table(
      [name, ...BASELINES.flatMap((each) => [`${each} JCT`, `${each} cost`])],
      [...outcomes].map(([label, at]) => {
        const bace = at["bace"]!;
        return [
          label,
          ...BASELINES.flatMap((each) => [
            ratio(jct(at[each]!) / jct(bace)),
            ratio(usd(at[each]!) / usd(bace)),
          ]),
        ];
      }),
    ),
  ].join("\n");
}

/** Least and greatest over the baselines. */
function rangeOf(outcomes: Outcomes, { figure, measure }: SweepFigure): [number, number] {
  const [least, most] = savings(outcomes, figure === "usd" ? usd : jct);
  return measure === "below" ? [least, most] : [1 / (1 - least) - 1, 1 / (1 - most) - 1];
}
