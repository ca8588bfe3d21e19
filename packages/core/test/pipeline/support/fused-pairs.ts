/**
 * The makespan of a computation order whose fused pairs run as one block that lasts as long as both: it starts when the
 * inputs of both are there, and the results of both are there when it ends. So other projects time DualPipe; the timing
 * pass of the product runs a pair's forward first and sends its result at once, which is never slower.
 */

import { type Action, rankOf, type Schedule } from "../../../src/pipeline/index.ts";

export type BlockSeconds = {
  readonly forward: number;
  readonly inputGrad: number;
  readonly weightGrad: number;
  /** From rank to rank, and where `hopsWithinRank` holds between the stages of one rank too. */
  readonly latency?: number;
  readonly hopsWithinRank?: boolean;
};

export function makespanOfFusedPairs(schedule: Schedule, seconds: BlockSeconds): number {
  const { forward, inputGrad, latency = 0, weightGrad } = seconds;
  const lasts = { F: forward, B: inputGrad + weightGrad, I: inputGrad, W: weightGrad };
  const endOf = new Map<string, number>();
  const key = (pass: "F" | "B", stage: number, microbatch: number) => `${stage}${pass}${microbatch}`;

  /** When the action's inputs are there; undefined as long as one of them is not computed. */
  const inputsAt = ({ kind, microbatch, stage }: Action): number | undefined => {
    const delay = (from: number) => {
      const local = rankOf(schedule, from, microbatch) === rankOf(schedule, stage, microbatch);
      return local && !seconds.hopsWithinRank ? 0 : latency;
    };
    const needs: (number | undefined)[] = [];
    const need = (pass: "F" | "B", from: number) => {
      const end = endOf.get(key(pass, from, microbatch));
      needs.push(end === undefined ? undefined : end + (from === stage ? 0 : delay(from)));
    };
    if (kind === "F" && stage > 0) need("F", stage - 1);
    if (kind === "W") need("B", stage);
    if (kind === "B" || kind === "I") {
      need("F", stage);
      if (stage + 1 < schedule.stages) need("B", stage + 1);
    }
    return needs.reduce(
      (latest, end) => (latest === undefined || end === undefined ? undefined : Math.max(latest, end)),
      0,
    );
  };

  const ranks = schedule.ranks.map((actions) => ({ blocks: blocksOf(actions), free: 0 }));
  for (let moved = true; moved; ) {
    moved = false;
    for (const rank of ranks) {
      for (let block = rank.blocks[0]; block; block = rank.blocks[0]) {
        const inputs = block.map(inputsAt);
        if (inputs.includes(undefined)) break;
        const start = Math.max(rank.free, ...(inputs as number[]));
        rank.free = start + block.reduce((sum, { kind }) => sum + lasts[kind as keyof typeof lasts], 0);
        for (const { kind, microbatch, stage } of block)
          if (kind !== "W") endOf.set(key(kind === "F" ? "F" : "B", stage, microbatch), rank.free);
        rank.blocks.shift();
        moved = true;
      }
    }
  }
  if (ranks.some(({ blocks }) => blocks.length > 0)) throw new Error("the schedule deadlocks");
  return Math.max(...ranks.map(({ free }) => free));
}

/** Single actions and fused pairs. */
function blocksOf(actions: readonly Action[]): Action[][] {
  return actions.flatMap((action, position) => {
    if (actions[position - 1]?.fused) return [];
    return [action.fused ? [action, actions[position + 1]!] : [action]];
  });
}
