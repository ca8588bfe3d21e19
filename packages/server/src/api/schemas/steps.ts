// The steps of a job as a series.
import { z } from "@hono/zod-openapi";

export const jobStepsSchema = z
  .object({
    jobId: z.string(),
    iterations: z.number().int(),
    /** Steps that were reported after the place asked for, before they were thinned out. */
    count: z.number().int(),
    /** In the order in which they were reported: after a checkpoint that a later epoch goes on from, some come again. */
    steps: z.array(
      z.object({
        step: z.number().int(),
        epoch: z.number().int(),
        atSeconds: z.number(),
        loss: z.number().nullable(),
        stepSeconds: z.number(),
      }),
    ),
    /** Give it as `after` to get what came later. */
    next: z.number().int(),
  })
  .openapi("JobSteps");

export type JobSteps = z.infer<typeof jobStepsSchema>;
