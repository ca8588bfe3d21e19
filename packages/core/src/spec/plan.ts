// Schema of the plan: the one file that the control plane hands to the worker. JSON Schema is generated from it
// (docs/reference/plan.schema.json); the worker checks more (layers covered once, sends matched by receives).
import { z } from "zod";
import { PLAN_VERSION } from "../control/plan.ts";

const index = z.number().int().min(0);
const positive = z.number().int().min(1);
const seconds = z.number().min(0);

export const planSchema = z.strictObject({
  version: z.literal(PLAN_VERSION),
  jobId: z.string(),
  epoch: positive,
  launchKey: z.string().min(1).describe("Secret of the launch: shown at rendezvous and with every report."),
  model: z.strictObject({
    vocabularySize: positive,
    hiddenSize: positive,
    layers: positive,
    attentionHeads: positive,
    keyValueHeads: positive,
    feedForwardSize: positive,
    sequenceLength: positive,
    tiedEmbeddings: z.boolean(),
  }),
  training: z.strictObject({
    steps: positive,
    microbatches: positive.describe("Of each replica."),
    microbatchSize: positive,
    seed: index,
    learningRate: z
      .strictObject({
        peak: z.number().positive(),
        floor: z.number().min(0),
        warmUpSteps: index,
        decayEndStep: index,
      })
      .describe(
        "Linear up to the peak in warmUpSteps, then half a cosine down to the floor in decayEndStep.",
      ),
    weightDecay: z.number().min(0),
    gradientClipNorm: z
      .number()
      .positive()
      .nullable()
      .describe("Longest gradient over all stages; null: of any length."),
    dtype: z
      .enum(["float32", "bfloat16"])
      .describe("Of activations and of the weights that multiply them; masters are float32."),
    device: z.enum(["cpu", "cuda"]),
    data: z.strictObject({
      kind: z
        .enum(["text", "tokens"])
        .describe("Text is read by byte; files of tokens (.npy, .bin) are memory-mapped."),
      paths: z
        .array(z.string())
        .min(1)
        .describe("Files, and for text folders, on the machine of the worker."),
      suffixes: z.array(z.string()).describe("Of the files that are read in folders; empty: all."),
    }),
  }),
  stages: z
    .array(
      z.strictObject({
        index,
        region: z.string(),
        firstLayer: index,
        layerCount: positive,
        embedding: z.boolean(),
        head: z.boolean(),
        recompute: z
          .boolean()
          .describe("Keeps the inputs of layers alone, and runs each layer again before its B or I."),
      }),
    )
    .min(1),
  schedule: z.string().describe("Name of the schedule, for people: what ranks do is in their actions."),
  replicas: positive,
  gradientBucketBytes: positive.describe(
    "Replicas reduce gradients in buckets of at least this size, each as soon as its last gradient is there.",
  ),
  ranks: z
    .array(
      z.strictObject({
        rank: index,
        replica: index,
        stages: z
          .array(index)
          .min(1)
          .describe("Stages of the rank; those that are neighbours exchange nothing."),
        region: z.string(),
        actions: z
          .array(
            z.strictObject({
              kind: z.enum(["F", "B", "I", "W", "SEND_F", "RECV_F", "SEND_B", "RECV_B"]),
              stage: index,
              microbatch: index,
            }),
          )
          .describe("Of one step, in order."),
      }),
    )
    .min(1),
  activationCaps: z
    .array(z.number().positive())
    .optional()
    .describe(
      "By rank, activations that it may hold at once: F holds one, B gives it back, I and W half of it each.",
    ),
  links: z
    .array(
      z.strictObject({
        fromRank: index,
        toRank: index,
        via: z
          .enum(["tcp", "collective"])
          .describe("The worker's own transport, or torch.distributed inside a region."),
        streams: positive.describe("Connections that share the bytes of every message."),
        chunkBytes: positive,
        bufferBytes: positive.nullable().describe("Of each connection's sockets; null: left to the kernel."),
        compression: z.enum(["none", "bfloat16", "int8"]).describe("Of what is on the wire."),
        emulated: z
          .strictObject({ bandwidthBitsPerSecond: z.number().positive(), latencySeconds: seconds })
          .nullable()
          .describe("Rate and one-way delay that the transport imposes; null: as fast as the network is."),
      }),
    )
    .describe("One entry per direction between two ranks that have neighbouring stages."),
  emulatedCompute: z
    .strictObject({
      stages: z.array(
        z.strictObject({
          forwardSeconds: seconds,
          backwardSeconds: seconds,
          inputGradSeconds: seconds
            .optional()
            .describe("With weightGradSeconds or not at all: half of a backward."),
          weightGradSeconds: seconds.optional(),
        }),
      ),
    })
    .nullable()
    .describe("Least time of one block of each kind on each stage; null: as fast as the device is."),
  checkpoint: z
    .strictObject({
      location: z.string().describe("A folder that every rank reaches."),
      everySteps: positive,
      keep: positive,
      graceSeconds: z.number().positive().describe("For the last one, after SIGTERM."),
    })
    .nullable(),
  tls: z
    .strictObject({ certificate: z.string(), privateKey: z.string() })
    .nullable()
    .describe("The launch's own certificate, the only one that its ranks accept (PEM)."),
  control: z.strictObject({ url: z.string(), rendezvousDeadlineSeconds: z.number().positive() }),
});
