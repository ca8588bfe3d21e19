// An optimizer step of a job's pipeline, block by block. Seconds are from the start of the step.
import { z } from "@hono/zod-openapi";

const stepTimelineSchema = z
  .object({
    makespanSeconds: z.number(),
    blocks: z.array(
      z.object({
        stage: z.number().int(),
        /** F forward, B whole backward, I and W its two parts. */
        kind: z.enum(["F", "B", "I", "W"]),
        microbatch: z.number().int(),
        startSeconds: z.number(),
        endSeconds: z.number(),
      }),
    ),
    /** Between regions: on the link from start to end, and there at arrival. */
    messages: z.array(
      z.object({
        fromStage: z.number().int(),
        toStage: z.number().int(),
        microbatch: z.number().int(),
        startSeconds: z.number(),
        endSeconds: z.number(),
        arrivalSeconds: z.number(),
      }),
    ),
  })
  .openapi("StepTimeline");

export const jobTimelineSchema = z
  .object({
    jobId: z.string(),
    /** null: the job was never placed. */
    epoch: z.number().int().nullable(),
    /** Name of the schedule. */
    schedule: z.string().nullable(),
    /** Of one replica; each has the same. */
    stages: z.array(z.object({ stage: z.number().int(), region: z.string() })),
    /** Set where the step has more blocks than are timed for a picture. */
    tooManyBlocks: z.object({ blocks: z.number().int(), most: z.number().int() }).nullable(),
    predicted: stepTimelineSchema.nullable(),
    /** The same schedule with blocks and links as they were measured; null while nothing was. */
    measured: stepTimelineSchema.nullable(),
  })
  .openapi("JobTimeline");

export type JobTimeline = z.infer<typeof jobTimelineSchema>;
