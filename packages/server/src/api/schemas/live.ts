// What pages that stay open are told.
import { z } from "@hono/zod-openapi";
import { jobViewSchema } from "./jobs.ts";
import { regionListSchema } from "./regions.ts";

/** Held of the fleet. */
export const loadSchema = z.object({
  freeGpus: z.record(z.string(), z.number().int()),
  /** Of links with reservations, and only those. */
  links: z.array(z.object({ from: z.string(), to: z.string(), reservedBitsPerSecond: z.number() })),
});

/** Data of one event of the stream. */
export const changesSchema = z
  .object({
    nowSeconds: z.number(),
    /** Everything is told anew: what was known before and does not come until the next event with an id is no more. */
    begin: z.literal(true).optional(),
    /** As they are now; in the order of submission where all are told. */
    jobs: z.array(jobViewSchema),
    forgotten: z.array(z.string()).optional(),
    regions: regionListSchema.optional(),
    load: loadSchema.optional(),
  })
  .openapi("Changes");

export type LoadView = z.infer<typeof loadSchema>;
export type Changes = z.infer<typeof changesSchema>;
