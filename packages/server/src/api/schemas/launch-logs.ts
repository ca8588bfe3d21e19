// What the launches of a job's epoch have written, as it is shown. The text is another program's: nothing about it is certain.
import { z } from "@hono/zod-openapi";

export const jobLogsSchema = z
  .object({
    jobId: z.string(),
    phase: z.enum(["queued", "infeasible", "starting", "running", "stopping", "ended"]),
    /** That these are of; null: the job was never placed. */
    epoch: z.number().int().nullable(),
    /** Epochs so far: if there are more than this one, its logs are complete, and the next one's are elsewhere. */
    epochs: z.number().int(),
    /** Whether all launches of the epoch had ended: nothing is added any more. */
    isOver: z.boolean(),
    regions: z.array(
      z.object({
        region: z.string(),
        /** Why its logs are not here. */
        problem: z.string().nullable(),
        files: z.array(
          z.object({
            /** `rank-3`, or `supervisor` for what starts the ranks. */
            name: z.string(),
            rank: z.number().int().nullable(),
            /** Whole lines, but for one that is very long or the last of all. Keys and tokens are left out. */
            text: z.string(),
            /** What was left out before the text because there was more than was asked for. */
            skippedBytes: z.number().int(),
          }),
        ),
      }),
    ),
    /** Give it as `after` to get what came later. */
    next: z.string(),
  })
  .openapi("JobLogs");

export type JobLogs = z.infer<typeof jobLogsSchema>;
