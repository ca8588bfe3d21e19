/**
 * The loop of CrossPipe's greedy (arXiv 2507.00217, section 5): always the rank whose next block can start first does it;
 * which block that is, is decided by what has arrived, what fits into memory, and a rule of priority. Blocks are whole:
 * where the paper cuts them into pieces, to see how much of a W fits before the next message, a rank here knows when the
 * messages that are under way arrive, and waits for one if a W would hold it up for too long (`patience`).
 *
 * Any number of chunks per rank. So that chunks of one micro-batch that come later can always be computed, those that
 * come before them leave one place of memory for each; with this, and micro-batches in order, nothing can deadlock.
 *
 * O(n log p) for n blocks on p ranks, in integers and typed arrays; objects are made of the best order only.
 */
import type { GreedyInput } from "./input.ts";
import { createTournament, firstOf, setKey } from "./tournament.ts";

export const PREFERENCES = ["alternate", "backward", "forward"] as const;

export interface GreedyRule {
  /**
   * By rank, what it does of a forward and a backward that both could start: the one if it has just done the other, or
   * always the same.
   */
  readonly prefer: readonly (typeof PREFERENCES)[number][];
  /** A rank starts a weight gradient only if no message arrives within this share of its duration. 0: always. */
  readonly patience: number;
  /** Of several forwards (backwards) that could start: that of the rank's last chunk, of its first, or of another than before. */
  readonly chunkFirst: "last" | "first" | "other";
  /** By rank, places of memory that its first chunk leaves free for the later ones; at least one for each in any case. */
  readonly keptPlaces: readonly number[];
}

export interface GreedyOrder {
  readonly makespanSeconds: number;
  /** By rank, `blocksPerRank` each: kind (0 F, 1 I, 2 W) x stages x microbatches + stage x microbatches + microbatch. */
  readonly blocks: Int32Array;
  readonly blocksPerRank: number;
}

const F = 0;
const I = 1;
const W = 2;

/** Half activations of a chunk. */
const HALVES = 2;

