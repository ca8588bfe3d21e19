// Where a figure comes from and how old it is, in the words of `bace regions -o wide`.
import { duration } from "@bace-pipe/core/format";
import type { RegionView } from "../api.ts";

type Provenance = NonNullable<RegionView["priceFrom"]>;

/** "file", or "market, 12 min old". @param laterSeconds since the figure was told */
export function provenanceText(from: Provenance | undefined, laterSeconds: number): string {
  if (!from) return "";
  if (from.isDefault) return "file";
  return from.ageSeconds === null
    ? from.source
    : `${from.source}, ${duration(Math.max(0, from.ageSeconds + laterSeconds))} old`;
}
