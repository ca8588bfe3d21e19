// The order in which a round tries jobs, one after the other: most rounds end long before a long queue does, so it is
// never sorted whole. A binary heap over the jobs' ranks gives the next one.
import type { Job } from "../cost/job.ts";
import type { OrderTerms, Precedence } from "./policy.ts";

export interface Ranking {
  /** The least is tried first; equals in order of submission. */
  rank(job: Job): number;
  /** The same in words, of one job. */
  terms(job: Job): OrderTerms;
  /** What comes before that order, where something does. */
  precedence?(job: Job): Precedence | undefined;
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
  const ranks = ranksOf(jobs, rank);
  const heap = new Uint32Array(jobs.length);
  for (let i = 0; i < heap.length; i++) heap[i] = i;
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

/** The place of any of the jobs in their order, from 1. */
export function placesIn(jobs: readonly Job[], { rank }: Pick<Ranking, "rank">): (job: Job) => number {
  let ranks: Float64Array | undefined;
  return (job) => {
    ranks ??= ranksOf(jobs, rank);
    const own = rank(job);
    let place = 1;
    for (let i = 0; i < ranks.length; i++) {
      if (ranks[i]! < own || (ranks[i] === own && bySubmission(jobs[i]!, job) < 0)) place++;
    }
    return place;
  };
}

/** A loop, because queues are long and `Float64Array.from` goes through an iterator. */
function ranksOf(jobs: readonly Job[], rank: (job: Job) => number): Float64Array {
  const ranks = new Float64Array(jobs.length);
  for (let i = 0; i < ranks.length; i++) ranks[i] = rank(jobs[i]!);
  return ranks;
}
