// Jobs as they are shown, and as they come in. Times are seconds since 1970 on the service's clock.
import { z } from "@hono/zod-openapi";
import { placementSchema } from "./explanation.ts";
import { epochReportSchema } from "./report.ts";

/** A hop between two regions of a job's path. */
export const hopViewSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    reservedBitsPerSecond: z.number(),
    /** What its plan was made with, where what it needs was measured to be another rate and is reserved instead. */
    plannedBitsPerSecond: z.number().optional(),
    /** Rates for which the schedule was chosen; null for jobs that are not trained. */
    interval: z
      .object({
        /** 0: however slow. */
        lowBitsPerSecond: z.number(),
        /** null: however fast. */
        highBitsPerSecond: z.number().nullable(),
      })
      .nullable(),
    /** What the job has measured of it, each way. */
    measured: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        bitsPerSecond: z.number(),
        roundTripSeconds: z.number().nullable(),
        ageSeconds: z.number(),
      }),
    ),
  })
  .openapi("Hop");

/** Why a job was stopped and placed anew. */
export const replanSchema = z
  .discriminatedUnion("trigger", [
    z.object({
      trigger: z.literal("link"),
      /** `reschedule`: it kept its GPUs. */
      action: z.enum(["move", "reschedule"]),
      step: z.number().int(),
      from: z.string(),
      to: z.string(),
      measuredBitsPerSecond: z.number(),
      lowBitsPerSecond: z.number(),
      highBitsPerSecond: z.number().nullable(),
      gainSeconds: z.number(),
      costSeconds: z.number(),
      gainUsd: z.number().optional(),
      costUsd: z.number().optional(),
    }),
    z.object({
      trigger: z.literal("price"),
      action: z.literal("move"),
      step: z.number().int(),
      /** Regions of the paths. */
      from: z.array(z.string()),
      to: z.array(z.string()),
      gainUsd: z.number(),
      costUsd: z.number(),
      /** Below zero where the job takes longer there. */
      gainSeconds: z.number(),
      costSeconds: z.number(),
    }),
    z.object({
      trigger: z.literal("capacity"),
      action: z.literal("move"),
      step: z.number().int(),
      region: z.string(),
      gpus: z.number().int(),
      heldGpus: z.number().int(),
      costSeconds: z.number(),
      costUsd: z.number(),
    }),
  ])
  .openapi("Replan");

/** Why a job stayed where it was though prices had moved. */
export const stayedSchema = z
  .object({
    because: z.enum(["price", "policy", "gain", "time", "deadline"]),
    /** Of the steps left then, where it is, and the most that prices alone could save of it. */
    presentUsd: z.number(),
    mostUsd: z.number(),
    gainUsd: z.number(),
    costUsd: z.number(),
    gainSeconds: z.number(),
    costSeconds: z.number(),
    atSeconds: z.number(),
  })
  .openapi("Stayed");

/** Something that holds of a job now, besides its phase. */
export const conditionSchema = z
  .object({
    type: z.enum(["failed", "infeasible", "held", "stopping", "preempted", "moving", "backing-off"]),
    /** One word, for programs. */
    reason: z.string(),
    /** For people, on the page and on the command line alike. */
    message: z.string(),
    /** null where the log does not keep it. */
    sinceSeconds: z.number().nullable(),
  })
  .openapi("Condition");

export const jobViewSchema = z
  .object({
    id: z.string(),
    tenant: z.string(),
    phase: z.enum(["queued", "infeasible", "starting", "running", "stopping", "ended"]),
    outcome: z.enum(["finished", "cancelled", "failed"]).nullable(),
    reason: z.string().nullable(),
    /** Absent where none holds. */
    conditions: z.array(conditionSchema).optional(),
    submittedSeconds: z.number(),
    /** When its first epoch had all ranks together. */
    startedSeconds: z.number().nullable(),
    endedSeconds: z.number().nullable(),
    waitSeconds: z.number(),
    jctSeconds: z.number().nullable(),
    epoch: z.number().int(),
    placement: placementSchema.nullable(),
    iterations: z.number().int(),
    step: z.number().int(),
    firstLoss: z.number().nullable(),
    lastLoss: z.number().nullable(),
    predictedStepSeconds: z.number().nullable(),
    /** Mean over the steps of this epoch but the first. */
    measuredStepSeconds: z.number().nullable(),
    /** Measured over predicted seconds of its blocks. */
    blockRatio: z.number().nullable(),
    /** Last step of the newest checkpoint. */
    committedStep: z.number().int().nullable(),
    /** Of its placement. */
    hops: z.array(hopViewSchema),
    /** The last time that it was stopped to be placed anew. */
    replan: replanSchema.nullable(),
    /** The last time that prices had moved and this epoch stayed where it was. */
    stayed: stayedSchema.optional(),
    /** How far predictions were off, by epoch; of one job that is asked for. */
    epochs: z.array(epochReportSchema).optional(),
    /** So far, the running epoch included. */
    electricityUsd: z.number(),
    energyKwh: z.number(),
    gpuSeconds: z.number(),
    priorityClass: z.string().optional(),
    /** Not placed until it is released. */
    held: z.literal(true).optional(),
    /** The last time that it was stopped for a job of a higher class. */
    preempted: z.object({ by: z.string(), atSeconds: z.number() }).optional(),
  })
  .openapi("Job");

export const jobListSchema = z.object({
  jobs: z.array(jobViewSchema),
  /** Of a page that is not the last one: give it as `after` for the next. */
  next: z.string().optional(),
});

const LONGEST_PATH = 4096;
/** Some thousand jobs; a parser of YAML needs about a second for the worst of this size. */
const LONGEST_TEXT = 2 ** 18;

/** Text of a job file (YAML or JSON), as a person wrote it, so that complaints carry its lines. */
export const submitSchema = z
  .object({
    file: z.string().max(LONGEST_PATH),
    text: z.string().max(LONGEST_TEXT),
    /** Folder that relative data paths start from, on this machine. */
    directory: z.string().max(LONGEST_PATH),
    /** Of the plan that this is to carry out. */
    ifRevision: z.number().int().min(0).optional(),
  })
  .openapi("Submit");

export const submittedSchema = z
  .object({ jobIds: z.array(z.string()), existing: z.array(z.string()) })
  .openapi("Submitted");

export type ConditionView = z.infer<typeof conditionSchema>;
export type HopView = z.infer<typeof hopViewSchema>;
export type StayedView = z.infer<typeof stayedSchema>;
export type ReplanView = z.infer<typeof replanSchema>;
export type JobView = z.infer<typeof jobViewSchema>;
export type Submitted = z.infer<typeof submittedSchema>;
