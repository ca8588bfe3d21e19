// How ranks of neighbouring stages are connected: between regions by the worker's own transport, over as many streams as
// fill the path, inside a region by torch.distributed.
import type { Job } from "../cost/job.ts";
import { stageRegions } from "../cost/stages.ts";
import { emulatesLinks, type Fleet, topologyOf } from "../fleet/fleet.ts";
import type { Placement } from "../fleet/ledger.ts";
import { BITS_PER_BYTE } from "../units.ts";
import type { Plan } from "./plan.ts";

type PlanLink = Plan["links"][number];

/** Large enough to keep a stream busy between two wake-ups, small enough that all streams share a message. */
const CHUNK_BYTES = 256 * 2 ** 10;
/**
 * In flight on one connection at most, whatever the path: what Linux grants without being configured (tcp_wmem and
 * tcp_rmem end at 4 and 6 MiB, of which about this much is payload). Measured: 560 to 620 Mbit/s at 40 ms.
 */
const STREAM_WINDOW_BYTES = 2.5e6;
const MOST_STREAMS = 64;

/** Connections that fill a path of this rate and one-way delay. */
export function streamsFor(bitsPerSecond: number, latencySeconds: number): number {
  const inFlightBytes = (bitsPerSecond * 2 * latencySeconds) / BITS_PER_BYTE;
  return Math.min(MOST_STREAMS, Math.max(1, Math.ceil(inFlightBytes / STREAM_WINDOW_BYTES)));
}

/** @param placement in units; every replica has an equal part of what is reserved. */
export function planLinks(job: Job, fleet: Fleet, placement: Placement): PlanLink[] {
  const { dataParallel: replicas = 1 } = job;
  const positions = stageRegions(placement.gpus);
  const stages = positions.length;
  return Array.from({ length: replicas }, (_, replica) =>
    positions.slice(1).flatMap((position, stage) => {
      const hop = positions[stage]!;
      const [a, b] = [placement.regions[hop]!, placement.regions[position]!];
      const rank = replica * stages + stage;
      const shape = (from: number, to: number) =>
        linkShape(job, fleet, from, to, placement.hopBitsPerSecond[hop]! / replicas);
      return [
        { fromRank: rank, toRank: rank + 1, ...shape(a, b) },
        { fromRank: rank + 1, toRank: rank, ...shape(b, a) },
      ];
    }),
  ).flat();
}

function linkShape(
  { training }: Job,
  fleet: Fleet,
  from: number,
  to: number,
  bandwidthBitsPerSecond: number,
): Omit<PlanLink, "fromRank" | "toRank"> {
  const own = { chunkBytes: CHUNK_BYTES, bufferBytes: null };
  if (from === to) return { via: "collective", streams: 1, ...own, compression: "none", emulated: null };
  const { latencySeconds: latencies, regionCount, streams } = topologyOf(fleet);
  const pair = from * regionCount + to;
  const latencySeconds = latencies[pair]!;
  const { compression } = training!;
  const emulated = emulatesLinks(fleet);
  return {
    via: "tcp",
    streams: emulated ? 1 : streams[pair] || streamsFor(bandwidthBitsPerSecond, latencySeconds),
    ...own,
    compression,
    emulated: emulated ? { bandwidthBitsPerSecond, latencySeconds } : null,
  };
}
