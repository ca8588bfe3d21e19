// Regions at a glance: GPUs free of total, price, and what is reserved of each link.

import { bitRate, duration, figure, pricePerKwh, share, UNKNOWN } from "@bace-pipe/core/format";
import type { Provenance, RegionView } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { type Column, table } from "./table.ts";

type Directed = RegionView["links"][number] & { readonly from: string };

const REGION_COLUMNS: readonly Column<RegionView>[] = [
  { heading: "REGION", cell: ({ name }) => name },
  { heading: "INFRASTRUCTURE", wide: true, cell: ({ infrastructure }) => infrastructure ?? UNKNOWN },
  { heading: "GPU", cell: ({ emulated, gpuType }) => `${gpuType}${emulated ? " (emulated)" : ""}` },
  { heading: "STATE", cell: ({ cordon }) => cordon ?? "open" },
  { heading: "FREE", align: "right", cell: ({ freeGpus, gpus }) => `${freeGpus} of ${gpus}` },
  { heading: "PRICE", align: "right", cell: ({ priceUsdPerKwh }) => pricePerKwh(priceUsdPerKwh) },
  { heading: "PRICE FROM", cell: ({ priceFrom }) => provenanceText(priceFrom) },
  { heading: "CARBON", align: "right", wide: true, cell: (region) => carbonText(region) },
  { heading: "CARBON FROM", wide: true, cell: ({ carbonFrom }) => provenanceText(carbonFrom) },
  { heading: "PUE", align: "right", cell: ({ pue }) => figure(pue) },
  { heading: "LATITUDE", align: "right", wide: true, cell: ({ latitude }) => String(latitude ?? "") },
  { heading: "LONGITUDE", align: "right", wide: true, cell: ({ longitude }) => String(longitude ?? "") },
];

const LINK_COLUMNS: readonly Column<Directed>[] = [
  { heading: "LINK", cell: ({ from, to }) => `${from} → ${to}` },
  { heading: "BANDWIDTH", align: "right", cell: (link) => bitRate(link.bandwidthBitsPerSecond) },
  { heading: "RESERVED", align: "right", cell: (link) => bitRate(link.reservedBitsPerSecond) },
  { heading: "SHARE", align: "right", cell: (link) => share(reservedShare(link)) },
  { heading: "PLANNED", align: "right", cell: (link) => bitRate(link.plannedBitsPerSecond) },
  { heading: "FROM", cell: ({ bandwidthFrom }) => provenanceText(bandwidthFrom) },
  { heading: "LATENCY", align: "right", cell: ({ latencySeconds }) => duration(latencySeconds) },
];

export function regionsText(regions: readonly RegionView[], colors: Colors, wide: boolean): string {
  const links = regions.flatMap((region) => region.links.map((link) => ({ ...link, from: region.name })));
  const parts = [table(REGION_COLUMNS, regions, { colors, wide })];
  if (links.length > 0) parts.push(table(LINK_COLUMNS, links, { colors, wide }));
  return parts.join("\n");
}

/** "iperf3, 3.2 min ago"; the file's own figure is marked as the default. */
export function provenanceText(from: Provenance | undefined): string {
  if (!from || from.isDefault) return "default";
  return `${from.source}, ${duration(from.ageSeconds)} ago`;
}

function carbonText({ carbonGramsPerKwh }: RegionView): string {
  return carbonGramsPerKwh === null || carbonGramsPerKwh === undefined
    ? UNKNOWN
    : `${figure(carbonGramsPerKwh)} g/kWh`;
}

export function reservedShare(link: Omit<Directed, "from">): number {
  return link.bandwidthBitsPerSecond > 0 ? link.reservedBitsPerSecond / link.bandwidthBitsPerSecond : 0;
}
