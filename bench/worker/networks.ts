// The networks of the bench: one machine, and two WANs between two or three regions.
import { bitRate, duration } from "../../packages/core/src/format.ts";
import type { Windows } from "./lab.ts";
import type { Setting } from "./setting.ts";

export interface Network {
  readonly bitsPerSecond: number;
  readonly delaySeconds: number;
}

const MICROBATCHES = 8;

export const FAST: Network = { bitsPerSecond: 500e6, delaySeconds: 0.02 };
export const SLOW: Network = { bitsPerSecond: 100e6, delaySeconds: 0.04 };

/** Ranks in a row: two regions share four ranks, otherwise each has one of its own. Undefined: all in one region. */
const REGIONS: Readonly<Record<number, readonly string[]>> = {
  2: ["a", "b"],
  3: ["a", "b", "c"],
  4: ["a", "a", "b", "b"],
};

export function settingOf(ranks: number, network: Network | undefined, windows: Windows = "large"): Setting {
  const regions = network ? REGIONS[ranks]! : Array.from({ length: ranks }, () => "a");
  const { bitsPerSecond, delaySeconds } = network ?? FAST;
  const wan = { regions: [...new Set(regions)], bitsPerSecond, delaySeconds, windows };
  return { ranks, regions, wan, microbatches: MICROBATCHES };
}

export function nameOf(network: Network | undefined): string {
  return network ? `${bitRate(network.bitsPerSecond)}, ${duration(network.delaySeconds)}` : "one region";
}
