// What ranks measure while they train: what a link carried and how long blocks took. As planned, until a link or the blocks
// of a gang have become slow; they stay so for as long as the gang lives.
import type { Plan } from "@bace-pipe/core";
import type { Faults } from "./faults.ts";

/** Of a report: enough messages for a measurement. */
const MESSAGES = 8;
const MESSAGE_BYTES = 1e6;
/** What is left of a link's rate at worst, and by how much blocks take longer. */
const LEAST_SHARE = 0.02;
const MOST_RATIO = 4;

/** Of one gang. */
export interface Conditions {
  linkShare: number;
  blockRatio: number;
}

export function goodConditions(): Conditions {
  return { linkShare: 1, blockRatio: 1 };
}

/** What one rank says of its links to neighbours, and of the blocks of its stages. */
export function measuredBy(plan: Plan, rank: number, conditions: Conditions, faults: Faults) {
  if (faults.happens("link-slow"))
    conditions.linkShare = LEAST_SHARE + (1 - LEAST_SHARE) * faults.draw("link-slow");
  if (faults.happens("blocks-slow"))
    conditions.blockRatio = 1 + (MOST_RATIO - 1) * faults.draw("blocks-slow");
  const { blockRatio, linkShare } = conditions;
  const links = plan.links.flatMap(({ emulated, fromRank, toRank }) => {
    if (fromRank !== rank || !emulated) return [];
    const bytes = MESSAGES * MESSAGE_BYTES;
    const seconds = (bytes * 8) / (emulated.bandwidthBitsPerSecond * linkShare);
    return [{ toRank, bytes, seconds, messages: MESSAGES, roundTripSeconds: 2 * emulated.latencySeconds }];
  });
  const stages = plan.ranks[rank]!.stages.flatMap((stage) => {
    const planned = plan.emulatedCompute?.stages[stage];
    if (!planned) return [];
    const forwardSeconds = planned.forwardSeconds * blockRatio;
    const backwardSeconds = planned.backwardSeconds * blockRatio;
    return [{ stage, forwardSeconds, backwardSeconds, inputGradSeconds: null, weightGradSeconds: null }];
  });
  return { links, stages };
}
