// Why a job waits, why it is where it is, how far it is from being placed: the scheduler's own explanation in words.
// Nothing is decided or computed a second time here; differences between what it lists are all that is added.
import type { Explained } from "@bace-pipe/server";
import { bitRate, duration, figure, gpus } from "../format.ts";
import type { Colors } from "../io.ts";
import { longPlacement } from "./placement.ts";

export type Why = NonNullable<Explained["why"]>;
type Candidate = Why["candidates"][number];
type Rejection = Candidate["rejections"][number];
type Shortage = Extract<Rejection, { constraint: "bandwidth" }>;

export function explanationText(why: Why, colors: Colors): string {
  const { candidates, neededGpus, targetGpus } = why;
  const wanted = neededGpus === targetGpus ? gpus(targetGpus) : `${gpus(targetGpus)}, at least ${neededGpus}`;
  const lines = [
    `Order  ${orderText(why)}`,
    `GPUs   K* is ${wanted}: the count with the shortest step if links cost nothing`,
    `Bound  no placement makes a step shorter than ${duration(why.iterationLowerBoundSeconds)}`,
  ];
  if (why.blockedBy) lines.push(`Held   by ${why.blockedBy}: this policy lets nobody pass the first in line`);
  lines.push("", candidates.length > 0 ? colors.bold("Paths that were tried") : "No region has a free GPU.");
  for (const candidate of candidates) lines.push(...candidateLines(candidate, why, colors));
  return lines.map((line) => `${line}\n`).join("");
}

function orderText({ order, policy, position }: Why): string {
  switch (order.kind) {
    case "fcfs":
      return `place ${position} by ${policy}: first come, first served`;
    case "priority": {
      const { alpha, intensity, score, sensitivity } = order;
      const terms =
        `(1−α)(1−I) + α(1−D) with network load α = ${figure(alpha)}, ` +
        `computation I = ${figure(intensity)}, bandwidth need D = ${figure(sensitivity)}`;
      return `place ${position} by ${policy}: priority ${figure(score)} = ${terms}`;
    }
  }
}

function candidateLines(candidate: Candidate, { neededGpus }: Why, colors: Colors): string[] {
  const path = candidate.regions.join(" → ");
  return [
    `  ${outcomeText(candidate, path, neededGpus, colors)}`,
    ...candidate.rejections.map((rejection) => `      ${rejectionText(rejection)}`),
  ];
}

function outcomeText(
  { gpus: count, outcome }: Candidate,
  path: string,
  needed: number,
  colors: Colors,
): string {
  switch (outcome) {
    case "chosen":
      return colors.green(`✓ ${path}: ${gpus(count)}, chosen`);
    case "not-best":
      return `· ${path}: ${gpus(count)}, would do; another path is better`;
    case "too-few-gpus":
      return `${colors.red("✗")} ${path}: ${count} of ${gpus(needed)}, ${needed - count} short`;
  }
}

function rejectionText(rejection: Rejection): string {
  switch (rejection.constraint) {
    case "no-free-gpus":
      return `not ${rejection.region}: no GPU is free there`;
    case "single-region":
      return `not beyond ${rejection.region}: this policy keeps a job in one region`;
    case "bandwidth": {
      const { from, neededBitsPerSecond, region, residualBitsPerSecond, to } = rejection;
      const figures = `needs ${bitRate(neededBitsPerSecond)} and has ${bitRate(residualBitsPerSecond)} left`;
      return `not ${region}: the hop ${from} → ${to} ${figures}, ${bitRate(shortOf(rejection))} short`;
    }
  }
}

/** What is missing, at the path that comes nearest. Empty when a path was chosen. */
export function distanceText({ candidates, neededGpus }: Why): string {
  if (candidates.some(({ outcome }) => outcome !== "too-few-gpus")) return "";
  const nearest = [...candidates].sort((a, b) => b.gpus - a.gpus)[0];
  const short = gpus(neededGpus - (nearest?.gpus ?? 0));
  const where = nearest ? ` on ${nearest.regions.join(" → ")}` : "";
  const link = candidates
    .flatMap(({ rejections }) => rejections)
    .filter(isShortage)
    .sort((a, b) => shortOf(a) - shortOf(b))[0];
  const links = link
    ? `; the hop nearest to passing, ${link.from} → ${link.to}, is ${bitRate(shortOf(link))} short`
    : "";
  return `How far from feasible: ${short} short${where}${links}.\n`;
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
  const refused = candidates.flatMap(({ rejections }) => rejections).filter(isShortage);
  return [...new Map(refused.map((each) => [`${each.from} → ${each.to}`, each]))].map(
    ([hop, { neededBitsPerSecond, residualBitsPerSecond }]) =>
      `${hop} refused (needs ${bitRate(neededBitsPerSecond)}, has ${bitRate(residualBitsPerSecond)})`,
  );
}

export function headline({ kind, jobId, placement }: Explained): string {
  const where = placement ? longPlacement(placement) : "";
  switch (kind) {
    case "start":
      return `${jobId} would start now: ${where}`;
    case "wait":
      return `${jobId} waits`;
    case "infeasible":
      return `${jobId} is infeasible: this policy would not place it even if the fleet were empty`;
    case "placed":
      return `${jobId} is placed: ${where}`;
    case "ended":
      return `${jobId} has ended${where ? `; it ran on ${where}` : ""}`;
  }
}

function shortOf({ neededBitsPerSecond, residualBitsPerSecond }: Shortage): number {
  return neededBitsPerSecond - residualBitsPerSecond;
}

function isShortage(rejection: Rejection): rejection is Shortage {
  return rejection.constraint === "bandwidth";
}
