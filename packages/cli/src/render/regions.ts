// Regions at a glance: GPUs free of total, price, and what is reserved of each link.

import { bitRate, duration, figure, pricePerKwh, share } from "@bace-pipe/core/format";
import type { RegionView } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { type Column, table } from "./table.ts";

type Directed = RegionView["links"][number] & { readonly from: string };

const REGION_COLUMNS: readonly Column<RegionView>[] = [
  { heading: "REGION", cell: ({ name }) => name },
  { heading: "GPU", cell: ({ emulated, gpuType }) => `${gpuType}${emulated ? " (emulated)" : ""}` },
  { heading: "FREE", align: "right", cell: ({ freeGpus, gpus }) => `${freeGpus} of ${gpus}` },
  { heading: "PRICE", align: "right", cell: ({ priceUsdPerKwh }) => pricePerKwh(priceUsdPerKwh) },
  { heading: "PUE", align: "right", cell: ({ pue }) => figure(pue) },
  { heading: "LATITUDE", align: "right", wide: true, cell: ({ latitude }) => String(latitude ?? "") },
  { heading: "LONGITUDE", align: "right", wide: true, cell: ({ longitude }) => String(longitude ?? "") },
];

const LINK_COLUMNS: readonly Column<Directed>[] = [
  { heading: "LINK", cell: ({ from, to }) => `${from} → ${to}` },
  { heading: "BANDWIDTH", align: "right", cell: (link) => bitRate(link.bandwidthBitsPerSecond) },
  { heading: "RESERVED", align: "right", cell: (link) => bitRate(link.reservedBitsPerSecond) },
  { heading: "SHARE", align: "right", cell: (link) => share(reservedShare(link)) },
  { heading: "LATENCY", align: "right", cell: ({ latencySeconds }) => duration(latencySeconds) },
];

export function regionsText(regions: readonly RegionView[], colors: Colors, wide: boolean): string {
  const links = regions.flatMap((region) => region.links.map((link) => ({ ...link, from: region.name })));
  const parts = [table(REGION_COLUMNS, regions, { colors, wide })];
  if (links.length > 0) parts.push(table(LINK_COLUMNS, links, { colors, wide }));
  return parts.join("\n");
}

export function reservedShare(link: Omit<Directed, "from">): number {
  return link.bandwidthBitsPerSecond > 0 ? link.reservedBitsPerSecond / link.bandwidthBitsPerSecond : 0;
}
