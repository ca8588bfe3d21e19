// Why a job was stopped to be placed anew, or stayed where it was, as it goes over the wire.
import type { JobState } from "@bace-pipe/core";
import type { ReplanWhy } from "@bace-pipe/core/explain";
import type { ReplanView, StayedView } from "./schemas/jobs.ts";

export function replanView(replan: ReplanWhy | undefined): ReplanView | null {
  if (!replan) return null;
  switch (replan.trigger) {
    case "price":
      return priceView(replan);
    case "capacity":
      return capacityView(replan);
    default:
      return linkView(replan);
  }
}

function linkView(why: Extract<ReplanWhy, { trigger?: "link" }>): ReplanView {
  const { action, costSeconds, costUsd, from, gainSeconds, gainUsd, step, to } = why;
  const { highBitsPerSecond, lowBitsPerSecond, measuredBitsPerSecond } = why;
  return {
    ...{
      trigger: "link",
      action,
      step,
      from,
      to,
      measuredBitsPerSecond,
      lowBitsPerSecond,
      highBitsPerSecond,
    },
    ...{ gainSeconds, costSeconds, ...(gainUsd === undefined ? {} : { gainUsd, costUsd }) },
  };
}

function priceView(why: Extract<ReplanWhy, { trigger: "price" }>): ReplanView {
  const { action, costSeconds, costUsd, from, gainSeconds, gainUsd, step, to, trigger } = why;
  return {
    ...{ trigger, action, step, from: [...from], to: [...to] },
    ...{ gainUsd, costUsd, gainSeconds, costSeconds },
  };
}

function capacityView(why: Extract<ReplanWhy, { trigger: "capacity" }>): ReplanView {
  const { action, costSeconds, costUsd, gpus, heldGpus, region, step, trigger } = why;
  return { trigger, action, step, region, gpus, heldGpus, costSeconds, costUsd };
}

/** Of the live epoch. */
export function stayedView({ asked, epoch, phase }: JobState): { stayed?: StayedView } {
  if (!asked || phase !== "running" || asked.epoch !== epoch!.number) return {};
  const { epoch: _, ...stayed } = asked;
  return { stayed };
}
