// Schemas of what people write: fleets, jobs, scenarios. Field names end in their unit.
// JSON Schema for editors is generated from these (`input` side).
import { z } from "zod";
import { TIME_MODELS } from "../cost/iteration-time.ts";
import { LINK_MODELS } from "../fleet/fleet.ts";
import { csvSeriesSchema, dynamicsFields } from "./dynamics.ts";
import { policiesSchema } from "./policies.ts";
import { count, nameSchema, quantity } from "./quantity.ts";
import { slurmSchema } from "./slurm.ts";

/** A schedule has stages × micro-batches × 2 actions, and all of them are timed for every placement. */
const MAX_MICROBATCHES = 4096;
const MAX_LAYERS = 512;
/** Of jobs that name none. */
export const DEFAULT_TENANT = "default";
/** GPUs of one node, and replicas: more than any published run has. */
const MAX_TENSOR_PARALLEL = 64;
const MAX_GPUS = 65_536;
/** As many as the worker's plans have. */
const MAX_STREAMS = 64;

export const gpuTypeSchema = z.strictObject({
  peakFlopsPerSecond: quantity("flopsPerSecond", { above: 0 }),
  memoryBytes: quantity("bytes", { above: 0 }),
  busyWatts: quantity("watts", { min: 0 }),
  idleWatts: quantity("watts", { min: 0 }),
  source: z.string().optional(),
  emulated: z.boolean().optional(),
});

export const priceSeriesSchema = z.strictObject({
  startSeconds: quantity("seconds"),
  stepSeconds: quantity("seconds", { above: 0 }),
  pricesUsdPerKwh: z.array(z.number()).min(1),
});

export const carbonSeriesSchema = z.strictObject({
  startSeconds: quantity("seconds"),
  stepSeconds: quantity("seconds", { above: 0 }),
  carbonGramsPerKwh: z.array(z.number()).min(1),
});

export const regionSchema = z.strictObject({
  name: nameSchema,
  gpuType: z.string(),
  gpus: count(0),
  /** Flat price, a series of steps, or a column of a CSV file. May be negative. */
  priceUsdPerKwh: z.union([quantity("usdPerKwh"), priceSeriesSchema, csvSeriesSchema], {
    error: "is neither a price nor a series — for example 0.12 USD/kWh, or {csv: prices.csv}",
  }),
  /** Carbon intensity of the electricity: flat, a series of steps, or a column of a CSV file. */
  carbonGramsPerKwh: z
    .union([z.number().min(0), carbonSeriesSchema, csvSeriesSchema], {
      error: "is neither a number nor a series — for example 300, or {csv: carbon.csv}",
    })
    .optional(),
  pue: z.number().min(1, "a PUE is at least 1 — facility power over IT power").default(1),
  latitude: z.number().min(-90).max(90).optional(),
  longitude: z.number().min(-180).max(180).optional(),
  /** What one GPU can send to others of the region, for jobs with replicas. An assumption where absent: 400 Gbit/s. */
  interconnectBitsPerSecond: quantity("bitsPerSecond", { above: 0 }).optional(),
  /** Program and arguments with which the service starts the region's launches, such as [ip, netns, exec, NAME]. */
  commandPrefix: z.array(z.string().min(1)).min(1).optional(),
  /** Where the region's launches are jobs of a Slurm cluster; processes of the service's machine where absent. */
  slurm: slurmSchema.optional(),
});

export const linkSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  /** The same figures for the opposite direction too. */
  both: z.boolean().default(false),
  bandwidthBitsPerSecond: quantity("bitsPerSecond", { above: 0 }),
  /** One way. */
  latencySeconds: quantity("seconds", { min: 0 }),
  egressUsdPerGb: quantity("usdPerGb", { min: 0 }).default(0),
  /** Connections that fill the link, as `bace profile links` finds out; where absent, by its rate and latency. */
  streams: count(1, MAX_STREAMS).optional(),
});

export const shapeSchema = z.strictObject({
  hiddenSize: count(1),
  layers: count(1, MAX_LAYERS),
  attentionHeads: count(1),
  keyValueHeads: count(1),
  headSize: count(1).optional(),
  feedForwardSize: count(1),
  vocabularySize: count(2),
  feedForward: z.enum(["swiglu", "gelu"]).default("swiglu"),
  tiedEmbeddings: z.boolean().default(false),
});

