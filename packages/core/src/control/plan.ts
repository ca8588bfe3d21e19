// The plan of one epoch: everything that the worker needs to train, and nothing that it would have to decide.
// Every region's launch gets the same plan; the worker picks its ranks out of it. Schema: spec/plan.ts; made by
// build-plan.ts.
import type { LearningRate } from "../cost/job.ts";
import type { StageLayers } from "../cost/stages.ts";
import type { Action } from "../pipeline/index.ts";

export const PLAN_VERSION = 1;

export interface Plan {
  readonly version: typeof PLAN_VERSION;
  readonly jobId: string;
  readonly epoch: number;
  /** Secret of the launch: shown at rendezvous and with every report. */
  readonly launchKey: string;
  readonly model: {
    readonly vocabularySize: number;
    readonly hiddenSize: number;
    readonly layers: number;
    readonly attentionHeads: number;
    readonly keyValueHeads: number;
    readonly feedForwardSize: number;
    readonly sequenceLength: number;
    readonly tiedEmbeddings: boolean;
  };
  readonly training: {
    readonly steps: number;
    /** Of each replica. */
    readonly microbatches: number;
    readonly microbatchSize: number;
    readonly seed: number;
    readonly learningRate: LearningRate;
    readonly weightDecay: number;
    readonly gradientClipNorm: number | null;
    readonly dtype: "float32" | "bfloat16";
    readonly device: "cpu" | "cuda";
    readonly data: {
      readonly kind: "text" | "tokens";
      readonly paths: readonly string[];
      readonly suffixes: readonly string[];
    };
  };
  readonly stages: readonly (StageLayers & {
    readonly index: number;
    readonly region: string;
    readonly embedding: boolean;
    readonly head: boolean;
    /** Keeps the inputs of layers alone, and runs each layer again before its B or I. */
    readonly recompute: boolean;
  })[];
  /** Name of the schedule, for people: what ranks do is in their actions. */
  readonly schedule: string;
  readonly replicas: number;
  /** Replicas reduce gradients in buckets of at least this size, each as soon as its last gradient is there. */
  readonly gradientBucketBytes: number;
  /** Replica by replica; each replica's have the same actions. */
  readonly ranks: readonly {
    readonly rank: number;
    readonly replica: number;
    readonly stages: readonly number[];
    readonly region: string;
    /** Of one step, sends and receives included. */
    readonly actions: readonly Action[];
  }[];
  /** By rank, activations held at once at most: F holds one, B gives it back, I and W half of it each. */
  readonly activationCaps?: readonly number[];
  /** One entry per direction between two ranks that have neighbouring stages. */
  readonly links: readonly {
    readonly fromRank: number;
    readonly toRank: number;
    /** The worker's own transport, or torch.distributed inside a region. */
    readonly via: "tcp" | "collective";
    readonly streams: number;
    readonly chunkBytes: number;
    /** Of each connection's sockets; null: left to the kernel. */
    readonly bufferBytes: number | null;
    readonly compression: "none" | "bfloat16" | "int8";
    readonly emulated: { readonly bandwidthBitsPerSecond: number; readonly latencySeconds: number } | null;
  }[];
  readonly emulatedCompute: {
    readonly stages: readonly {
      readonly forwardSeconds: number;
      readonly backwardSeconds: number;
      /** Of I and W, both or neither; each half of a whole backward where absent. */
      readonly inputGradSeconds?: number;
      readonly weightGradSeconds?: number;
    }[];
  } | null;
  readonly checkpoint: {
    /** A folder that every rank reaches. */
    readonly location: string;
    readonly everySteps: number;
    readonly keep: number;
    /** For the last one, after SIGTERM. */
    readonly graceSeconds: number;
  } | null;
  /** The launch's own certificate, the only one that its ranks accept (PEM); null: connections are not encrypted. */
  readonly tls: { readonly certificate: string; readonly privateKey: string } | null;
  readonly control: { readonly url: string; readonly rendezvousDeadlineSeconds: number };
}
