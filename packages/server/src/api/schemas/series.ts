// Price, carbon intensity and GPUs of a region over time.
import { z } from "@hono/zod-openapi";

const stepSchema = z.object({
  /** It holds until the next one begins. */
  fromSeconds: z.number(),
  /** null: nobody knew it, or nobody does. */
  value: z.number().nullable(),
  source: z.string(),
  /** The file's figure: nobody has observed it, or not lately enough. */
  isDefault: z.boolean(),
});

export const seriesSchema = z
  .object({
    region: z.string(),
    fromSeconds: z.number(),
    /** What comes after it is what is believed now. */
    nowSeconds: z.number(),
    untilSeconds: z.number(),
    priceUsdPerKwh: z.array(stepSchema),
    carbonGramsPerKwh: z.array(stepSchema),
    /** There, whoever holds them. */
    gpus: z.array(stepSchema),
  })
  .openapi("Series");

export type SeriesView = z.infer<typeof seriesSchema>;
