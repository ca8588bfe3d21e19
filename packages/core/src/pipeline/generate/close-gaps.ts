/**
 * Closes the gaps of a repeated V (`building-block.ts`): a list scheduler over unit times.
 *
 * At each time a rank does the first action of its order whose inputs are there: a forward only if it and all that stands
 * before it still fit in memory, in the drain a weight gradient only if there is nothing else. Between warm-up and drain
 * the order stays as it is, for it has no gaps. The earliest action of all is always the next one of its rank, and fits,
 * so it cannot come to a halt.
 *
 * Actions of one kind and stage never overtake each other: inputs come in order, and what fits leaves room for what stands
 * before it. So a choice is among one action of each, and takes O(log n) for n actions of a rank.
 */

import type { Action } from "../schedule.ts";
import { clear, createSums, highestBefore, type Sums } from "./prefix-sums.ts";
import type { PipelineShape } from "./shape.ts";

/** In the steady phase an action neither overtakes nor is overtaken. */
export type Planned = Action & { readonly phase: "warm-up" | "steady" | "drain" };

/** Positions in a rank's order of one stage's actions of one kind, and how many of them are done. */
interface Queue {
  readonly positions: readonly number[];
  done: number;
}

/** What one rank still has to do. */
interface Rank {
  readonly order: readonly Planned[];
  readonly queues: readonly Queue[];
  /** Half activations that it holds, and that what is left adds. */
  held: number;
  readonly added: Sums;
  /** Position of its first steady action. */
  readonly steadyFrom: number;
}

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
  const waiting = orders.map(rankOf);
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
    for (const [index, rank] of waiting.entries()) {
      if (lookAt[index]! < now) continue;
      const queue = choose(rank, mostHalves, (action) => isReady(action, now));
      if (!queue) continue;
      const { kind, microbatch, stage } = perform(rank, queue);
      const cell = stage * microbatches + microbatch;
      if (kind === "F") forwardEnd[cell] = now + 1;
      if (kind === "I") backwardEnd[cell] = now + 1;
      done[index]!.push({ kind, stage, microbatch });
      remaining--;
      for (let near = index - 1; near <= index + 1; near++) lookAt[near] = now + 1;
    }
  }
  return done;
}

function rankOf(order: readonly Planned[]): Rank {
  const queues = new Map<string, Queue & { readonly positions: number[] }>();
  for (const [position, { kind, stage }] of order.entries()) {
    const key = `${kind}${stage}`;
    const queue = queues.get(key);
    if (queue) queue.positions.push(position);
    else queues.set(key, { positions: [position], done: 0 });
  }
  const steadyFrom = order.findIndex(({ phase }) => phase === "steady");
  return {
    order,
    queues: [...queues.values()],
    held: 0,
    added: createSums(order.map(addedHalves)),
    steadyFrom: steadyFrom < 0 ? order.length : steadyFrom,
  };
}

/** The queue of which a rank does the next action; undefined for none. */
function choose(
  { added, held, order, queues, steadyFrom }: Rank,
  mostHalves: number,
  isReady: (action: Action) => boolean,
): Queue | undefined {
  let first = Infinity;
  for (const queue of queues) first = Math.min(first, positionOf(queue));
  if (first === Infinity) return undefined;
  const { phase } = order[first]!;
  const until = phase === "warm-up" ? steadyFrom : phase === "steady" ? first + 1 : Infinity;
  let best: Queue | undefined;
  let weightGradient: Queue | undefined;
  for (const queue of queues) {
    const position = positionOf(queue);
    if (position >= until || position === Infinity) continue;
    const action = order[position]!;
    if (!isReady(action)) continue;
    if (action.kind === "W" && action.phase === "drain") {
      if (position < positionOf(weightGradient)) weightGradient = queue;
    } else if (position < positionOf(best)) {
      const fits = () => held + highestBefore(added, position) + 2 <= mostHalves;
      if (action.kind !== "F" || position === first || fits()) best = queue;
    }
  }
  return best ?? weightGradient;
}

/** Of its first action that is left; Infinity without one. */
function positionOf(queue: Queue | undefined): number {
  return queue?.positions[queue.done] ?? Infinity;
}

function perform(rank: Rank, queue: Queue): Action {
  const position = positionOf(queue);
  const action = rank.order[position]!;
  queue.done++;
  rank.held += addedHalves(action);
  clear(rank.added, position);
  return action;
}
