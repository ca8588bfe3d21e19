// What the fleet, or a tenant's jobs, use now and have used. Electricity is that of busy GPUs, facility included: idle ones are
// nobody's. Regions whose carbon intensity nobody knows count as none.
import { z } from "@hono/zod-openapi";

const nowSchema = z.object({
  gpusUsed: z.number().int(),
  /** Of the fleet, whoever uses them. */
  gpusTotal: z.number().int(),
  powerWatts: z.number(),
  usdPerHour: z.number(),
  carbonGramsPerHour: z.number(),
});

const usedSchema = z
  .object({
    electricityUsd: z.number(),
    energyKwh: z.number(),
    carbonGrams: z.number(),
    gpuHours: z.number(),
  })
  .openapi("Used");

export const totalsSchema = z
  .object({
    nowSeconds: z.number(),
    /** Whose jobs these are of; null: all. */
    tenant: z.string().nullable(),
    now: nowSchema.extend({ regions: z.array(nowSchema.extend({ region: z.string() })) }),
    /** Since 00:00 UTC; null while it is being read from the log, or where that has been thinned out. */
    today: usedSchema.nullable(),
    /** Of all jobs that there are, the running ones included: those that were forgotten are not among them. */
    overall: usedSchema,
  })
  .openapi("Totals");

export type Totals = z.infer<typeof totalsSchema>;
export type Used = z.infer<typeof usedSchema>;
