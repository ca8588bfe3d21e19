// The order in which a round tries jobs, one after the other: most rounds end long before a long queue does, so it is
// never sorted whole. A binary heap over the jobs' ranks gives the next one.
import type { Job } from "../cost/job.ts";
import type { OrderTerms } from "./policy.ts";

export interface Ranking {
  /** The least is tried first; equals in order of submission. */
  rank(job: Job): number;
  /** The same in words, of one job. */
  terms(job: Job): OrderTerms;
}

/** First come, first served. */
export const bySubmitTime: Ranking = {
  rank: ({ submitSeconds }) => submitSeconds,
  terms: ({ submitSeconds }) => ({ kind: "fcfs", submitSeconds }),
};

/** Ties by id, so that the order never depends on how the queue was stored. */
export function bySubmission(a: Job, b: Job): number {
  return a.submitSeconds - b.submitSeconds || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

export interface Line {
  /** Takes the next job out; undefined when none is left. */
  next(): Job | undefined;
  /** Those that are left, in no order. */
  rest(): readonly Job[];
}

export function lineUp(jobs: readonly Job[], { rank }: Pick<Ranking, "rank">): Line {
  const ranks = Float64Array.from(jobs, rank);
  const heap = Uint32Array.from(jobs.keys());
  let size = heap.length;

  const isBefore = (a: number, b: number): boolean =>
    ranks[a]! < ranks[b]! || (ranks[a] === ranks[b] && bySubmission(jobs[a]!, jobs[b]!) < 0);
  const sink = (from: number): void => {
    const sinking = heap[from]!;
    let parent = from;
    for (let child = 2 * parent + 1; child < size; child = 2 * parent + 1) {
      if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, sinking)) break;
      heap[parent] = heap[child]!;
      parent = child;
    }
    heap[parent] = sinking;
  };
  for (let parent = (size >> 1) - 1; parent >= 0; parent--) sink(parent);

  return {
    next() {
      if (size === 0) return undefined;
      const first = heap[0]!;
      heap[0] = heap[--size]!;
      sink(0);
      return jobs[first];
    },
    rest: () => Array.from(heap.subarray(0, size), (index) => jobs[index]!),
  };
}
