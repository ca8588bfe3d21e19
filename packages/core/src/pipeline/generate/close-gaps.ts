/**
 * Closes the gaps of a repeated V (`building-block.ts`): a list scheduler over unit times.
 *
 * At each time a rank does the first action of its order whose inputs are there: a forward only if it and all that stands
 * before it still fit in memory, in the drain a weight gradient only if there is nothing else. Between warm-up and drain
 * the order stays as it is, for it has no gaps. The earliest action of all is always the next one of its rank, and fits,
 * so it cannot come to a halt.
 */

import type { Action } from "../schedule.ts";
import type { PipelineShape } from "./shape.ts";

/** In the steady phase an action neither overtakes nor is overtaken. */
export type Planned = Action & { readonly phase: "warm-up" | "steady" | "drain" };

/** Half activations: I and W release half of one each, as the stats pass counts. */
function addedHalves({ kind }: Action): number {
  return kind === "F" ? 2 : -1;
}

/** @param mostHalves half activations that a rank may hold; the orders as they stand need no more. */
export function closeGaps(
  orders: readonly (readonly Planned[])[],
  mostHalves: number,
  { microbatches, ranks }: PipelineShape,
): readonly (readonly Action[])[] {
  const stages = 2 * ranks;
  // Unit at which a result is there; Infinity before it is computed.
  const table = () => new Float64Array(stages * microbatches).fill(Infinity);
  const forwardEnd = table();
  const backwardEnd = table();
  const left = orders.map((order) => order.slice());
  const held = orders.map(() => 0);
  const done = orders.map((): Action[] => []);
  const isReady = ({ kind, microbatch, stage }: Action, now: number): boolean => {
    const cell = stage * microbatches + microbatch;
    if (kind === "F") return stage === 0 || forwardEnd[cell - microbatches]! <= now;
    if (kind === "W") return backwardEnd[cell]! <= now;
    return forwardEnd[cell]! <= now && (stage === stages - 1 || backwardEnd[cell + microbatches]! <= now);
  };
  // A rank that found nothing to do looks again once it or a neighbour has done something. (Writes beyond the ends of
  // a typed array are ignored.)
  const lookAt = new Int32Array(ranks);
  let remaining = orders.reduce((sum, order) => sum + order.length, 0);
  for (let now = 0; remaining > 0; now++) {
    for (const [rank, order] of left.entries()) {
      if (lookAt[rank]! < now) continue;
      const position = choose(order, held[rank]!, mostHalves, (action) => isReady(action, now));
      if (position < 0) continue;
      const next = order[position]!;
      const { kind, microbatch, stage } = next;
      order.splice(position, 1);
      const cell = stage * microbatches + microbatch;
      if (kind === "F") forwardEnd[cell] = now + 1;
      if (kind === "I") backwardEnd[cell] = now + 1;
      held[rank]! += addedHalves(next);
      done[rank]!.push({ kind, stage, microbatch });
      remaining--;
      for (const near of [rank - 1, rank, rank + 1]) lookAt[near] = now + 1;
    }
  }
  return done;
}

/** Position of the action that a rank does next, -1 for none. */
function choose(
  order: readonly Planned[],
  held: number,
  mostHalves: number,
  isReady: (action: Action) => boolean,
): number {
  let ahead = held;
  let mostAhead = held;
  let weightGradient = -1;
  for (const [position, action] of order.entries()) {
    const { kind, phase } = action;
    if (phase === "steady" && position > 0) break;
    if (isReady(action)) {
      if (kind === "W" && phase === "drain") weightGradient = weightGradient < 0 ? position : weightGradient;
      else if (kind !== "F" || position === 0 || mostAhead + 2 <= mostHalves) return position;
    }
    if (phase === "steady") break;
    ahead += addedHalves(action);
    mostAhead = Math.max(mostAhead, ahead);
  }
  return weightGradient;
}
