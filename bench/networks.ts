// Fleets drawn at random: regions on a plane, hops as one likes.
import type { Fleet, Link } from "../packages/core/src/fleet/fleet.ts";
import { flat } from "../packages/core/src/fleet/series.ts";
import type { RandomStream } from "../packages/core/src/simulator/random.ts";

type Hop = (random: RandomStream, ends: readonly [number, number], uplinksGbps: readonly number[]) => number;

/** How a network's hops are drawn: bandwidth of a pair in Gbit/s, 0 for no link. */
const NETWORKS = {
  // As in the paper's setting: a hop is the mean of its two ends.
  "mean of ends": (_random, [a, b], uplinksGbps) => (uplinksGbps[a]! + uplinksGbps[b]!) / 2,
  "every pair its own": (random) => between(random, 1, 100),
  "half of the pairs": (random) => (random() < 0.5 ? between(random, 1, 100) : 0),
  "a quarter of the pairs": (random) => (random() < 0.25 ? between(random, 1, 100) : 0),
} as const satisfies Record<string, Hop>;
export type Network = keyof typeof NETWORKS;

/** Regions at random places of a plane 250 ms wide and half as high, some 1 to 64 free GPUs, prices at random. */
export function randomFleet(random: RandomStream, regionCount: number, network: Network): Fleet {
  const regions = indices(regionCount).map((i) => ({
    name: `r${i}`,
    gpuType: { name: "test", peakFlopsPerSecond: 1e14, memoryBytes: 48e9, busyWatts: 300, idleWatts: 30 },
    gpus: 1 + Math.floor(random() ** 2 * 64),
    tariff: flat(between(random, 0.1, 0.4)),
    pue: 1,
  }));
  const places = regions.map(() => [between(random, 0, 0.25), between(random, 0, 0.125)] as const);
  const uplinksGbps = regions.map(() => between(random, 25, 100));
  const draw: Hop = NETWORKS[network];
  const links: Link[] = [];
  for (const a of indices(regionCount)) {
    for (const b of indices(a)) {
      const bandwidthBitsPerSecond = Math.round(draw(random, [a, b], uplinksGbps) * 1e9);
      if (bandwidthBitsPerSecond === 0) continue;
      const [[ax, ay], [bx, by]] = [places[a]!, places[b]!];
      const latencySeconds = 0.001 + Math.hypot(ax - bx, ay - by) / 2;
      const link = { bandwidthBitsPerSecond, latencySeconds, egressUsdPerGb: 0 };
      links.push({ ...link, from: a, to: b }, { ...link, from: b, to: a });
    }
  }
  return { name: network, regions, links };
}

export function between(random: RandomStream, low: number, high: number): number {
  return low + random() * (high - low);
}

export function indices(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
