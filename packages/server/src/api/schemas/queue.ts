// The queue in the order in which the policy looks at it.
import { z } from "@hono/zod-openapi";
import { explanationSchema, orderTermsSchema } from "./explanation.ts";

const { overQuota, precedence } = explanationSchema.shape;

export const needSchema = z
  .discriminatedUnion("kind", [
    /** On the path that comes nearest; no regions where none has a GPU for it. */
    z.object({ kind: z.literal("gpus"), missing: z.number().int(), regions: z.array(z.string()) }),
    /** Of the hop that comes nearest to passing. */
    z.object({
      kind: z.literal("bandwidth"),
      from: z.string(),
      to: z.string(),
      neededBitsPerSecond: z.number(),
      residualBitsPerSecond: z.number(),
    }),
    z.object({ kind: z.literal("quota"), overQuota: overQuota.unwrap() }),
    /** The start of another job. */
    z.object({ kind: z.literal("turn"), behind: z.string() }),
    /** A round of the policy that comes as far as this job. */
    z.object({ kind: z.literal("depth"), depth: z.number().int() }),
    z.object({
      kind: z.literal("time"),
      because: z.enum(["faster", "cheaper", "back-off"]),
      untilSeconds: z.number(),
    }),
    /** By whoever put it on hold. */
    z.object({ kind: z.literal("release") }),
    /** The start of a job of a higher class, for which GPUs are being freed. */
    z.object({ kind: z.literal("higher-class") }),
  ])
  .openapi("Need");

export const queueEntrySchema = z
  .object({
    jobId: z.string(),
    tenant: z.string(),
    priorityClass: z.string().nullable(),
    submittedSeconds: z.number(),
    waitSeconds: z.number(),
    /** What would be decided now; `aside`: the policy does not look at it. */
    decision: z.enum(["start", "wait", "infeasible", "aside"]),
    /** In the policy's order, from 1; null for those that it does not look at. */
    position: z.number().int().nullable(),
    order: orderTermsSchema.nullable(),
    precedence: precedence.unwrap().nullable(),
    targetGpus: z.number().int().nullable(),
    neededGpus: z.number().int().nullable(),
    /** Why it waits, in one sentence; null where it would start. */
    why: z.string().nullable(),
    /** What would let it start. */
    needs: z.array(needSchema),
  })
  .openapi("QueueEntry");

export const queueSchema = z
  .object({
    policy: z.string(),
    nowSeconds: z.number(),
    /** In the policy's order; those that it does not look at come last. */
    jobs: z.array(queueEntrySchema),
  })
  .openapi("Queue");

export type NeedView = z.infer<typeof needSchema>;
export type QueueEntry = z.infer<typeof queueEntrySchema>;
export type QueueView = z.infer<typeof queueSchema>;
