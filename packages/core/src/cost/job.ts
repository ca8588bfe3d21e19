// What a job asks of a fleet: the work of one iteration, how it may be cut into stages, and what crosses a cut.
// Source of the quantities: BACE-Pipe §model (m micro-batches, N iterations, boundary bytes A, one-GPU times F and B,
// per-action overhead d). What tensor and data parallelism do to them is in unit.ts.
import type { GpuType } from "../fleet/gpu-types.ts";
import type { MemoryOptions } from "../model/memory.ts";
import type { ModelShape } from "../model/shape.ts";
import { type MeasuredWork, measuredSecondsOn } from "./measured-work.ts";

/**
 * Work of one micro-batch through the whole model: counted in FLOPs; given outright as time on any one GPU, or on the GPUs
 * of one tensor parallel group; or measured part by part on a GPU of one type.
 */
export type Work =
  | {
      readonly kind: "flops";
      readonly forwardFlops: number;
      readonly backwardFlops: number;
      /** Share of a GPU's peak that training reaches, 0..1; what tensor parallelism loses is part of it. */
      readonly efficiency: number;
    }
  | { readonly kind: "seconds"; readonly forwardSeconds: number; readonly backwardSeconds: number }
  | MeasuredWork;

/** The rate rises in a straight line to `peak` in step `warmUpSteps`, then falls to `floor` along half a cosine. */
export interface LearningRate {
  readonly peak: number;
  readonly floor: number;
  readonly warmUpSteps: number;
  /** In which the floor is reached. */
  readonly decayEndStep: number;
}

/** What a job needs beyond its shape to be really trained by the worker. */
export interface Training {
  readonly model: ModelShape;
  readonly sequenceLength: number;
  readonly microbatchSize: number;
  readonly learningRate: LearningRate;
  readonly weightDecay: number;
  /** Over all stages; gradients of any length where absent. */
  readonly gradientClipNorm?: number;
  readonly seed: number;
  readonly dtype: "float32" | "bfloat16";
  /** Between regions. */
  readonly compression: "none" | "bfloat16" | "int8";
  /** Connections between ranks, by TLS. */
  readonly encrypted: boolean;
  /** Files or folders of text, read by byte, or files of tokens. */
  readonly data: {
    readonly kind: "text" | "tokens";
    readonly paths: readonly string[];
    readonly suffixes: readonly string[];
  };
  readonly checkpoint: {
    /** A folder that every region reaches; the service's own where absent. */
    readonly location?: string;
    readonly everySteps: number;
    readonly keep: number;
    readonly graceSeconds: number;
  };
}

export interface Job {
  /** Unique, and the name that people see. */
  readonly id: string;
  readonly tenant: string;
  readonly submitSeconds: number;
  readonly work: Work;
  /** Units that a stage boundary may fall between; the most stages there can be. */
  readonly layers: number;
  /** Work of the output head, which the last stage does besides its layers, in layers; 0 where it is not known. */
  readonly headLayers: number;
  /** Micro-batches per iteration (m), over all replicas. */
  readonly microbatches: number;
  /** Iterations, that is optimizer steps, of the whole job (N). */
  readonly iterations: number;
  /** Bytes that cross a stage boundary per micro-batch, the same in each direction (A). */
  readonly activationBytes: number;
  /** Per action (d is two of them: one forward, one backward). */
  readonly overheadSeconds: number;
  /** What a stage's memory follows from; absent where times were given outright, and every count up to `layers` fits. */
  readonly memory?: { readonly shape: ModelShape; readonly options: MemoryOptions };
  /** Asked for; counts at which memory does not suffice are left out by `countsThatFit`. */
  readonly minGpus: number;
  readonly maxGpus: number;
  /** GPUs of one node that share each stage of each replica (t); 1 where absent. */
  readonly tensorParallel?: number;
  /** Replicas of the pipeline over the same regions (d), of which each stage's are in one region; 1 where absent. Divides m. */
  readonly dataParallel?: number;
  /** Of the whole model, where `memory` does not say: what replicas reduce once per iteration. Nothing where absent. */
  readonly gradientBytes?: number;
  /** Only in units (unit.ts): of reducing the gradients of an iteration, with one stage and the fastest interconnect. */
  readonly reductionSeconds?: number;
  /** To be finished this long after submission; a policy that defers for cheaper electricity keeps to it. */
  readonly deadlineSeconds?: number;
  /** Name of one of the fleet's; see `classOf`. */
  readonly priorityClass?: string;
  readonly training?: Training;
}

const demandKeys = new WeakMap<Job, string>();

/** The same for jobs that ask the same of a fleet in every iteration. */
export function demandKey(job: Job): string {
  const known = demandKeys.get(job);
  if (known !== undefined) return known;
  const { work, layers, headLayers, microbatches, activationBytes, overheadSeconds, memory } = job;
  const { dataParallel, gradientBytes, maxGpus, minGpus, reductionSeconds, tensorParallel, training } = job;
  const key = JSON.stringify([
    [work, layers, headLayers, microbatches, activationBytes, overheadSeconds, memory],
    [minGpus, maxGpus, tensorParallel, dataParallel, gradientBytes, reductionSeconds, training !== undefined],
  ]);
  demandKeys.set(job, key);
  return key;
}

/** Seconds of one micro-batch's forward pass through the whole model on one GPU of a type. */
export function forwardSecondsOn(job: Job, gpu: GpuType): number {
  return wholeSecondsOn(job, gpu).forwardSeconds;
}

/** Seconds of one micro-batch's backward pass through the whole model on one GPU of a type. */
export function backwardSecondsOn(job: Job, gpu: GpuType): number {
  return wholeSecondsOn(job, gpu).backwardSeconds;
}

function wholeSecondsOn({ layers, work }: Job, gpu: GpuType) {
  switch (work.kind) {
    case "seconds":
      return work;
    case "flops": {
      const flopsPerSecond = gpu.peakFlopsPerSecond * work.efficiency;
      return {
        forwardSeconds: work.forwardFlops / flopsPerSecond,
        backwardSeconds: work.backwardFlops / flopsPerSecond,
      };
    }
    case "measured":
      return measuredSecondsOn(work, { layers, embedding: true, head: true }, gpu);
  }
}

/** Work that takes `ratio` times as long. */
export function slowedWork(work: Work, ratio: number): Work {
  switch (work.kind) {
    case "seconds": {
      const { backwardSeconds, forwardSeconds, kind } = work;
      return { kind, forwardSeconds: forwardSeconds * ratio, backwardSeconds: backwardSeconds * ratio };
    }
    case "flops":
      return { ...work, efficiency: work.efficiency / ratio };
    case "measured":
      return { ...work, peakFlopsPerSecond: work.peakFlopsPerSecond * ratio };
  }
}
