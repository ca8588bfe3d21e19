/** A timing in the integers of a compiled schedule: durations by slot, links by id, media by number. */

import type { CompiledSchedule } from "./compile.ts";
import type { GradientSync, Timing } from "./timing.ts";

/** By `durationSlot`: F, B, I, W by stage, then a zero. */
export function durationTable(stages: number, timing: Timing): Float64Array {
  const overhead = seconds("overheadSeconds", timing.overheadSeconds);
  const table = new Float64Array(4 * stages + 1);
  for (let stage = 0; stage < stages; stage++) {
    const inputGrad = seconds("inputGradSeconds", timing.inputGradSeconds[stage]);
    const weightGrad = seconds("weightGradSeconds", timing.weightGradSeconds[stage]);
    table[stage] = seconds("forwardSeconds", timing.forwardSeconds[stage]) + overhead;
    table[stages + stage] = inputGrad + weightGrad + overhead;
    table[2 * stages + stage] = inputGrad + overhead;
    table[3 * stages + stage] = weightGrad + overhead;
  }
  return table;
}

export interface LinkTables {
  readonly latencySeconds: Float64Array;
  readonly occupancySeconds: Float64Array;
  /** Numbers below `media`: links first, each its own medium or that of the first link that names the same one. */
  readonly mediumOfLink: Int32Array;
  /** Links, and one network apart for each rank's gradients. */
  readonly media: number;
  /** Whether several ranks send over one medium. */
  readonly shared: boolean;
}

export function linkTables({ links, linkOfPair, schedule }: CompiledSchedule, timing: Timing): LinkTables {
  const ranks = schedule.ranks.length;
  const latencySeconds = new Float64Array(links.length);
  const occupancySeconds = new Float64Array(links.length);
  const mediumOfLink = Int32Array.from(links, (_, link) => link);
  const firstOfMedium = new Map<number, number>();
  let shared = false;
  for (const hop of timing.links) {
    const link = hop.toRank < ranks ? linkOfPair.get(hop.fromRank * ranks + hop.toRank) : undefined;
    if (link === undefined) continue;
    latencySeconds[link] = seconds("latencySeconds", hop.latencySeconds);
    occupancySeconds[link] = seconds("occupancySeconds", hop.occupancySeconds);
    if (hop.medium === undefined) continue;
    const first = firstOfMedium.get(hop.medium) ?? link;
    firstOfMedium.set(hop.medium, first);
    mediumOfLink[link] = first;
    shared ||= links[first]!.fromRank !== hop.fromRank;
  }
  return { latencySeconds, occupancySeconds, mediumOfLink, media: links.length + ranks, shared };
}

export interface SyncTables {
  /** By rank x stages + stage: when its weights are there. */
  readonly gatheredSeconds: Float64Array;
  /** By action: the medium that reduces its stage's gradients after it, -1 for none; and for how long. */
  readonly mediumAfter: Int32Array;
  readonly reduceSeconds: Float64Array;
}

/** Gathers come first on their media, rank by rank in the order of the stages' first forwards: these are taken here. */
export function syncTables(
  compiled: CompiledSchedule,
  syncs: readonly GradientSync[],
  { mediumOfLink }: LinkTables,
  mediumFreeSeconds: Float64Array,
): SyncTables {
  const { actionCount, durationSlot, linkOfPair, links, rankOffset, schedule } = compiled;
  const { ranks, stages } = schedule;
  const syncAt = new Map(syncs.map((sync) => [sync.rank * stages + sync.stage, sync]));
  const gatheredSeconds = new Float64Array(ranks.length * stages);
  const mediumAfter = new Int32Array(actionCount).fill(-1);
  const reduceSeconds = new Float64Array(actionCount);
  for (const [rank, actions] of ranks.entries()) {
    const mediumOf = ({ overLinkToRank, stage }: GradientSync) => {
      if (overLinkToRank === undefined) return links.length + rank;
      const link = linkOfPair.get(rank * ranks.length + overLinkToRank);
      if (link === undefined)
        throw new RangeError(
          `GradientSync of stage ${stage}: nothing goes from rank ${rank} to ${overLinkToRank}`,
        );
      return mediumOfLink[link]!;
    };
    const gathered = new Set<number>();
    const lastGradient = new Map<number, number>();
    for (const [position, { kind: name, stage }] of actions.entries()) {
      const sync = syncAt.get(rank * stages + stage);
      const kind = Math.floor(durationSlot[rankOffset[rank]! + position]! / stages);
      if (!sync || kind === 2 || (kind > 3 && name !== "SEND_B")) continue;
      // A gradient that is sent on comes first: others wait for it.
      if (kind > 0) lastGradient.set(stage, rankOffset[rank]! + position);
      else if (!gathered.has(stage)) {
        gathered.add(stage);
        const medium = mediumOf(sync);
        mediumFreeSeconds[medium]! += seconds("gatherSeconds", sync.gatherSeconds);
        gatheredSeconds[rank * stages + stage] = mediumFreeSeconds[medium]!;
      }
    }
    for (const [stage, action] of lastGradient) {
      const sync = syncAt.get(rank * stages + stage)!;
      mediumAfter[action] = mediumOf(sync);
      reduceSeconds[action] = seconds("reduceSeconds", sync.reduceSeconds);
    }
  }
  return { gatheredSeconds, mediumAfter, reduceSeconds };
}

function seconds(field: string, value: number | undefined): number {
  if (value === undefined || !Number.isFinite(value) || value < 0) {
    throw new RangeError(`Timing.${field} must be finite and 0 or more for each stage and link: ${value}`);
  }
  return value;
}
