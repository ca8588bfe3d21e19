// The demo as it stands: the queue, and a line per region.

import { bitRate, share } from "@bace-pipe/core/format";
import type { JobView, RegionView } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { type Positions, queueText } from "../render/queue.ts";
import { reservedShare } from "../render/regions.ts";

export const EMULATED =
  "GPU speed, link rate and link delay are emulated; the training itself is real, by PyTorch on this machine's CPU.";

export interface Moment {
  readonly elapsedSeconds: number;
  readonly jobs: readonly JobView[];
  readonly positions: Positions;
  readonly regions: readonly RegionView[];
  /** Jobs that are still to be submitted. */
  readonly toCome: number;
}

export function pictureText(
  { elapsedSeconds, jobs, positions, regions, toCome }: Moment,
  colors: Colors,
): string {
  const ended = jobs.filter(({ phase }) => phase === "ended").length;
  const coming = toCome > 0 ? `, ${toCome} still to be submitted` : "";
  const head = `${Math.floor(elapsedSeconds)} s: ${ended} of ${jobs.length + toCome} jobs have ended${coming}`;
  const lines = regions.map((region) => `${regionLine(region)}\n`).join("");
  return `${colors.bold(head)}\n${queueText(jobs, positions, colors)}${lines}`;
}

function regionLine({ freeGpus, gpus, links, name }: RegionView): string {
  const reserved = links
    .map((link) => `→ ${link.to} ${bitRate(link.reservedBitsPerSecond)} (${share(reservedShare(link))})`)
    .join(", ");
  return `${name}: ${freeGpus} of ${gpus} GPUs free; reserved ${reserved || "no links"}`;
}
