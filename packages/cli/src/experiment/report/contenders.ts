// The report's sections about families in which iterations are timed by their schedule: bace-plus beside everybody else,
// its distance to the lower bound, and what each of its ideas is worth.
import { BASELINES, LENIENT_BASELINES, shareOf } from "@bace-pipe/core/experiment";
import { plusAblations, plusTask, REFERENCES, type TRUE_FAMILIES } from "../plan.ts";
import type { TaskResult } from "../task.ts";
import { percent, SPREAD_HEAD, spreadCells, spreadTable, table } from "./markdown.ts";
import {
  type Figure,
  isComparable,
  type Results,
  ratiosToBestBaseline,
  ratiosToBound,
  resultsOf,
} from "./results.ts";

type TrueFamily = (typeof TRUE_FAMILIES)[number];

const HEADING: Readonly<Record<TrueFamily, string>> = {
  "paper-like": "Fleets like the paper's, timed by the schedule",
  wan: "Realistic WANs",
  "wan-hourly": "Realistic WANs, hourly prices",
};
const FAMILY_TEXT: Readonly<Record<TrueFamily, string>> = {
  "paper-like": "the paper's six cities, 25 to 100 Gbit/s, 0.156 to 0.295 USD/kWh, round trips included",
  wan: "six real regions, 1 to 10 Gbit/s with measured round trips, each region's mean price of 2024",
  "wan-hourly":
    "six real regions, 1 to 10 Gbit/s with measured round trips, prices by the hour from a random hour of 2024",
};
/** A loss by less may be chance. */
const CLEARLY = 1.02;

export function contendersSection(results: Results, family: TrueFamily, seeds: readonly number[]): string {
  const drawn = comparableOf(results, family, seeds);
  const against = (figure: Figure) => spreadCells(ratiosToBestBaseline(drawn, "bace-plus", figure));
  const lost = (atLeast: number) => percent(lostShare(drawn, atLeast));
  return [
    `## ${HEADING[family]}\n`,
    `Family ${family}: ${FAMILY_TEXT[family]}. ${drawn.length} of ${seeds.length} scenarios are compared. Over \`bace\`:\n`,
    spreadTable(drawn, ["bace-plus", ...BASELINES, ...LENIENT_BASELINES, ...REFERENCES]),
    "`bace-plus` over the best baseline of each scenario, strict or lenient, another one for each figure:\n",
    table(
      ["", ...SPREAD_HEAD],
      [
        ["JCT", ...against("jctSeconds")],
        ["p95 JCT", ...against("p95JctSeconds")],
        ["cost", ...against("usd")],
      ],
    ),
    table(
      ["", "share"],
      [
        ["scenarios in which some baseline has the lower JCT", lost(1)],
        ["the same, by more than 2 %", lost(CLEARLY)],
      ],
    ),
    "JCT over its lower bound (GPUs of all regions pooled, no network):\n",
    table(
      ["", ...SPREAD_HEAD],
      ["bace", "bace-plus"].map((name) => [name, ...spreadCells(ratiosToBound(drawn, name))]),
    ),
    "`bace-plus` without one of its ideas, over `bace-plus` whole; above 1 the idea pays:\n",
    spreadTable(drawn, plusAblations(family), "bace-plus"),
  ].join("\n");
}

export function comparableOf(results: Results, family: TrueFamily, seeds: readonly number[]): TaskResult[] {
  return resultsOf(
    results,
    seeds.map((seed) => plusTask(family, seed)),
  ).filter(isComparable);
}

/** Of the scenarios, those in which the JCT of `bace-plus` is more than so many times that of some baseline. */
export function lostShare(drawn: readonly TaskResult[], times: number): number {
  return shareOf(ratiosToBestBaseline(drawn, "bace-plus", "jctSeconds"), (value) => value > times);
}
