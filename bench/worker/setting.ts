// What is trained in the bench: a small model on 2 to 4 ranks whose blocks last as long as they are told to, so that two
// cores are enough, and whose messages have the wanted size. The pipeline is the same one as core sees it.
import { fileURLToPath } from "node:url";
import { PLAN_VERSION, type Plan } from "../../packages/core/src/control/plan.ts";
import {
  compileSchedule,
  generateSchedule,
  type Hop,
  lowerSchedule,
  type Pipeline,
  type Schedule,
  type ScheduleName,
  type TimedSchedule,
  timeSchedule,
  timingOf,
} from "../../packages/core/src/pipeline/index.ts";
import type { Wan } from "./lab.ts";

/** 128 KiB. Of larger ones the model's own work, hidden in the emulated blocks, would keep two cores busy. */
export const MESSAGE_SHAPE = [16, 32, 64] as const;
const MESSAGE_BYTES = 4 * MESSAGE_SHAPE[0] * MESSAGE_SHAPE[1] * MESSAGE_SHAPE[2];
/** Of what is sent over a WAN; the rest are headers of Ethernet, IP and TCP. */
export const PAYLOAD_SHARE = 1448 / 1514;
/** After so many, every further step takes as long as the one before. */
const SETTLING_STEPS = 3;

const TEXT = fileURLToPath(new URL("../../README.md", import.meta.url));

/** Seconds of a block, by rank; W is a part of the backward, all the rest of which is I. */
export interface BlockSeconds {
  readonly forward: readonly number[];
  readonly backward: readonly number[];
  readonly weightGrad: readonly number[];
}

export interface Setting {
  readonly ranks: number;
  /** One region per rank; neighbours in one region have no WAN between them. */
  readonly regions: readonly string[];
  readonly wan: Wan;
  readonly microbatches: number;
}

/** F = 10 ms and B = 20 ms on every rank, of which W is one half. */
export function nominalBlocks(ranks: number): BlockSeconds {
  const each = (seconds: number) => Array.from({ length: ranks }, () => seconds);
  return { forward: each(0.01), backward: each(0.02), weightGrad: each(0.01) };
}

/**
 * The pipeline on the WAN as it is set; memory is no limit. `handoverSeconds`: what a message takes besides, on any link,
 * from the end of its block to its consumer: copies, and threads that have to wake up.
 */
export function pipelineOf(
  { microbatches, regions, wan }: Setting,
  { backward, forward, weightGrad }: BlockSeconds,
  handoverSeconds = 0,
): Pipeline {
  const here: Hop = { latencySeconds: handoverSeconds, occupancySeconds: 0 };
  const far: Hop = {
    latencySeconds: wan.delaySeconds + handoverSeconds,
    occupancySeconds: (8 * MESSAGE_BYTES) / (wan.bitsPerSecond * PAYLOAD_SHARE),
  };
  return {
    ranks: regions.length,
    microbatches,
    chunks: 1,
    forwardSeconds: forward,
    inputGradSeconds: backward.map((seconds, rank) => seconds - weightGrad[rank]!),
    weightGradSeconds: weightGrad,
    overheadSeconds: 0,
    hops: regions.slice(1).map((region, hop) => (region === regions[hop] ? here : far)),
    memoryCap: regions.map(() => Number.POSITIVE_INFINITY),
  };
}

/** The named schedule, made for the setting and timed by it. Throws where the generator refuses. */
export function orderOf(setting: Setting, name: ScheduleName): TimedSchedule {
  const pipeline = pipelineOf(setting, nominalBlocks(setting.ranks));
  const generated = generateSchedule(name, pipeline);
  if (generated.kind === "refused") throw new Error(generated.reason);
  return timed(generated.schedule, pipeline);
}

export function timed(schedule: Schedule, pipeline: Pipeline): TimedSchedule {
  return timeSchedule(compileSchedule(schedule), timingOf(pipeline, schedule));
}

/**
 * Seconds from one step to the next where steps follow one another, as they do in training: a rank that has done its part
 * of one begins the next, so an order with a short first rank takes less than one step alone.
 */
export function periodSeconds(schedule: Schedule, pipeline: Pipeline): number {
  const seconds = (steps: number) => timed(repeated(schedule, steps), pipeline).makespanSeconds;
  return (seconds(2 * SETTLING_STEPS) - seconds(SETTLING_STEPS)) / SETTLING_STEPS;
}

function repeated(schedule: Schedule, steps: number): Schedule {
  const each = Array.from({ length: steps }, (_, step) => step * schedule.microbatches);
  return {
    ...schedule,
    microbatches: steps * schedule.microbatches,
    ranks: schedule.ranks.map((actions) =>
      each.flatMap((first) =>
        actions.map((action) => ({ ...action, microbatch: first + action.microbatch })),
      ),
    ),
  };
}

export interface Work {
  readonly steps: number;
  readonly layersOfRank: number;
  /** Undefined: blocks compute, as long as that takes. */
  readonly emulated: BlockSeconds | undefined;
}

/** A plan without the address of its control plane, which the lab fills in. */
export function planOf(
  setting: Setting,
  order: TimedSchedule,
  { layersOfRank, steps, emulated }: Work,
): Plan {
  const { microbatches, ranks, regions } = setting;
  const [microbatchSize, sequenceLength, hiddenSize] = MESSAGE_SHAPE;
  const pairs = regions.slice(1).flatMap((_, hop) => [
    { fromRank: hop, toRank: hop + 1 },
    { fromRank: hop + 1, toRank: hop },
  ]);
  return {
    version: PLAN_VERSION,
    jobId: "bench",
    epoch: 1,
    launchKey: "bench",
    model: {
      vocabularySize: 256,
      hiddenSize,
      layers: layersOfRank * ranks,
      attentionHeads: 1,
      keyValueHeads: 1,
      feedForwardSize: hiddenSize,
      sequenceLength,
      tiedEmbeddings: false,
    },
    training: {
      steps,
      microbatches,
      microbatchSize,
      seed: 1,
      learningRate: { peak: 1e-3, floor: 1e-3, warmUpSteps: 0, decayEndStep: 0 },
      weightDecay: 0,
      gradientClipNorm: null,
      dtype: "float32",
      device: "cpu",
      data: { kind: "text", paths: [TEXT], suffixes: [] },
    },
    stages: regions.map((region, index) => ({
      index,
      region,
      firstLayer: layersOfRank * index,
      layerCount: layersOfRank,
      embedding: index === 0,
      head: index === ranks - 1,
      recompute: false,
    })),
    schedule: order.compiled.schedule.generator,
    replicas: 1,
    gradientBucketBytes: 1 << 20,
    ranks: lowerSchedule(order, "push").ranks.map((actions, rank) => ({
      rank,
      replica: 0,
      stages: [rank],
      region: regions[rank]!,
      actions,
    })),
    links: pairs.map((pair) => ({
      ...pair,
      via: "tcp",
      streams: 1,
      chunkBytes: 1 << 20,
      bufferBytes: null,
      compression: "none",
      emulated: null,
    })),
    emulatedCompute: emulated
      ? {
          stages: regions.map((_, rank) => ({
            forwardSeconds: emulated.forward[rank]!,
            backwardSeconds: emulated.backward[rank]!,
            inputGradSeconds: emulated.backward[rank]! - emulated.weightGrad[rank]!,
            weightGradSeconds: emulated.weightGrad[rank]!,
          })),
        }
      : null,
    checkpoint: null,
    tls: null,
    control: { url: "http://127.0.0.1:9", rendezvousDeadlineSeconds: 60 },
  };
}
