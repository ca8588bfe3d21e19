// BACE-Pipe, stage 1: dynamic priority. S = (1−α)(1−I) + α(1−D), highest first; α follows the network's congestion.
// Idle network: jobs with little computation first. Congested: jobs that need little bandwidth first.
// The paper leaves open how α, I and D are measured; here they are options:
//   alpha "mean": reserved over capacity, summed over links;  "max": the busiest link
//   normalization "max": value over the queue's largest;      "rank": place in the queue's order, 0..1
import type { Job } from "../../cost/job.ts";
import { topologyOf } from "../../fleet/fleet.ts";
import type { Ledger } from "../../fleet/ledger.ts";
import type { Ranking } from "../order.ts";
import type { View } from "../policy.ts";
import { idealOf } from "../target.ts";
import type { BaceOptions } from "./options.ts";

/** I and D are normalised over the whole queue, whoever the candidates are. */
export function dynamicPriority(view: View, options: Pick<BaceOptions, "alpha" | "normalization">): Ranking {
  const { fleet } = view.ledger;
  const alpha = congestion(view.ledger, options.alpha);
  const normalise = options.normalization === "max" ? overLargest : byRank;
  const ideals = view.queue.map((job) => idealOf(job, fleet));
  const intensityOf = normalise(view.queue.map((job, i) => job.iterations * ideals[i]!.bestSeconds));
  const sensitivityOf = normalise(ideals.map(({ bestNeedBitsPerSecond }) => bestNeedBitsPerSecond));
  const termsOf = (job: Job) => {
    const { bestNeedBitsPerSecond, bestSeconds } = idealOf(job, fleet);
    const intensity = intensityOf(job.iterations * bestSeconds);
    const sensitivity = sensitivityOf(bestNeedBitsPerSecond);
    const score = (1 - alpha) * (1 - intensity) + alpha * (1 - sensitivity);
    return { score, alpha, intensity, sensitivity };
  };
  return {
    rank: (job) => -termsOf(job).score,
    terms: (job) => ({ kind: "priority", ...termsOf(job) }),
  };
}

/** α in 0..1: how much of the network is reserved. A fleet without links is idle. */
export function congestion(ledger: Ledger, measure: BaceOptions["alpha"]): number {
  const { bandwidthBitsPerSecond } = topologyOf(ledger.fleet);
  let [reserved, capacity, busiest] = [0, 0, 0];
  bandwidthBitsPerSecond.forEach((bandwidth, link) => {
    if (bandwidth <= 0) return;
    const held = ledger.reservedBitsPerSecond[link]!;
    reserved += held;
    capacity += bandwidth;
    busiest = Math.max(busiest, held / bandwidth);
  });
  const alpha = measure === "max" ? busiest : capacity > 0 ? reserved / capacity : 0;
  return Math.min(1, alpha); // a link that shrank under its reservations counts as full
}

type Normalise = (values: readonly number[]) => (value: number) => number;

const overLargest: Normalise = (values) => {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, value);
  return (value) => (largest > 0 ? value / largest : 0);
};

const byRank: Normalise = (values) => {
  const places = new Map<number, number>();
  [...values]
    .sort((a, b) => a - b)
    .forEach((value, place) => {
      if (!places.has(value)) places.set(value, place);
    });
  return (value) => (values.length > 1 ? places.get(value)! / (values.length - 1) : 0);
};
