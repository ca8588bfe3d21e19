// From what a person wrote about a job to what the scheduler works with, given the fleet it is for.
import type { Job, Training, Work } from "../cost/job.ts";
import { unitGpusOf } from "../cost/unit.ts";
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
import { largestRegionGpus } from "../scheduler/free.ts";
import { leastCount } from "../scheduler/target.ts";
import { BYTES_PER_GB } from "../units.ts";
import { type Diagnostic, nameHint } from "./diagnostic.ts";
import { type Measured, measuredFor, type ProfileReader } from "./measured-job.ts";
import { DEFAULT_TENANT, type JobInput } from "./schema.ts";
import type { FieldPath, Source } from "./source.ts";

/** bf16 across a boundary where nothing is said. */
const BYTES_PER_ELEMENT = 2;
/** By what the worker trains with, and sends. int8 has a float32 scale per token besides, which is left out here. */
const DTYPE_BYTES = { float32: 4, bfloat16: 2 } as const;
const COMPRESSED_BYTES = { none: Number.POSITIVE_INFINITY, bfloat16: 2, int8: 1 } as const;

const USUAL_OVERHEAD_SECONDS = 0.0005;

export interface JobOptions {
  /** Share of a GPU's peak that training reaches, where the job does not say; by the fitted model where nobody does. */
  readonly efficiency: number | undefined;
  /** Whether the jobs are to be run: one that says nothing to train can only be planned and simulated. */
  readonly mustTrain: boolean;
  /** Of whoever may speak for one tenant alone: jobs that name none are of it, and no other's name is told. */
  readonly tenant?: string | undefined;
}

export interface JobContext extends JobOptions {
  readonly fleet: Fleet;
  readonly source: Source;
  readonly path: FieldPath;
  readonly readProfile: ProfileReader;
}

/** The job, or what is wrong with it. */
export function toJob(input: JobInput, context: JobContext): Job | Diagnostic {
  const shape = shapeOf(input, context);
  if (shape && "code" in shape) return shape;
  const measured = shape && measuredFor(input, shape, context);
  if (measured && "code" in measured) return measured;
  const demand = shape ? demandOfModel(input, shape, measured, context) : demandOutright(input);
  const { name: id, submitSeconds = 0, microbatches, iterations } = input;
  const tenant = input.tenant === DEFAULT_TENANT ? (context.tenant ?? DEFAULT_TENANT) : input.tenant;
  const overheadSeconds = input.overheadSeconds ?? measured?.overheadSeconds ?? USUAL_OVERHEAD_SECONDS;
  const deadline = input.deadlineSeconds === undefined ? {} : { deadlineSeconds: input.deadlineSeconds };
  const priority = input.priorityClass === undefined ? {} : { priorityClass: input.priorityClass };
  const own = {
    ...{ id, tenant, submitSeconds, microbatches, iterations, overheadSeconds },
    ...deadline,
    ...priority,
  };
  const unit = unitOf(input);
  const unitGpus = unitGpusOf(unit);
  const most = demand.layers * unitGpus;
  const bounds = {
    minGpus: Math.ceil((input.minGpus ?? 1) / unitGpus) * unitGpus,
    maxGpus: Math.floor(Math.min(input.maxGpus ?? most, most) / unitGpus) * unitGpus,
  };
  const job: Job = { ...demand, ...own, ...unit, ...bounds };
  return (
    unknownToFleet(job, context) ??
    unusableUnit(job, input, context) ??
    untrainable(job, context) ??
    tooManyStages(job, context) ??
    tooLarge(job, context) ??
    job
  );
}

type Demand = Pick<Job, "work" | "layers" | "headLayers" | "activationBytes" | "memory" | "training">;

function demandOutright(input: JobInput): Demand {
  const { forwardSeconds, backwardSeconds, activationBytes } = input;
  const work: Work = { kind: "seconds", forwardSeconds: forwardSeconds!, backwardSeconds: backwardSeconds! };
  const unitGpus = unitGpusOf(input);
  const { minGpus = 1, maxGpus = Math.ceil(minGpus / unitGpus) * unitGpus } = input;
  const layers = input.layers ?? Math.max(1, Math.floor(maxGpus / unitGpus));
  return { work, layers, headLayers: 0, activationBytes: activationBytes! };
}

/** What it says besides one GPU per stage, if it does. */
function unitOf({ dataParallel, gradientBytes, tensorParallel }: JobInput) {
  return {
    ...(tensorParallel > 1 ? { tensorParallel } : {}),
    ...(dataParallel > 1 ? { dataParallel } : {}),
    ...(gradientBytes === undefined ? {} : { gradientBytes }),
  };
}

