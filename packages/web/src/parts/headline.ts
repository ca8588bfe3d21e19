// What a job's explanation is about, in one line; the words are core's.
import { headlineText } from "@bace-pipe/core/explain";
import type { Explained } from "../api.ts";
import { placementText } from "../format.ts";

export function headline({ jobId, kind, placement }: Explained): string {
  return headlineText(jobId, kind, placement ? placementText(placement) : undefined);
}
