// What a job's explanation is about, in one line; the rest of the words are core's.
import type { Explained } from "../api.ts";
import { placementText } from "../format.ts";

export function headline({ jobId, kind, placement }: Explained): string {
  const where = placementText(placement);
  switch (kind) {
    case "start":
      return `${jobId} would start now: ${where}`;
    case "wait":
      return `${jobId} waits`;
    case "infeasible":
      return `${jobId} is infeasible: this policy would not place it even if the fleet were empty`;
    case "placed":
      return `${jobId} is placed: ${where}`;
    case "ended":
      return placement ? `${jobId} has ended; it ran on ${where}` : `${jobId} has ended`;
  }
}