/** Undefined if some rank's memory holds not even one activation of each of its chunks. */
export function greedyOrder(input: GreedyInput, rule: GreedyRule): GreedyOrder | undefined {
  const { backLink, capHalves, durationSeconds, forthLink, latencySeconds, microbatches, occupancySeconds } =
    input;
  const { gatheredSeconds, reduceMedium, reduceSeconds } = input;
  const { rankOfStage, ranks, stages, stagesOfRank, toleranceSeconds } = input;
  const chunks = stages / ranks;
  const blocksPerRank = 3 * chunks * microbatches;
  if (capHalves.some((cap) => cap < HALVES * chunks)) return undefined;

  const blocks = new Int32Array(ranks * blocksPerRank);
  const performed = new Int32Array(ranks);
  const freeSeconds = new Float64Array(ranks);
  const heldHalves = new Int32Array(ranks);
  const lastStage = new Int32Array(ranks);
  const lastKind = new Int8Array(ranks).fill(I);
  /** By kind and stage: the next micro-batch. */
  const next = new Int32Array(3 * stages);
  /** Half activations by stage. */
  const held = new Int32Array(stages);
  const activationSeconds = new Float64Array(stages * microbatches).fill(Number.POSITIVE_INFINITY);
  const gradientSeconds = new Float64Array(stages * microbatches).fill(Number.POSITIVE_INFINITY);
  activationSeconds.fill(gatheredSeconds[0]!, 0, microbatches);
  const linkFreeSeconds = input.mediumFreeSeconds.slice();

  /** What each rank does next: kind x stages + stage, -1 for nothing that is known. */
  const chosen = new Int32Array(ranks).fill(-1);
  const tree = createTournament(ranks);
  for (let rank = 0; rank < ranks; rank++) choose(rank);
  let makespanSeconds = 0;
  for (let count = ranks * blocksPerRank; count > 0; count--) {
    const rank = firstOf(tree);
    const start = tree.keys[rank]!;
    if (start === Number.POSITIVE_INFINITY) throw new Error("the greedy has stopped before its end");
    const choice = chosen[rank]!;
    const kind = (choice / stages) | 0;
    const stage = choice - kind * stages;
    const microbatch = next[choice]!++;
    blocks[rank * blocksPerRank + performed[rank]!++] = choice * microbatches + microbatch;
    const end = start + durationSeconds[choice]!;
    freeSeconds[rank] = end;
    if (end > makespanSeconds) makespanSeconds = end;
    const halves = kind === F ? HALVES : -1;
    held[stage]! += halves;
    heldHalves[rank]! += halves;
    if (kind !== W) {
      lastKind[rank] = kind;
      lastStage[rank] = stage;
    }
    const to = kind === F ? stage + 1 : kind === I ? stage - 1 : stages;
    if (kind === F && to === stages) gradientSeconds[stage * microbatches + microbatch] = end;
    if (to >= 0 && to < stages) {
      const link = kind === F ? forthLink[stage]! : backLink[stage]!;
      let arrival = end;
      if (link >= 0) {
        const leave = Math.max(end, linkFreeSeconds[link]!) + occupancySeconds[link]!;
        linkFreeSeconds[link] = leave;
        arrival = leave + latencySeconds[link]!;
      }
      if (kind === F)
        activationSeconds[to * microbatches + microbatch] = Math.max(arrival, gatheredSeconds[to]!);
      else gradientSeconds[to * microbatches + microbatch] = arrival;
      const receiver = rankOfStage[to]!;
      if (receiver !== rank) choose(receiver);
    }
    if (kind === input.gradientKind && microbatch === microbatches - 1 && reduceSeconds[stage]! > 0) {
      const medium = reduceMedium[stage]!;
      const reduced = Math.max(end, linkFreeSeconds[medium]!) + reduceSeconds[stage]!;
      linkFreeSeconds[medium] = reduced;
      if (reduced > makespanSeconds) makespanSeconds = reduced;
    }
    choose(rank);
  }
  return { makespanSeconds, blocks, blocksPerRank };

  function choose(rank: number): void {
    const free = freeSeconds[rank]!;
    const now = free + toleranceSeconds;
    let forward = -1;
    let forwardAt = Number.POSITIVE_INFINITY;
    let backward = -1;
    let backwardAt = Number.POSITIVE_INFINITY;
    let weights = -1;
    let blocked = false;
    const { chunkFirst } = rule;
    const descending = chunkFirst === "last" || (chunkFirst === "other" && lastStage[rank]! < ranks);
    for (let turn = 0; turn < chunks; turn++) {
      const chunk = descending ? chunks - 1 - turn : turn;
      const stage = stagesOfRank[rank * chunks + chunk]!;
      const forwards = next[stage]!;
      const backwards = next[stages + stage]!;
      if (weights < 0 && next[2 * stages + stage]! < backwards) weights = 2 * stages + stage;
      if (backwards < forwards) {
        const at = gradientSeconds[stage * microbatches + backwards]!;
        if (at < backwardAt && backwardAt > now) {
          backward = stages + stage;
          backwardAt = at;
        }
      }
      if (forwards < microbatches) {
        const at = activationSeconds[stage * microbatches + forwards]!;
        if (!fits(rank, chunk)) blocked ||= at <= now;
        else if (at < forwardAt && forwardAt > now) {
          forward = stage;
          forwardAt = at;
        }
      }
    }
    const prefer = rule.prefer[rank]!;
    const forwardNext = prefer === "alternate" ? lastKind[rank] === I : prefer === "forward";
    let best = forward;
    let bestAt = forwardAt;
    const bothHere = forwardAt <= now && backwardAt <= now;
    if (bothHere ? !forwardNext : backwardAt < forwardAt) {
      best = backward;
      bestAt = backwardAt;
    }
    if (weights >= 0) {
      // A forward that only lacks memory, when it would be its turn: a weight gradient makes room for it.
      const makesRoom = blocked && forwardNext && forwardAt > now;
      if (makesRoom || bestAt - now > rule.patience * durationSeconds[weights]!) {
        best = weights;
        bestAt = free;
      }
    }
    chosen[rank] = best;
    setKey(tree, rank, bestAt > free ? bestAt : free);
  }

  /** Whether one more activation of the rank's n-th chunk leaves a place for each of the later ones. */
  function fits(rank: number, chunk: number): boolean {
    const cap = capHalves[rank]!;
    if (heldHalves[rank]! + HALVES > cap) return false;
    if (chunks === 1) return true;
    let earlier = 0;
    for (let other = 0; other <= chunk; other++) earlier += held[stagesOfRank[rank * chunks + other]!]!;
    const asked = chunk === 0 ? Math.min(HALVES * rule.keptPlaces[rank]!, cap - HALVES) : 0;
    return earlier + HALVES <= cap - Math.max(asked, HALVES * (chunks - 1 - chunk));
  }
}
