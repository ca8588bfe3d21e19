// Regions and links as they are shown.
import { z } from "@hono/zod-openapi";

/** What a figure rests on: the file (its default), or an observation that is not too old. */
export const provenanceSchema = z
  .object({ source: z.string(), ageSeconds: z.number().nullable(), isDefault: z.boolean() })
  .openapi("Provenance");

export const regionViewSchema = z
  .object({
    name: z.string(),
    /** What carries out its launches, as a path: local/NAME, slurm/NAME, or slurm/NAME/PARTITION. */
    infrastructure: z.string().optional(),
    gpuType: z.string(),
    emulated: z.boolean(),
    gpus: z.number().int(),
    freeGpus: z.number().int(),
    priceUsdPerKwh: z.number(),
    pue: z.number(),
    priceFrom: provenanceSchema.optional(),
    /** null where nobody knows. */
    carbonGramsPerKwh: z.number().nullable().optional(),
    carbonFrom: provenanceSchema.optional(),
    /** Whether it is closed to new jobs. */
    cordon: z.enum(["cordoned", "drained"]).optional(),
    latitude: z.number().nullable(),
    longitude: z.number().nullable(),
    links: z.array(
      z.object({
        to: z.string(),
        bandwidthBitsPerSecond: z.number(),
        reservedBitsPerSecond: z.number(),
        latencySeconds: z.number(),
        bandwidthFrom: provenanceSchema.optional(),
        latencyFrom: provenanceSchema.optional(),
        /** What placements are planned with. */
        plannedBitsPerSecond: z.number().optional(),
        /** Set while a job is known to have got less than it had reserved: all that the link is thought to carry. */
        limit: z.object({ bitsPerSecond: z.number(), ageSeconds: z.number() }).nullable(),
      }),
    ),
  })
  .openapi("Region");

export const regionListSchema = z.object({
  fleet: z.string(),
  nowSeconds: z.number(),
  regions: z.array(regionViewSchema),
});

export type Provenance = z.infer<typeof provenanceSchema>;
export type RegionView = z.infer<typeof regionViewSchema>;
export type RegionList = z.infer<typeof regionListSchema>;
