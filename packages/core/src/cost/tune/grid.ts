// The grid that tuning goes over: micro-batch sizes and sequence lengths at the same tokens per iteration, and the job
// as it is at each point. What a point changes of a job: work and its efficiency, bytes that cross a boundary, memory, and
// the number of micro-batches. What it does not: iterations, so a run of the same length sees the same tokens.
// Leaves out: what a sequence length does to what the model learns, which is why lengths are the user's list.
import type { Fleet } from "../../fleet/fleet.ts";
import { efficiencyOf } from "../../model/efficiency/index.ts";
import { headForwardFlops, layerForwardFlops, modelFlops } from "../../model/index.ts";
import type { Job } from "../job.ts";

/** A job that names its model: tuning needs to know its work and memory at sizes that it was not asked at. */
export type ModelJob = Job & {
  readonly work: Extract<Job["work"], { readonly kind: "flops" }>;
  readonly memory: NonNullable<Job["memory"]>;
};

export function hasModel(job: Job): job is ModelJob {
  return job.work.kind === "flops" && job.memory !== undefined;
}

export interface GridPoint {
  /** Sequences per micro-batch. */
  readonly microbatchSize: number;
  /** Tokens per sequence. */
  readonly sequenceLength: number;
  /** Per iteration, over all replicas: what keeps the tokens of an iteration. */
  readonly microbatches: number;
}

/** Points that there cannot be: the iteration's tokens do not come out even, or in more micro-batches than a job may have. */
export interface RefusedPoint {
  readonly microbatchSize: number;
  readonly sequenceLength: number;
  readonly reason: "uneven" | "too-many-microbatches";
}

/** As in job files. */
const MOST_MICROBATCHES = 4096;

/** `job`: the share of peak that the job or its scenario states. `fitted`: by the model fitted to published runs. */
export type EfficiencySource = "job" | "fitted";

export function tokensPerIteration({ memory, microbatches }: ModelJob): number {
  return microbatches * memory.options.microbatchSize * memory.options.sequenceLength;
}

/** The point at which the job itself is. */
export function ownPoint({ memory, microbatches }: ModelJob): GridPoint {
  const { microbatchSize, sequenceLength } = memory.options;
  return { microbatchSize, sequenceLength, microbatches };
}

/** Points with as many tokens per iteration as the job has: sizes 1, 2, 4 … and the job's own, by sequence length. */
export function gridOf(
  job: ModelJob,
  sequenceLengths: readonly number[],
): { readonly points: readonly GridPoint[]; readonly refused: readonly RefusedPoint[] } {
  const tokens = tokensPerIteration(job);
  const { dataParallel = 1 } = job;
  const own = ownPoint(job);
  const points: GridPoint[] = [];
  const refused: RefusedPoint[] = [];
  for (const sequenceLength of new Set(sequenceLengths)) {
    const sizes = new Set([own.microbatchSize]);
    for (let size = 1; size * sequenceLength * dataParallel <= tokens; size *= 2) sizes.add(size);
    for (const microbatchSize of [...sizes].sort((a, b) => a - b)) {
      const microbatches = tokens / (sequenceLength * microbatchSize);
      const isEven = Number.isInteger(microbatches / dataParallel);
      if (isEven && microbatches <= Math.max(MOST_MICROBATCHES, own.microbatches))
        points.push({ microbatchSize, sequenceLength, microbatches });
      else
        refused.push({
          ...{ microbatchSize, sequenceLength },
          reason: isEven ? "too-many-microbatches" : "uneven",
        });
    }
  }
  return { points, refused };
}

/** The job at a point. A fitted efficiency is that of the fleet's slowest type: a pipeline runs at the pace of that. */
export function jobAt(job: ModelJob, fleet: Fleet, point: GridPoint, source: EfficiencySource): ModelJob {
  const { microbatches, microbatchSize, sequenceLength } = point;
  const { shape, options } = job.memory;
  const { recomputation } = options;
  const own = job.memory.options;
  const flops = modelFlops(shape, {
    sequenceLength,
    microbatchSize,
    fullRecomputation: recomputation === "full",
  });
  const tokensRatio = (microbatchSize * sequenceLength) / (own.microbatchSize * own.sequenceLength);
  const stage = {
    ...{ shape, sequenceLength, microbatchSize, tensorParallel: job.tensorParallel ?? 1 },
    ...(recomputation ? { recomputation } : {}),
  };
  return {
    ...job,
    microbatches,
    work: {
      kind: "flops",
      forwardFlops: flops.forward,
      backwardFlops: flops.backward + flops.recomputation,
      efficiency:
        source === "job"
          ? job.work.efficiency
          : Math.min(...fleet.regions.map(({ gpuType }) => efficiencyOf({ ...stage, gpu: gpuType }))),
    },
    headLayers: headForwardFlops(shape, sequenceLength) / layerForwardFlops(shape, sequenceLength),
    activationBytes: job.activationBytes * tokensRatio,
    memory: { shape, options: { ...options, sequenceLength, microbatchSize } },
  };
}