function demandOfModel(
  input: JobInput,
  shape: ModelShape,
  measured: Measured | undefined,
  { efficiency, fleet }: JobContext,
): Demand {
  const sequenceLength = input.sequenceLength!;
  const { microbatchSize, recomputation } = input;
  const fullRecomputation = recomputation === "full";
  const flops = modelFlops(shape, { sequenceLength, microbatchSize, fullRecomputation });
  const bytesPerElement = input.training ? sentBytesPerElement(input.training) : BYTES_PER_ELEMENT;
  const sentBytes = boundaryBytes(shape, { sequenceLength, microbatchSize, bytesPerElement });
  return {
    work: measured?.work ?? {
      kind: "flops",
      forwardFlops: flops.forward,
      backwardFlops: flops.backward + flops.recomputation,
      efficiency: input.efficiency ?? efficiency ?? fittedEfficiency(input, shape, fleet),
    },
    layers: shape.layers,
    headLayers: headForwardFlops(shape, sequenceLength) / layerForwardFlops(shape, sequenceLength),
    activationBytes: input.training ? sentBytes : (measured?.boundaryBytes ?? sentBytes),
    memory: { shape, options: { sequenceLength, microbatchSize, recomputation } },
    ...(input.training ? { training: trainingOf(input, shape) } : {}),
  };
}

/** Of the fleet's slowest type: a pipeline runs at the pace of that. */
function fittedEfficiency(input: JobInput, shape: ModelShape, { regions }: Fleet): number {
  const { microbatchSize, recomputation, tensorParallel } = input;
  const sequenceLength = input.sequenceLength!;
  const work = { shape, sequenceLength, microbatchSize, recomputation, tensorParallel };
  return Math.min(...regions.map(({ gpuType }) => efficiencyOf({ ...work, gpu: gpuType })));
}

function sentBytesPerElement({ compression, dtype }: NonNullable<JobInput["training"]>): number {
  return Math.min(DTYPE_BYTES[dtype], COMPRESSED_BYTES[compression]);
}

function trainingOf({ iterations, ...input }: JobInput, model: ModelShape): Training {
  const { checkpoint, finalLearningRate, gradientClipNorm, learningRate, warmUpSteps, ...said } =
    input.training!;
  const { everySteps, graceSeconds, keep, location } = checkpoint;
  return {
    ...said,
    model,
    sequenceLength: input.sequenceLength!,
    microbatchSize: input.microbatchSize,
    learningRate: {
      peak: learningRate,
      floor: finalLearningRate ?? learningRate,
      warmUpSteps,
      decayEndStep: Math.max(iterations, warmUpSteps),
    },
    ...(gradientClipNorm === undefined ? {} : { gradientClipNorm }),
    checkpoint: { everySteps, graceSeconds, keep, ...(location === undefined ? {} : { location }) },
  };
}

/** Of the model that a job names or writes out; undefined where it gives its times outright. */
export function shapeOf(
  { model }: JobInput,
  { source, path }: Pick<JobContext, "source" | "path">,
): ModelShape | Diagnostic | undefined {
  if (typeof model !== "string") return model as ModelShape | undefined;
  const preset = MODEL_PRESETS.get(model);
  if (preset) return preset.shape;
  const hint = nameHint(model, [...MODEL_PRESETS.keys()]);
  return source.diagnostic([...path, "model"], "unknown-model", `there is no model "${model}"`, hint);
}

/** A tenant or a class that the fleet does not have: a slip of the pen must not get around a quota. */
function unknownToFleet(
  { priorityClass, tenant }: Job,
  { fleet, path, source, tenant: own }: JobContext,
): Diagnostic | undefined {
  const { priorityClasses = [], tenants } = fleet;
  // Another's job is refused as that, whether or not there is such a tenant.
  const isAnothers = own !== undefined && tenant !== own;
  if (tenants && !isAnothers && !tenants.some(({ name }) => name === tenant)) {
    const names = tenants.map(({ name }) => name);
    const hint = own === undefined ? nameHint(tenant, names) : "ask whoever runs the service to list it";
    const message = `"${tenant}" is not a tenant of this fleet`;
    return source.diagnostic([...path, "tenant"], "unknown-tenant", message, hint);
  }
  if (priorityClass === undefined || priorityClasses.some(({ name }) => name === priorityClass))
    return undefined;
  const message = `there is no priority class "${priorityClass}"`;
  const names = priorityClasses.map(({ name }) => name);
  const hint = names.length > 0 ? nameHint(priorityClass, names) : "this fleet has none: leave it out";
  return source.diagnostic([...path, "priorityClass"], "unknown-class", message, hint);
}

