// Jobs as they are shown, and as they come in. Times are seconds since 1970 on the service's clock.
import { z } from "@hono/zod-openapi";
import { placementSchema } from "./explanation.ts";

/** A hop between two regions of a job's path. */
export const hopViewSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    reservedBitsPerSecond: z.number(),
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
  .object({
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
  })
  .openapi("Replan");

export const jobViewSchema = z
  .object({
    id: z.string(),
    tenant: z.string(),
    phase: z.enum(["queued", "infeasible", "starting", "running", "stopping", "ended"]),
    outcome: z.enum(["finished", "cancelled", "failed"]).nullable(),
    reason: z.string().nullable(),
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
    /** The last time that it was placed anew because of a link. */
    replan: replanSchema.nullable(),
    /** So far, the running epoch included. */
    electricityUsd: z.number(),
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

export type HopView = z.infer<typeof hopViewSchema>;
export type ReplanView = z.infer<typeof replanSchema>;
export type JobView = z.infer<typeof jobViewSchema>;
export type Submitted = z.infer<typeof submittedSchema>;
