// What is said of a fleet while the service runs, and what was.
import { z } from "@hono/zod-openapi";

const finite = z.number().finite();
const observedInput = { observedAtSeconds: finite.optional() };
const regionName = z.string().max(63);

/** In the unit of the input's own field. `isDefault`: it is too old to count, and the scenario's does. */
const saidFigureSchema = z.object({
  value: z.number(),
  source: z.string(),
  ageSeconds: z.number(),
  isDefault: z.boolean(),
});

/** What capacity, prices, carbon intensities and links are now. Figures that do not say when were observed now. */
export const inputsRequestSchema = z
  .object({
    /** Where they come from, for people. */
    source: z.string().regex(/^[\x20-\x7e]{1,100}$/, "1 to 100 printable ASCII characters"),
    inputs: z
      .array(
        z.discriminatedUnion("kind", [
          z.object({ kind: z.literal("capacity-changed"), region: regionName, gpus: z.number().int() }),
          z.object({
            ...{ kind: z.literal("price-changed"), region: regionName, priceUsdPerKwh: finite },
            ...observedInput,
          }),
          z.object({
            ...{ kind: z.literal("carbon-changed"), region: regionName, carbonGramsPerKwh: finite },
            ...observedInput,
          }),
          z.object({
            ...{ kind: z.literal("link-changed"), from: regionName, to: regionName },
            bandwidthBitsPerSecond: finite.optional(),
            /** One way. */
            latencySeconds: finite.optional(),
            ...observedInput,
          }),
        ]),
      )
      .min(1)
      .max(1000),
  })
  .openapi("Inputs");

/** What was said of the fleet since its scenario was loaded. */
export const inputListSchema = z
  .object({
    regions: z.array(
      z.object({
        region: z.string(),
        cordon: z.enum(["cordoned", "drained"]).nullable(),
        /** null: the scenario's. */
        gpus: z.number().int().nullable(),
        /** What a cluster has counted, where that was fewer once: no more than these. */
        counted: saidFigureSchema.optional(),
        price: saidFigureSchema.nullable(),
        carbon: saidFigureSchema.nullable(),
        /** Of one busy GPU, in watts, where somebody measured it. */
        busyWatts: saidFigureSchema.optional(),
      }),
    ),
    links: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        bandwidth: saidFigureSchema.nullable(),
        latency: saidFigureSchema.nullable(),
      }),
    ),
  })
  .openapi("InputList");

/** What was known already, or is older than what is, changes nothing. */
export const inputsReplySchema = z
  .object({ changed: z.number().int(), unchanged: z.number().int() })
  .openapi("InputsReply");

export type InputsRequest = z.input<typeof inputsRequestSchema>;
export type InputList = z.infer<typeof inputListSchema>;
export type InputsReply = z.infer<typeof inputsReplySchema>;
