// What may happen to a fleet while a simulation runs, besides jobs. Changes of price are no disruption: they are part of
// the region's tariff.
import type { Fleet, Link } from "../fleet/fleet.ts";

export type Disruption = { readonly atSeconds: number } & (
  | {
      /** From now on the region has this many GPUs. Where jobs hold more, some give way after a minute. */
      readonly kind: "capacity";
      readonly region: number;
      readonly gpus: number;
    }
  | {
      /** A directed link changes; jobs that have it in their path run at the new figures. */
      readonly kind: "link";
      readonly from: number;
      readonly to: number;
      readonly bandwidthBitsPerSecond?: number;
      readonly latencySeconds?: number;
    }
  | {
      /** The region fails: its jobs are interrupted, and it has no GPUs for a time. */
      readonly kind: "outage";
      readonly region: number;
      readonly downSeconds: number;
    }
);

/** Capacity and links after a disruption; what an outage interrupts is the engine's business. */
export function disrupted(fleet: Fleet, change: Disruption): Fleet {
  switch (change.kind) {
    case "capacity":
      return withGpus(fleet, change.region, change.gpus);
    case "outage":
      return withGpus(fleet, change.region, 0);
    case "link": {
      const { bandwidthBitsPerSecond, latencySeconds } = change;
      const figures = {
        ...(bandwidthBitsPerSecond === undefined ? {} : { bandwidthBitsPerSecond }),
        ...(latencySeconds === undefined ? {} : { latencySeconds }),
      };
      const isIt = (link: Link) => link.from === change.from && link.to === change.to;
      return { ...fleet, links: fleet.links.map((link) => (isIt(link) ? { ...link, ...figures } : link)) };
    }
  }
}

export function withGpus(fleet: Fleet, region: number, gpus: number): Fleet {
  return { ...fleet, regions: fleet.regions.map((known, i) => (i === region ? { ...known, gpus } : known)) };
}
