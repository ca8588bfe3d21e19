// The report's first section: the targets, and what they do not show: what does not reproduce, and where others are better.
import { meanOf, quartilesOf, spreadOf } from "@bace-pipe/core/experiment";
import { TRUE_FAMILIES } from "../plan.ts";
import type { TaskResult } from "../task.ts";
import { comparableOf, lostShare } from "./contenders.ts";
import { comparableDeadlines } from "./deadlines.ts";
import { findingsAtPoint, findingsInDraws, verdict } from "./findings.ts";
import { list, percent, ratio, table } from "./markdown.ts";
import { deadlineShares, type Results, ratiosTo, ratiosToBestBaseline, ratiosToBound } from "./results.ts";

interface Target {
  readonly what: string;
  readonly atMost: number;
  readonly value: (drawn: readonly TaskResult[]) => number;
}

const TARGETS: readonly Target[] = [
  {
    what: "JCT of `bace-plus` over `bace`, geometric mean",
    atMost: 0.86,
    value: (drawn) => spreadOf(ratiosTo("bace", drawn, "bace-plus", "jctSeconds")).geometricMean,
  },
  {
    what: "cost of `bace-plus` over `bace`, geometric mean",
    atMost: 0.9,
    value: (drawn) => spreadOf(ratiosTo("bace", drawn, "bace-plus", "usd")).geometricMean,
  },
  {
    what: "JCT of `bace-plus` over the best baseline of each scenario, median",
    atMost: 1.02,
    value: (drawn) => quartilesOf(ratiosToBestBaseline(drawn, "bace-plus", "jctSeconds")).median,
  },
  {
    what: "JCT of `bace-plus` over the lower bound, geometric mean",
    atMost: 1.1,
    value: (drawn) => spreadOf(ratiosToBound(drawn, "bace-plus")).geometricMean,
  },
];
const TARGET_FAMILIES = ["wan", "wan-hourly"] as const;
/** A finding of the paper that holds in fewer of the open draws does not reproduce. */
const LEAST_SHARE = 0.5;

export function inShort(results: Results, seeds: readonly number[]): string {
  const atPoint = findingsAtPoint(results);
  const held = atPoint.filter(({ holds }) => holds).length;
  const targets = TARGET_FAMILIES.flatMap((family) => {
    const drawn = comparableOf(results, family, seeds);
    return TARGETS.map(({ atMost, value, what }) => {
      const ours = value(drawn);
      return [
        what,
        `${drawn.length} of ${family}`,
        ratio(ours),
        `≤ ${atMost.toFixed(2)}`,
        verdict(ours <= atMost),
      ];
    });
  });
  const point = [
    "the paper's findings that hold at the hand-picked point",
    "1",
    String(held),
    String(atPoint.length),
    verdict(held === atPoint.length),
  ];
  return [
    "## In short\n",
    table(["target", "scenarios", "here", "wanted", ""], [...targets, point]),
    "What does not reproduce, and where others are better:\n",
    list([...notReproduced(results, seeds), ...whereOthersWin(results, seeds)]),
  ].join("\n");
}

function notReproduced(results: Results, seeds: readonly number[]): string[] {
  const atPoint = findingsAtPoint(results)
    .filter(({ holds }) => !holds)
    .map(({ finding, number }) => `does not hold even at the hand-picked point: (${number}) ${finding}`);
  const inDraws = findingsInDraws(results, seeds)
    .filter(({ share }) => share < LEAST_SHARE)
    .map(
      ({ draws, finding, number, share }) =>
        `does not reproduce in general: (${number}) ${finding}: ${percent(share)} of ${draws} draws`,
    );
  return [...atPoint, ...inDraws];
}

function whereOthersWin(results: Results, seeds: readonly number[]): string[] {
  const lost = TRUE_FAMILIES.map(
    (family) => `${percent(lostShare(comparableOf(results, family, seeds), 1))} (${family})`,
  );
  const kept = (name: string) => meanOf(deadlineShares(comparableDeadlines(results, seeds), name));
  const [bace, plus, noDeferral] = [kept("bace"), kept("bace-plus"), kept("plus-no-deferral")];
  const deadlines =
    `deadlines kept: ${percent(plus, 1)} by \`bace-plus\`, ${percent(noDeferral, 1)} by it without deferral, ` +
    `${percent(bace, 1)} by \`bace\``;
  return [
    `some baseline has a lower JCT than \`bace-plus\` in this share of scenarios: ${lost.join(", ")}`,
    ...(plus < Math.max(bace, noDeferral) ? [deadlines] : []),
  ];
}