export const trainingSchema = z
  .strictObject({
    /** At its peak. */
    learningRate: z.number().positive().default(3e-4),
    /** Steps in which the rate rises to its peak, in a straight line. */
    warmUpSteps: count(0).default(0),
    /** Of the last step, down to which the rate falls along half a cosine; the peak where absent. */
    finalLearningRate: z.number().min(0).optional(),
    weightDecay: z.number().min(0).default(0.01),
    /** Longest gradient, over all stages together; of any length where absent. */
    gradientClipNorm: z.number().positive().optional(),
    seed: count(0).default(1),
    /** Of activations and of the weights that multiply them; weights are kept and updated in float32. */
    dtype: z.enum(["float32", "bfloat16"]).default("float32"),
    /** Of activations and gradients on their way between regions. */
    compression: z.enum(["none", "bfloat16", "int8"]).default("none"),
    /** Every connection between ranks by TLS, with a certificate of the launch's own. */
    encrypted: z.boolean().default(false),
    data: z.strictObject({
      /** Text is read by byte; files of tokens are .npy (uint16, uint32) or nanoGPT's .bin. */
      kind: z.enum(["text", "tokens"]).default("text"),
      /** Files, and for text folders; relative to the file that names them. */
      paths: z.array(z.string().min(1)).min(1),
      suffixes: z.array(z.string()).default([]),
    }),
    checkpoint: z
      .strictObject({
        /** Folder that every region reaches, relative to the file that names it; the service's own where absent. */
        location: z.string().min(1).optional(),
        everySteps: count(1).default(100),
        /** Checkpoints that stay. */
        keep: count(1).default(2),
        /** For the last one, when the job is told to stop. */
        graceSeconds: quantity("seconds", { above: 0 }).default(60),
      })
      .prefault({}),
  })
  .superRefine(({ learningRate, finalLearningRate = 0 }, context) => {
    if (finalLearningRate <= learningRate) return;
    const message = `${finalLearningRate} is above learningRate, ${learningRate} — lower it`;
    context.addIssue({ code: "custom", path: ["finalLearningRate"], message });
  });

/** Either `model` with `sequenceLength`, or the times and sizes outright. */
export const jobSchema = z
  .strictObject({
    name: nameSchema,
    tenant: nameSchema.default(DEFAULT_TENANT),
    /** 0 where absent. */
    submitSeconds: quantity("seconds", { min: 0 }).optional(),
    /** That many jobs, alike but for their names: name-1 and so on. */
    copies: count(1, 100_000).optional(),
    /** To be finished this long after submission; `bace-plus` waits for cheaper electricity where this leaves the time. */
    deadlineSeconds: quantity("seconds", { above: 0 }).optional(),
    /** One of the scenario's priorityClasses. */
    priorityClass: nameSchema.optional(),
    model: z.union([z.string(), shapeSchema]).optional(),
    sequenceLength: count(1).optional(),
    microbatchSize: count(1).default(1),
    /** Of all replicas together. */
    microbatches: count(1, MAX_MICROBATCHES),
    iterations: count(1),
    /** Counts of GPUs, not of stages: rounded to whole units of tensorParallel × dataParallel. */
    minGpus: count(1, MAX_GPUS).optional(),
    maxGpus: count(1, MAX_GPUS).optional(),
    /** GPUs of one node that share each stage; what they lose by it belongs in efficiency. */
    tensorParallel: count(1, MAX_TENSOR_PARALLEL).default(1),
    /** Replicas of the pipeline over the same regions, each with its part of the micro-batches. */
    dataParallel: count(1, MAX_MICROBATCHES).default(1),
    /** Of the whole model, for jobs without one: what replicas reduce once per iteration, in fp32. Nothing where absent. */
    gradientBytes: quantity("bytes", { min: 0 }).optional(),
    layers: count(1, MAX_LAYERS).optional(),
    forwardSeconds: quantity("seconds", { above: 0 }).optional(),
    backwardSeconds: quantity("seconds", { above: 0 }).optional(),
    activationBytes: quantity("bytes", { above: 0 }).optional(),
    /** File of `bace profile`, relative to the one that names it: measured times, for this model as it is trained here. */
    profile: z.string().min(1).optional(),
    /** Per action: dispatch, kernel launches. The profile's where there is one, or else 0.5 ms. */
    overheadSeconds: quantity("seconds", { min: 0 }).optional(),
    /** What the backward pass computes again; `full` saves most memory and costs one more forward pass. */
    recomputation: z.enum(["none", "selective", "full"]).default("selective"),
    /** Share of peak that training reaches; the scenario's, or by the fitted model. */
    efficiency: z.number().positive().max(1).optional(),
    training: trainingSchema.optional(),
  })
  .superRefine((job, context) => {
    const complain = (field: string, message: string) =>
      context.addIssue({ code: "custom", path: [field], message });
    const outright = ["forwardSeconds", "backwardSeconds", "activationBytes"] as const;
    if (job.model === undefined) {
      for (const field of outright) {
        if (job[field] === undefined)
          complain(field, `missing — give ${outright.join(", ")}, or model and sequenceLength`);
      }
      if (job.training) complain("training", "needs a model to train — give model and sequenceLength");
    } else {
      if (job.sequenceLength === undefined)
        complain("sequenceLength", "missing — a model's work depends on it");
      for (const field of outright) {
        if (job[field] !== undefined)
          complain(field, "follows from the model — leave it out, or leave out model");
      }
    }
    if (job.model !== undefined && job.gradientBytes !== undefined)
      complain("gradientBytes", "follows from the model — leave it out, or leave out model");
    if (job.profile !== undefined) {
      if (job.model === undefined)
        complain("profile", "is of a model — give model and sequenceLength, or leave it out");
      if (job.efficiency !== undefined)
        complain("efficiency", "is what the profile has measured — leave one of the two out");
      if (job.tensorParallel > 1)
        complain("profile", "is of one GPU per stage — leave it out, or leave out tensorParallel");
    }
    if (job.microbatches % job.dataParallel !== 0) {
      const message = `${job.dataParallel} replicas cannot have equal parts of ${job.microbatches} micro-batches`;
      complain("dataParallel", `${message} — give a divisor of microbatches`);
    }
    const mostGpus = MAX_LAYERS * job.tensorParallel * job.dataParallel;
    for (const field of ["minGpus", "maxGpus"] as const) {
      const message = `${job[field]} is above ${mostGpus}, ${MAX_LAYERS} stages — give ${mostGpus} or less`;
      if ((job[field] ?? 0) > mostGpus) complain(field, message);
    }
    if (job.minGpus !== undefined && job.maxGpus !== undefined && job.minGpus > job.maxGpus) {
      complain("minGpus", `${job.minGpus} is more than maxGpus ${job.maxGpus} — lower it`);
    }
  });

