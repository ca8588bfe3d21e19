// How far predicted step times were off, by epoch and over all.
import { z } from "@hono/zod-openapi";

export const epochReportSchema = z
  .object({
    epoch: z.number().int(),
    /** Regions of its path. */
    regions: z.array(z.string()),
    /** Steps that were timed: all but the first. */
    steps: z.number().int(),
    /** A step as it was predicted when the epoch was placed. */
    predictedStepSeconds: z.number(),
    /** As it would have been with what was then measured of its blocks and links; null where nothing was. */
    calibratedStepSeconds: z.number().nullable(),
    measuredStepSeconds: z.number(),
    /** Predicted over measured, minus 1: below zero where steps took longer than predicted. */
    predictedError: z.number(),
    calibratedError: z.number().nullable(),
  })
  .openapi("EpochReport");

export const reportSchema = z
  .object({
    jobs: z.array(
      z.object({
        jobId: z.string(),
        phase: z.enum(["queued", "infeasible", "starting", "running", "stopping", "ended"]),
        outcome: z.enum(["finished", "cancelled", "failed"]).nullable(),
        epochs: z.array(epochReportSchema),
      }),
    ),
    /** Over all epochs that are listed, of errors without their sign; null where there is none. */
    medians: z.object({
      epochs: z.number().int(),
      predictedError: z.number().nullable(),
      calibratedError: z.number().nullable(),
    }),
  })
  .openapi("Report");

export type EpochReport = z.infer<typeof epochReportSchema>;
export type Report = z.infer<typeof reportSchema>;
