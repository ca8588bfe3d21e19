// Why something was decided: placements, orders, what was rejected by which constraint.
import { z } from "@hono/zod-openapi";

export const placementSchema = z
  .object({
    /** In pipeline order. */
    regions: z.array(z.object({ region: z.string(), gpus: z.number().int() })),
    hops: z.array(z.object({ from: z.string(), to: z.string(), reservedBitsPerSecond: z.number() })),
  })
  .openapi("Placement");

export const orderTermsSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("fcfs"), submitSeconds: z.number() }),
  z.object({ kind: z.literal("shortest"), idealSeconds: z.number() }),
  z.object({
    kind: z.literal("priority"),
    score: z.number(),
    alpha: z.number(),
    intensity: z.number(),
    sensitivity: z.number(),
  }),
]);

export const rejectionSchema = z.discriminatedUnion("constraint", [
  z.object({ constraint: z.literal("no-free-gpus"), region: z.string() }),
  z.object({ constraint: z.literal("single-region"), region: z.string() }),
  z.object({
    constraint: z.literal("bandwidth"),
    region: z.string(),
    from: z.string(),
    to: z.string(),
    neededBitsPerSecond: z.number(),
    residualBitsPerSecond: z.number(),
  }),
]);

export const explanationSchema = z
  .object({
    policy: z.string(),
    position: z.number().int(),
    order: orderTermsSchema,
    targetGpus: z.number().int(),
    neededGpus: z.number().int(),
    candidates: z.array(
      z.object({
        regions: z.array(z.string()),
        gpus: z.number().int(),
        outcome: z.enum(["chosen", "not-best", "too-few-gpus"]),
        rejections: z.array(rejectionSchema),
        runSeconds: z.number().optional(),
        usd: z.number().optional(),
        score: z.number().optional(),
      }),
    ),
    iterationLowerBoundSeconds: z.number(),
    blockedBy: z.string().optional(),
    depth: z.number().optional(),
    reservedFor: z.string().optional(),
    postponed: z.object({ kind: z.enum(["faster", "cheaper"]), untilSeconds: z.number() }).optional(),
    /** Where the fleet has tenants or priority classes. */
    precedence: z
      .object({
        tenant: z.string(),
        priorityClass: z.string().nullable(),
        classValue: z.number(),
        weightedGpuSeconds: z.number().nullable(),
        /** Id of a job. */
        behind: z.string().optional(),
        because: z.enum(["class", "share"]).optional(),
      })
      .optional(),
    /** Where its tenant's quota keeps it waiting. */
    overQuota: z
      .discriminatedUnion("kind", [
        z.object({
          kind: z.literal("gpus"),
          tenant: z.string(),
          quota: z.number(),
          held: z.number(),
          needed: z.number(),
        }),
        z.object({
          kind: z.literal("usd-per-day"),
          tenant: z.string(),
          quota: z.number(),
          spent: z.number(),
          expected: z.number(),
          needed: z.number(),
        }),
      ])
      .optional(),
  })
  .openapi("Explanation");

export type PlacementView = z.infer<typeof placementSchema>;
