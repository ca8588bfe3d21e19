// Why a job waits, why it is where it is, how far it is from being placed: the scheduler's words on a terminal.

import {
  candidateText,
  distanceText,
  headlineText,
  heldText,
  orderText,
  precedenceText,
  rejectionText,
  shortages,
} from "@bace-pipe/core/explain";
import { bitRate, duration, figure, gpus } from "@bace-pipe/core/format";
import type { Explained } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { longPlacement } from "./placement.ts";

export type Why = NonNullable<Explained["why"]>;
type Candidate = Why["candidates"][number];

export function explanationText(why: Why, colors: Colors): string {
  const { candidates, neededGpus, targetGpus } = why;
  const wanted = neededGpus === targetGpus ? gpus(targetGpus) : `${gpus(targetGpus)}, at least ${neededGpus}`;
  const lines = [
    `Order  ${orderText(why)}`,
    `GPUs   K* is ${wanted}: the count with the shortest step if links cost nothing`,
    `Bound  no placement makes a step shorter than ${duration(why.iterationLowerBoundSeconds)}`,
  ];
  const precedence = precedenceText(why);
  if (precedence !== "") lines.push(`Turn   ${precedence}`);
  const held = heldText(why);
  if (held !== "") lines.push(`Held   ${held}`);
  lines.push("", candidates.length > 0 ? colors.bold("Paths that were tried") : "No region has a free GPU.");
  for (const candidate of candidates) lines.push(...candidateLines(candidate, why, colors));
  return lines.map((line) => `${line}\n`).join("");
}

function candidateLines(candidate: Candidate, { neededGpus }: Why, colors: Colors): string[] {
  return [
    `  ${outcomeText(candidate, neededGpus, colors)}`,
    ...candidate.rejections.map((rejection) => `      ${rejectionText(rejection)}`),
  ];
}

function outcomeText(candidate: Candidate, needed: number, colors: Colors): string {
  const text = `${candidate.regions.join(" → ")}: ${candidateText(candidate, needed)}`;
  switch (candidate.outcome) {
    case "chosen":
      return colors.green(`✓ ${text}`);
    case "not-best":
      return `· ${text}`;
    case "too-few-gpus":
      return `${colors.red("✗")} ${text}`;
  }
}

/** What is missing, as a line of its own; empty when some path would do. */
export function distanceLine(why: Why): string {
  const distance = distanceText(why);
  return distance === "" ? "" : `How far from feasible: ${distance}.\n`;
}

/** Why a placed job is there, in one line. */
export function whyLine(why: Why, { hops, regions }: NonNullable<Explained["placement"]>): string {
  const { candidates, order, position, targetGpus } = why;
  const count = regions.reduce((sum, part) => sum + part.gpus, 0);
  const size = count === targetGpus ? `K* = ${gpus(count)}` : `${count} of K* = ${gpus(targetGpus)}`;
  const rates = hops.map((hop) => bitRate(hop.reservedBitsPerSecond)).join(" and ");
  const where = hops.length === 0 ? "in one region" : `over ${regions.length} regions, ${rates} reserved`;
  const score = order.kind === "priority" ? ` with priority ${figure(order.score)}` : "";
  const choice = candidates.length > 1 ? [`best of ${candidates.length} paths`] : [];
  return [`${size} ${where}`, `place ${position}${score}`, ...choice, ...refusedHops(why)].join("; ");
}

function refusedHops({ candidates }: Why): string[] {
  return [...new Map(shortages(candidates).map((each) => [`${each.from} → ${each.to}`, each]))].map(
    ([hop, { neededBitsPerSecond, residualBitsPerSecond }]) =>
      `${hop} refused (needs ${bitRate(neededBitsPerSecond)}, has ${bitRate(residualBitsPerSecond)})`,
  );
}

export function headline({ kind, jobId, placement }: Explained): string {
  return headlineText(jobId, kind, placement ? longPlacement(placement) : undefined);
}
