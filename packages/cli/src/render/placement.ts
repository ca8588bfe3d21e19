// Where a job runs, in one line.

import { bitRate, gpus, UNKNOWN } from "@bace-pipe/core/format";
import type { PlacementView } from "@bace-pipe/server";

/** "frankfurt 2 → tokyo 1": GPUs in each region, in pipeline order. */
export function shortPlacement(placement: Pick<PlacementView, "regions"> | null): string {
  return placement?.regions.map((part) => `${part.region} ${part.gpus}`).join(" → ") ?? UNKNOWN;
}

/** "2 GPUs in frankfurt →(58 Mbit/s)→ 1 GPU in tokyo" */
export function longPlacement({ regions, hops }: PlacementView): string {
  return regions
    .map(({ region, gpus: count }, i) => {
      const hop = i === 0 ? "" : ` →(${bitRate(hops[i - 1]!.reservedBitsPerSecond)})→ `;
      return `${hop}${gpus(count)} in ${region}`;
    })
    .join("");
}
