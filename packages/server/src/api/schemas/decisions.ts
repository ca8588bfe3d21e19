// Decisions of the log, and those of a dry run.
import { z } from "@hono/zod-openapi";
import { explanationSchema, placementSchema } from "./explanation.ts";
import { hopViewSchema, replanSchema } from "./jobs.ts";

/** A decision of the log: why a job was placed where it is, or found infeasible. */
export const decisionSchema = z
  .object({
    seq: z.number().int(),
    atSeconds: z.number(),
    kind: z.enum(["placed", "infeasible"]),
    jobId: z.string(),
    epoch: z.number().int().nullable(),
    placement: placementSchema.nullable(),
    predictedStepSeconds: z.number().nullable(),
    /** With the intervals that the schedule was chosen for. */
    hops: z.array(hopViewSchema),
    /** Set where a running job was stopped for this. */
    replan: replanSchema.nullable(),
    why: explanationSchema,
  })
  .openapi("Decision");

export const decisionListSchema = z.object({ decisions: z.array(decisionSchema) });

/** What the scheduler would do now with a queued job (dry run), or did with a placed one. */
export const explainedSchema = z
  .object({
    jobId: z.string(),
    kind: z.enum(["start", "wait", "infeasible", "placed", "ended"]),
    placement: placementSchema.nullable(),
    hops: z.array(hopViewSchema),
    replan: replanSchema.nullable(),
    /** Of its placement. */
    predictedStepSeconds: z.number().nullable(),
    why: explanationSchema.nullable(),
  })
  .openapi("Explained");

export const planSchema = z
  .object({
    decisions: z.array(explainedSchema),
    /** Of fleet, queue and placements: a submission with this `ifRevision` is refused if they are other ones by then. */
    revision: z.number().int(),
  })
  .openapi("Plan");

export type DecisionView = z.infer<typeof decisionSchema>;
export type Explained = z.infer<typeof explainedSchema>;
export type PlanView = z.infer<typeof planSchema>;
