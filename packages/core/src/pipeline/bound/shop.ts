/**
 * A pipeline with its stages placed, as a job shop of chains: for each stage a chain of F's, one of I's and one of W's, and for
 * each pair of neighbours on different ranks one of messages each way, all in the order of micro-batches. Ids are
 * numbers and everything lies in flat arrays: the bound is computed often.
 *
 * No schedule is quicker here than in truth: a whole backward counts as I and W without a pause and an overhead less, and
 * hands its gradient on and gives memory back at the end of I already. Blocks of one stage and kind being alike, fixing
 * their order loses nothing. Pipelines in both directions have chains of their own for each direction.
 */

import { type Pipeline, timingOf } from "../pipeline.ts";
import type { Schedule } from "../schedule.ts";
import type { Timing } from "../timing.ts";

/** Where the stages are: all of a schedule that the bound needs. */
export type Placement = Pick<Schedule, "rankOfStage" | "mirrored">;

export type Shop = {
  readonly stages: number;
  /** Micro-batches of each direction; one entry where all go the same way. */
  readonly microbatches: readonly number[];
  /** `stride` entries for each chain, the first `microbatches` of them used. */
  readonly stride: number;
  /** Chain of stage s's forwards in direction d is 3(d·stages + s); of I's one more, of W's two more. Then messages. */
  readonly chains: number;
  readonly firstMessage: number;
  /** By chain: seconds of one operation; of a message, the occupancy. */
  readonly durationSeconds: Float64Array;
  /** By chain of messages: seconds from its end to the receiver. */
  readonly latencySeconds: Float64Array;
  /** By stage. */
  readonly gatherSeconds: Float64Array;
  readonly reduceSeconds: Float64Array;
  /** By chain of messages: seconds that its link is busy after its last one. */
  readonly afterLastMessageSeconds: Float64Array;
  /** By rank, in halves of a stage's activation; a large number for no limit. */
  readonly halfUnits: Int32Array;
  /** By direction and stage. */
  readonly rankOf: Int32Array;
  /** Chains of blocks by rank; and chains of messages by cable, where one has several. */
  readonly ranks: readonly (readonly number[])[];
  readonly cables: readonly (readonly number[])[];
};

const NO_LIMIT = 2 ** 30;

/** Chain of the messages of stage s in direction d: to the next stage, or (`back`) to the one before. */
export function messageChain(shop: Shop, direction: number, stage: number, back: 0 | 1): number {
  return shop.firstMessage + 2 * (direction * shop.stages + stage) + back;
}

export function openShop(pipeline: Pipeline, { mirrored, rankOfStage }: Placement): Shop {
  const stages = rankOfStage.length;
  const total = pipeline.microbatches;
  const microbatches = mirrored ? [mirrored.firstMicrobatch, total - mirrored.firstMicrobatch] : [total];
  const timing = timingOf(pipeline, { generator: "", stages, microbatches: total, ranks: [], rankOfStage });
  const unit = (pipeline.chunks * pipeline.ranks) / stages;
  // A stage on two ranks exchanges no less than the quicker of them.
  const syncSeconds = (field: "gatherSeconds" | "reduceSeconds") =>
    Float64Array.from(rankOfStage, (rank, stage) => {
      const holders = [rank, ...(mirrored ? [mirrored.rankOfStage[stage]!] : [])];
      return Math.min(...holders.map((holder) => pipeline.gradients?.[holder]?.[field] ?? 0)) * unit;
    });
  const directions = microbatches.length;
  const firstMessage = 3 * directions * stages;
  const chains = firstMessage + 2 * directions * stages;
  const rankOf = new Int32Array(directions * stages);
  rankOf.set(rankOfStage);
  if (mirrored) rankOf.set(mirrored.rankOfStage, stages);

  const shop: Shop = {
    stages,
    microbatches,
    stride: Math.max(...microbatches),
    chains,
    firstMessage,
    durationSeconds: new Float64Array(chains),
    latencySeconds: new Float64Array(chains),
    gatherSeconds: syncSeconds("gatherSeconds"),
    reduceSeconds: syncSeconds("reduceSeconds"),
    afterLastMessageSeconds: new Float64Array(chains),
    halfUnits: Int32Array.from(pipeline.memoryCap, (cap) =>
      Math.min(NO_LIMIT, Math.floor((2 * cap) / unit + 1e-6)),
    ),
    rankOf,
    ranks: pipeline.memoryCap.map((): number[] => []),
    cables: [],
  };
  return { ...shop, ranks: placeBlocks(shop, timing), cables: layCables(shop, timing) };
}

function placeBlocks(shop: Shop, timing: Timing): readonly (readonly number[])[] {
  const { durationSeconds, rankOf, stages } = shop;
  const chainsOf = Array.from(shop.halfUnits, (): number[] => []);
  for (let place = 0; place < rankOf.length; place++) {
    const stage = place % stages;
    const chain = 3 * place;
    durationSeconds[chain] = timing.forwardSeconds[stage]! + timing.overheadSeconds;
    durationSeconds[chain + 1] = timing.inputGradSeconds[stage]! + timing.overheadSeconds;
    durationSeconds[chain + 2] = timing.weightGradSeconds[stage]!;
    chainsOf[rankOf[place]!]!.push(chain, chain + 1, chain + 2);
  }
  return chainsOf;
}

/** Sets the times of messages; returns the cables that several chains share. */
function layCables(shop: Shop, { gradientSyncs, links }: Timing): readonly (readonly number[])[] {
  const { afterLastMessageSeconds, durationSeconds, latencySeconds, microbatches, rankOf, ranks, stages } =
    shop;
  const linkOf = new Map(links.map((link) => [link.fromRank * ranks.length + link.toRank, link]));
  const onCable = new Map<number, number[]>();
  const lay = (chain: number, stage: number, fromRank: number, toRank: number) => {
    const link = fromRank === toRank ? undefined : linkOf.get(fromRank * ranks.length + toRank);
    if (!link) return;
    durationSeconds[chain] = link.occupancySeconds;
    latencySeconds[chain] = link.latencySeconds;
    // Where a rank has one stage, all that it sends is sent before its gradients are reduced.
    const sync = gradientSyncs?.[stage];
    const alone = rankOf.indexOf(fromRank) === rankOf.lastIndexOf(fromRank);
    if (alone && sync?.overLinkToRank === toRank) afterLastMessageSeconds[chain] = sync.reduceSeconds;
    if (link.occupancySeconds === 0) return;
    const cable = link.medium ?? -1 - fromRank * ranks.length - toRank;
    const others = onCable.get(cable);
    if (others) others.push(chain);
    else onCable.set(cable, [chain]);
  };
  for (let direction = 0; direction < microbatches.length; direction++) {
    for (let stage = 0; stage < stages; stage++) {
      const from = rankOf[direction * stages + stage]!;
      if (stage < stages - 1)
        lay(messageChain(shop, direction, stage, 0), stage, from, rankOf[direction * stages + stage + 1]!);
      if (stage > 0)
        lay(messageChain(shop, direction, stage, 1), stage, from, rankOf[direction * stages + stage - 1]!);
    }
  }
  return [...onCable.values()].filter((chains) => chains.length > 1);
}
