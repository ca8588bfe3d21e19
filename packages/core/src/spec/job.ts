// From what a person wrote about a job to what the scheduler works with, given the fleet it is for.
import type { Job, Training, Work } from "../cost/job.ts";
import { type Fleet, smallestMemoryBytes } from "../fleet/fleet.ts";
import { efficiencyOf } from "../model/efficiency/index.ts";
import {
  boundaryBytes,
  headForwardFlops,
  layerForwardFlops,
  MODEL_PRESETS,
  type ModelShape,
  modelFlops,
} from "../model/index.ts";
import { reachOf } from "../scheduler/feasibility.ts";
import { leastCount } from "../scheduler/target.ts";
import { BYTES_PER_GB } from "../units.ts";
import { type Diagnostic, nameHint } from "./diagnostic.ts";
import type { JobInput } from "./schema.ts";
import type { FieldPath, Source } from "./source.ts";

/** bf16 across a boundary in production; the worker's fp32 training sends twice that. */
const BYTES_PER_ELEMENT = 2;
const TRAINED_BYTES_PER_ELEMENT = 4;

export interface JobOptions {
  /** Share of a GPU's peak that training reaches, where the job does not say; by the fitted model where nobody does. */
  readonly efficiency: number | undefined;
  /** Whether the jobs are to be run: one that says nothing to train can only be planned and simulated. */
  readonly mustTrain: boolean;
}

export interface JobContext extends JobOptions {
  readonly fleet: Fleet;
  readonly source: Source;
  readonly path: FieldPath;
}

/** The job, or what is wrong with it. */
export function toJob(input: JobInput, context: JobContext): Job | Diagnostic {
  const shape = shapeOf(input, context);
  if (shape && "code" in shape) return shape;
  const demand = shape ? demandOfModel(input, shape, context) : demandOutright(input);
  const { name: id, tenant, submitSeconds = 0, microbatches, iterations, overheadSeconds } = input;
  const deadline = input.deadlineSeconds === undefined ? {} : { deadlineSeconds: input.deadlineSeconds };
  const own = { id, tenant, submitSeconds, microbatches, iterations, overheadSeconds, ...deadline };
  const bounds = {
    minGpus: input.minGpus ?? 1,
    maxGpus: Math.min(input.maxGpus ?? demand.layers, demand.layers),
  };
  const job: Job = { ...demand, ...own, ...bounds };
  return untrainable(job, context) ?? tooManyStages(job, context) ?? tooLarge(job, context) ?? job;
}

type Demand = Pick<Job, "work" | "layers" | "headLayers" | "activationBytes" | "memory" | "training">;

function demandOutright(input: JobInput): Demand {
  const { forwardSeconds, backwardSeconds, activationBytes } = input;
  const work: Work = { kind: "seconds", forwardSeconds: forwardSeconds!, backwardSeconds: backwardSeconds! };
  const layers = input.layers ?? input.maxGpus ?? input.minGpus ?? 1;
  return { work, layers, headLayers: 0, activationBytes: activationBytes! };
}

function demandOfModel(input: JobInput, shape: ModelShape, { efficiency, fleet }: JobContext): Demand {
  const sequenceLength = input.sequenceLength!;
  const { microbatchSize, recomputation } = input;
  const fullRecomputation = recomputation === "full";
  const flops = modelFlops(shape, { sequenceLength, microbatchSize, fullRecomputation });
  const bytesPerElement = input.training ? TRAINED_BYTES_PER_ELEMENT : BYTES_PER_ELEMENT;
  return {
    work: {
      kind: "flops",
      forwardFlops: flops.forward,
      backwardFlops: flops.backward + flops.recomputation,
      efficiency: input.efficiency ?? efficiency ?? fittedEfficiency(input, shape, fleet),
    },
    layers: shape.layers,
    headLayers: headForwardFlops(shape, sequenceLength) / layerForwardFlops(shape, sequenceLength),
    activationBytes: boundaryBytes(shape, { sequenceLength, microbatchSize, bytesPerElement }),
    memory: { shape, options: { sequenceLength, microbatchSize, recomputation } },
    ...(input.training ? { training: trainingOf(input, shape) } : {}),
  };
}

