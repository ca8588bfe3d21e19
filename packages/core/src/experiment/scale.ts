// A scenario with other bandwidths, other numbers of GPUs, or more jobs of the same kinds.
import type { Job } from "../cost/job.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { randomStream } from "../simulator/random.ts";
import type { Scale } from "./draw.ts";

export function scaledFleet(fleet: Fleet, scale: Pick<Scale, "bandwidth" | "gpus">): Fleet {
  return {
    ...fleet,
    regions: fleet.regions.map((region) => ({
      ...region,
      gpus: Math.max(1, Math.round(region.gpus * scale.gpus)),
    })),
    links: fleet.links.map((link) => ({
      ...link,
      bandwidthBitsPerSecond: Math.floor(link.bandwidthBitsPerSecond * scale.bandwidth),
    })),
  };
}

/** The first jobs are the given ones; the others are copies of them, each with the iterations of another at random. */
export function moreJobs(jobs: readonly Job[], count: number, seed: number): Job[] {
  const stream = randomStream(seed, "more-jobs");
  return Array.from({ length: count }, (_, i): Job => {
    const job = jobs[i % jobs.length]!;
    if (i < jobs.length) return job;
    const { iterations } = jobs[Math.floor(stream() * jobs.length)]!;
    return { ...job, id: `${job.id}-${Math.floor(i / jobs.length) + 1}`, iterations };
  });
}