/** A stage's GPUs that no region has, that the model cannot be cut for, or that the job's own bounds leave out. */
function unusableUnit(
  job: Job,
  { maxGpus = Number.POSITIVE_INFINITY }: JobInput,
  { fleet, source, path }: JobContext,
): Diagnostic | undefined {
  const { dataParallel = 1, memory, minGpus, tensorParallel = 1 } = job;
  const unitGpus = unitGpusOf(job);
  if (unitGpus === 1) return undefined;
  const field = tensorParallel > 1 ? "tensorParallel" : "dataParallel";
  const complain = (message: string, hint: string) =>
    source.diagnostic([...path, field], "invalid-field", message, hint);
  const stage = `a stage has ${tensorParallel} × ${dataParallel} = ${unitGpus} GPUs of one region`;
  const heads = memory?.shape.attentionHeads ?? tensorParallel;
  if (heads % tensorParallel !== 0) {
    const message = `tensorParallel ${tensorParallel} does not divide the model's ${heads} attention heads`;
    return complain(message, `give a divisor of ${heads}`);
  }
  const largest = largestRegionGpus(fleet);
  if (unitGpus > largest)
    return complain(`${stage}, and the largest has ${largest}`, "lower tensorParallel or dataParallel");
  if (minGpus > maxGpus) {
    const bounds = "minGpus and maxGpus leave no multiple of it";
    return complain(`${stage}; ${bounds}`, `set maxGpus to a multiple of ${unitGpus}, minGpus or more`);
  }
  return undefined;
}

/** What the worker cannot train. */
function untrainable(job: Job, context: JobContext): Diagnostic | undefined {
  const { id, training, maxGpus } = job;
  const { source, path, mustTrain } = context;
  if (!training) {
    if (!mustTrain) return undefined;
    const message = `job "${id}" says nothing to train`;
    const hint = "give it a model and a training section, or simulate it";
    return source.diagnostic([...path, "name"], "job-without-training", message, hint);
  }
  if (job.tensorParallel !== undefined) {
    const message = "the worker trains without tensor parallelism: one GPU per stage and replica";
    const hint = "leave tensorParallel out, or simulate the job without its training section";
    return source.diagnostic([...path, "tensorParallel"], "invalid-field", message, hint);
  }
  const complain = (message: string, hint: string) =>
    source.diagnostic([...path, "model"], "invalid-field", message, hint);
  const unknown = unknownToWorker(training.model);
  if (unknown) return complain(unknown.message, unknown.hint);
  if (training.model.tiedEmbeddings && maxGpus > unitGpusOf(job)) {
    return complain(
      "tied embeddings would be on the first and the last stage at once",
      "set tiedEmbeddings: false in the model, or maxGpus: 1",
    );
  }
  return undefined;
}

/** What the worker cannot build; undefined where it can. */
export function unknownToWorker(
  shape: ModelShape,
): { readonly message: string; readonly hint: string } | undefined {
  const { attentionHeads, experts, feedForward, headSize, hiddenSize, keyValueHeads } = shape;
  if (feedForward !== "swiglu" || experts) {
    return {
      message: "the worker trains dense models with SwiGLU only",
      hint: "use feedForward: swiglu and no experts",
    };
  }
  if (
    hiddenSize % (2 * attentionHeads) !== 0 ||
    (headSize ?? hiddenSize / attentionHeads) !== hiddenSize / attentionHeads
  ) {
    return {
      message: "the worker needs heads of an even width, hiddenSize / attentionHeads",
      hint: "change one of the two",
    };
  }
  if (attentionHeads % keyValueHeads !== 0) {
    return { message: "attentionHeads is not a multiple of keyValueHeads", hint: "change one of the two" };
  }
  return undefined;
}

function tooManyStages(job: Job, { fleet, source, path }: JobContext): Diagnostic | undefined {
  if (job.minGpus > job.maxGpus) {
    const message = `minGpus ${job.minGpus} is more than the ${job.layers} layers that can each be a stage`;
    const hint = `give ${job.layers * unitGpusOf(job)} or less`;
    return source.diagnostic([...path, "minGpus"], "invalid-field", message, hint);
  }
  if (leastCount(job, fleet) !== undefined) return undefined;
  const gigabytes = smallestMemoryBytes(fleet) / BYTES_PER_GB;
  const [least, most] = [job.minGpus, job.maxGpus].map((gpus) => gpus / unitGpusOf(job));
  const message = `no split into ${least} to ${most} stages fits the model into GPUs of ${gigabytes} GB`;
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
