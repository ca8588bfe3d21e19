// What the policy's order and the needs of a job are, in the fewest words: for columns.
import { bitRate, duration, figure, gpus, money } from "@bace-pipe/core/format";
import type { QueueEntry } from "../../api.ts";

type Order = NonNullable<QueueEntry["order"]>;
type Need = QueueEntry["needs"][number];

/** The terms of the priority, each with its name. */
export function termsOf(order: Order): readonly (readonly [name: string, value: string, title: string])[] {
  switch (order.kind) {
    case "fcfs":
      return [];
    case "shortest":
      return [["T", duration(order.idealSeconds), "duration with its best number of GPUs"]];
    case "priority": {
      const { alpha, intensity, score, sensitivity } = order;
      return [
        ["P", figure(score), "priority (1−α)(1−I) + α(1−D)"],
        ["α", figure(alpha), "network load"],
        ["I", figure(intensity), "computation"],
        ["D", figure(sensitivity), "bandwidth need"],
      ];
    }
  }
}

/** By which its order compares: the first in line has the least. */
export function orderName(order: Order): string {
  switch (order.kind) {
    case "fcfs":
      return "first come, first served";
    case "shortest":
      return "shortest first";
    case "priority":
      return "priority";
  }
}

/** When it would start: goes on from "starts". */
export function needText(need: Need, nowSeconds: number): string {
  switch (need.kind) {
    case "gpus": {
      const where = need.regions.length > 0 ? ` on ${need.regions.join(" → ")}` : "";
      return `with ${gpus(need.missing)} more${where}`;
    }
    case "bandwidth": {
      const { from, neededBitsPerSecond, residualBitsPerSecond, to } = need;
      return `with ${bitRate(neededBitsPerSecond - residualBitsPerSecond)} more on ${from} → ${to}`;
    }
    case "quota":
      return quotaText(need.overQuota);
    case "turn":
      return `after ${need.behind}`;
    case "depth":
      return `when a round comes past the ${need.depth} jobs before it`;
    case "time":
      return `in ${duration(Math.max(0, need.untilSeconds - nowSeconds))}`;
    case "release":
      return "when it is released";
    case "higher-class":
      return "after a job of a higher class";
  }
}

function quotaText(over: Extract<Need, { kind: "quota" }>["overQuota"]): string {
  const { needed, quota, tenant } = over;
  return over.kind === "gpus"
    ? `when ${tenant} holds ${gpus(over.held + needed - quota)} less`
    : `when ${tenant} has spent ${money(over.spent + over.expected + needed - quota)} less in 24 hours`;
}
