// One hop of a pipeline at any bandwidth, and what schedules of the pipeline take with it.
import {
  type Crossing,
  chainLinks,
  compileSchedule,
  crosspipeSeconds,
  extraForwardsOf,
  fittingForwards,
  oneFOneBSeconds,
  type Pipeline,
  timeSchedule,
  timingOf,
  warmupOneFOneB,
} from "@bace-pipe/core/pipeline";

/** The hop that is studied, after `hop + 1` stages, and the rest of the pipeline as it is. One chunk per rank. */
export interface Link {
  readonly pipeline: Pipeline;
  readonly hop: number;
  readonly crossing: Crossing;
  /** Infinity where the message takes no time. */
  readonly bitsPerSecond: number;
}

/** Orders of the greedy for each figure: more find little, and a curve has many figures. */
const ORDERS = 16;
/** Beyond as many blocks it takes seconds for each figure. */
const MOST_BLOCKS = 16_384;

export function linkOf(asked: Pipeline, hop: number, messageBits: number): Link {
  const pipeline = withoutChunks(asked);
  const { forwardSeconds, hops, inputGradSeconds, overheadSeconds, weightGradSeconds } = pipeline;
  const { latencySeconds, occupancySeconds } = hops[hop]!;
  const periodSeconds = Math.max(
    ...forwardSeconds.map(
      (forward, rank) => forward + inputGradSeconds[rank]! + weightGradSeconds[rank]! + 2 * overheadSeconds,
    ),
  );
  return {
    pipeline,
    hop,
    crossing: { messageBits, latencySeconds, periodSeconds },
    bitsPerSecond: messageBits / occupancySeconds,
  };
}

/** Whole stages: 1F1B has no chunks. */
function withoutChunks(pipeline: Pipeline): Pipeline {
  const { chunks, gradients } = pipeline;
  const whole = (values: readonly number[]) => values.map((value) => value * chunks);
  return {
    ...pipeline,
    chunks: 1,
    forwardSeconds: whole(pipeline.forwardSeconds),
    inputGradSeconds: whole(pipeline.inputGradSeconds),
    weightGradSeconds: whole(pipeline.weightGradSeconds),
    memoryCap: pipeline.memoryCap.map((cap) => Math.floor(cap / chunks + 1e-9)),
    ...(gradients && {
      gradients: gradients.map((sync) => ({
        ...sync,
        reduceSeconds: sync.reduceSeconds * chunks,
        gatherSeconds: sync.gatherSeconds * chunks,
      })),
    }),
  };
}

/** What replicas exchange over the hop takes what it takes: how many bytes that is, is not known. */
export function atBandwidth({ crossing, hop, pipeline }: Link, bitsPerSecond: number): Pipeline {
  const { latencySeconds, messageBits } = crossing;
  const occupancySeconds = messageBits / bitsPerSecond;
  return {
    ...pipeline,
    hops: pipeline.hops.map((other, i) => (i === hop ? { latencySeconds, occupancySeconds } : other)),
  };
}

/** One more activation on one rank, or on all. */
export function withMore(pipeline: Pipeline, rank?: number): Pipeline {
  const memoryCap = pipeline.memoryCap.map((cap, i) => cap + (rank === undefined || rank === i ? 1 : 0));
  return { ...pipeline, memoryCap };
}

/** Extra forwards of each hop that the warm-up rule gives in the memory that there is. */
export function forwardsByHop({ hops, ...pipeline }: Pipeline): readonly number[] {
  const byRank = fittingForwards({ hops, ...pipeline });
  return hops.map((_, hop) => byRank[hop]! - byRank[hop + 1]!);
}

/** Activations that each rank holds at most. */
export function heldByRank({ microbatches, ranks }: Pipeline, byHop: readonly number[]): readonly number[] {
  return extraForwards(byHop).map((extra, rank) => Math.min(microbatches, ranks - rank + extra));
}

/** Of an iteration under 1F1B with these extra forwards of each hop, what replicas exchange included. */
export function warmupSeconds(pipeline: Pipeline, byHop: readonly number[]): number {
  const { forwardSeconds, hops, inputGradSeconds, overheadSeconds, weightGradSeconds } = pipeline;
  const extra = extraForwards(byHop);
  // The fast pass knows neither gathers nor reductions over the links.
  if (pipeline.gradients) {
    const schedule = warmupOneFOneB(pipeline, extra);
    return timeSchedule(compileSchedule(schedule), timingOf(pipeline, schedule)).makespanSeconds;
  }
  const timing = {
    ...{ forwardSeconds, inputGradSeconds, overheadSeconds, weightGradSeconds },
    links: chainLinks(hops),
  };
  return oneFOneBSeconds(pipeline.microbatches, timing, extra);
}

/** Of an iteration under CrossPipe's greedy, which splits backwards; null where memory holds none, and for large pipelines. */
export function greedySeconds(pipeline: Pipeline): number | null {
  if (3 * pipeline.ranks * pipeline.microbatches > MOST_BLOCKS) return null;
  return crosspipeSeconds(pipeline, { orders: ORDERS }) ?? null;
}

function extraForwards(byHop: readonly number[]): readonly number[] {
  return extraForwardsOf(
    byHop.length + 1,
    byHop,
    byHop.map((_, hop) => hop),
  );
}