/** Of the fleet's slowest type: a pipeline runs at the pace of that. */
function fittedEfficiency(input: JobInput, shape: ModelShape, { regions }: Fleet): number {
  const { microbatchSize, recomputation } = input;
  const work = { shape, sequenceLength: input.sequenceLength!, microbatchSize, recomputation };
  return Math.min(...regions.map(({ gpuType }) => efficiencyOf({ ...work, gpu: gpuType })));
}

function trainingOf(input: JobInput, model: ModelShape): Training {
  const { learningRate, weightDecay, seed, data } = input.training!;
  const { microbatchSize } = input;
  return {
    model,
    sequenceLength: input.sequenceLength!,
    microbatchSize,
    learningRate,
    weightDecay,
    seed,
    data,
  };
}

function shapeOf({ model }: JobInput, { source, path }: JobContext): ModelShape | Diagnostic | undefined {
  if (typeof model !== "string") return model as ModelShape | undefined;
  const preset = MODEL_PRESETS.get(model);
  if (preset) return preset.shape;
  const hint = nameHint(model, [...MODEL_PRESETS.keys()]);
  return source.diagnostic([...path, "model"], "unknown-model", `there is no model "${model}"`, hint);
}

/** What the worker cannot train. */
function untrainable({ id, training, maxGpus }: Job, context: JobContext): Diagnostic | undefined {
  const { source, path, mustTrain } = context;
  if (!training) {
    if (!mustTrain) return undefined;
    const message = `job "${id}" says nothing to train`;
    const hint = "give it a model and a training section, or simulate it";
    return source.diagnostic([...path, "name"], "job-without-training", message, hint);
  }
  const complain = (message: string, hint: string) =>
    source.diagnostic([...path, "model"], "invalid-field", message, hint);
  const { feedForward, headSize, hiddenSize, attentionHeads, keyValueHeads, experts, tiedEmbeddings } =
    training.model;
  if (feedForward !== "swiglu" || experts) {
    return complain(
      "the worker trains dense models with SwiGLU only",
      "use feedForward: swiglu and no experts",
    );
  }
  if (
    hiddenSize % (2 * attentionHeads) !== 0 ||
    (headSize ?? hiddenSize / attentionHeads) !== hiddenSize / attentionHeads
  ) {
    return complain(
      "the worker needs heads of an even width, hiddenSize / attentionHeads",
      "change one of the two",
    );
  }
  if (attentionHeads % keyValueHeads !== 0) {
    return complain("attentionHeads is not a multiple of keyValueHeads", "change one of the two");
  }
  if (tiedEmbeddings && maxGpus > 1) {
    return complain(
      "tied embeddings would be on the first and the last stage at once",
      "set tiedEmbeddings: false in the model, or maxGpus: 1",
    );
  }
  return undefined;
}

function tooManyStages(job: Job, { fleet, source, path }: JobContext): Diagnostic | undefined {
  if (job.minGpus > job.maxGpus) {
    const message = `minGpus ${job.minGpus} is more than the ${job.layers} layers that can each be a stage`;
    return source.diagnostic([...path, "minGpus"], "invalid-field", message, `give ${job.layers} or less`);
  }
  if (leastCount(job, fleet) !== undefined) return undefined;
  const gigabytes = smallestMemoryBytes(fleet) / BYTES_PER_GB;
  const message = `no split into ${job.minGpus} to ${job.maxGpus} stages fits the model into GPUs of ${gigabytes} GB`;
  return source.diagnostic(
    [...path, "model"],
    "job-does-not-fit-memory",
    message,
    "set recomputation: full, raise maxGpus, use smaller micro-batches or sequences, or larger GPUs",
  );
}

function tooLarge(job: Job, { fleet, source, path }: JobContext): Diagnostic | undefined {
  const reach = reachOf(job, fleet);
  if (reach.fits) return undefined;
  const names = reach.regions.map((region) => fleet.regions[region]!.name).join(" → ");
  const gbps = (reach.neededBitsPerSecond / 1e9).toPrecision(3);
  const message =
    `job "${job.id}" needs ${reach.neededGpus} GPUs; the largest path has ${reach.gpus} (${names || "none"}), ` +
    `counting only links of ${gbps} Gbit/s and more, which it needs to hide its messages`;
  return source.diagnostic(
    [...path, "name"],
    "job-larger-than-any-path",
    message,
    "lower minGpus or the model's size, add GPUs to a region on that path, or widen the links around it",
  );
}