/** Whose jobs may use how much of the fleet; a job whose tenant is not listed is refused. */
export const tenantSchema = z.strictObject({
  name: nameSchema,
  /** GPUs held at once. */
  gpuQuota: count(0, MAX_GPUS).optional(),
  /** Electricity in any 24 hours, what is expected of placements included. */
  usdPerDayQuota: z.number().min(0).optional(),
  /** Of the fair share. */
  weight: z.number().positive("is not above 0 — give a weight above 0").default(1),
});

export const priorityClassSchema = z.strictObject({
  name: nameSchema,
  /** Greater goes first; jobs without a class have 0. */
  value: z.number().int().min(-1_000_000).max(1_000_000),
  /** Whether its jobs may be stopped, with a checkpoint, for jobs of a higher class. */
  preemptible: z.boolean().default(false),
  /** Whether jobs of lower classes are stopped for its jobs. */
  mayPreempt: z.boolean().default(false),
});

export const fleetFields = {
  name: z.string().min(1),
  description: z.string().default(""),
  gpuTypes: z.record(z.string(), gpuTypeSchema).default({}),
  regions: z.array(regionSchema).min(1, "no regions — a fleet has at least one"),
  links: z.array(linkSchema).default([]),
  /** Without a list anybody's jobs may use everything. */
  tenants: z.array(tenantSchema).default([]),
  priorityClasses: z.array(priorityClassSchema).default([]),
};

export const scenarioSchema = z.strictObject({
  version: z.literal(1, "not a known version — write version: 1"),
  ...fleetFields,
  /** Where absent `auto`; with a trace `1f1b`, under which its jobs take the time that they took. */
  timeModel: z.enum(TIME_MODELS).optional(),
  /** What a job gets of a link: what it reserved, or an equal share of the capacity. */
  linkModel: z.enum(LINK_MODELS).default("reserve"),
  /** Of the service: whether links are real, or emulated by the worker. Emulated where absent and all GPU types are. */
  network: z.enum(["real", "emulated"]).optional(),
  /** Whether the electricity of GPUs that nobody uses is paid too, until the last job ends. */
  payIdleGpus: z.boolean().default(false),
  /** Options of policies by name, over their defaults. */
  policies: policiesSchema.default({}),
  /** Share of peak that training reaches; where absent, by a model fitted to published runs. */
  efficiency: z.number().positive().max(1).optional(),
  jobs: z.array(jobSchema).default([]),
  ...dynamicsFields,
});

/** What `bace submit` and `POST /v1/jobs` take: one job, or a file with a list of them. */
export const jobListSchema = z.strictObject({ jobs: z.array(jobSchema).min(1, "no jobs — add one") });
export const jobFileSchema = z.union([jobSchema, jobListSchema]);

/** Chosen by hand: a union would complain about both forms at once. */
export function jobFileFormOf(plain: unknown) {
  return typeof plain === "object" && plain !== null && "jobs" in plain ? jobListSchema : jobSchema;
}

export type ScenarioInput = z.output<typeof scenarioSchema>;
export type JobInput = z.output<typeof jobSchema>;
export type RegionInput = z.output<typeof regionSchema>;
