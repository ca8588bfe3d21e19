// Schemas of what a scenario may say about time: when jobs come, what happens to the fleet, series from files.
// Only a simulation can do most of it; a service reads the series and says that it ignores the rest.
import { z } from "zod";
import { count, quantity } from "./quantity.ts";

/** As in a job file: a stage per GPU, and all of them are timed for every placement. */
const MOST_TRACED_GPUS = 512;

const factor = z.number().positive("is not above 0 — give a factor above 0, 1 for the trace as it is");

/** Exactly one of some fields, which say of what kind the whole is. */
function oneOf<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  fields: readonly (keyof Shape & string)[],
) {
  return schema.superRefine((value, context) => {
    const given = fields.filter((field) => (value as Readonly<Record<string, unknown>>)[field] !== undefined);
    if (given.length === 1) return;
    const message =
      given.length === 0
        ? `says none of ${fields.join(", ")} — add one of them`
        : `says ${given.join(" and ")} at once — make an entry of each, or keep one`;
    context.addIssue({ code: "custom", path: [], message });
  });
}

/** One column of a CSV file of hours beside the scenario, whose name says its unit. */
export const csvSeriesSchema = z.strictObject({
  /** Relative to the scenario file. */
  csv: z.string().min(1),
  /** Where the file has several that fit. */
  column: z.string().optional(),
  /** The instant (UTC) that is second 0 of the simulation, one for all series; the first hour that all have. */
  startAt: z.string().optional(),
});

export const disruptionSchema = oneOf(
  z.strictObject({
    atSeconds: quantity("seconds", { min: 0 }),
    /** From now on the region has this many GPUs; jobs that run keep theirs until they end. */
    capacity: z.strictObject({ region: z.string(), gpus: count(0) }).optional(),
    /** A link has other figures from now on; running jobs go on at them. */
    link: z
      .strictObject({
        from: z.string(),
        to: z.string(),
        both: z.boolean().default(false),
        bandwidthBitsPerSecond: quantity("bitsPerSecond", { min: 1 }).optional(),
        latencySeconds: quantity("seconds", { min: 0 }).optional(),
      })
      .refine((link) => link.bandwidthBitsPerSecond !== undefined || link.latencySeconds !== undefined, {
        error: "changes nothing — give bandwidthBitsPerSecond or latencySeconds",
      })
      .optional(),
    /** The region fails: its jobs are interrupted, and it has no GPUs for a time. */
    outage: z.strictObject({ region: z.string(), downSeconds: quantity("seconds", { above: 0 }) }).optional(),
    /** From now on electricity has this price there, whatever the tariff said. Schedulers that look ahead know it. */
    price: z.strictObject({ region: z.string(), priceUsdPerKwh: quantity("usdPerKwh") }).optional(),
  }),
  ["capacity", "link", "outage", "price"],
);

export const dynamicsFields = {
  /** What happens to the fleet, in order of time. */
  disruptions: z.array(disruptionSchema).default([]),
  /** Single jobs are interrupted at random. As in the service, a job that is interrupted five times has failed. */
  failures: z
    .strictObject({
      /** Mean GPU-hours of training between two interruptions. */
      gpuHoursBetween: z.number().positive("is not above 0 — give GPU-hours, such as 5000"),
      /** An interrupted job goes on from the last multiple of this. */
      checkpointIterations: count(1),
    })
    .optional(),
  /** When jobs come, instead of submitSeconds of each. They keep their order. */
  arrivals: oneOf(
    z.strictObject({
      /** The first at once, the others after gaps that are drawn from an exponential distribution. */
      poisson: z.strictObject({ meanGapSeconds: quantity("seconds", { above: 0 }) }).optional(),
      atOnce: z.literal(true, "can only be true — leave it out otherwise").optional(),
    }),
    ["poisson", "atOnce"],
  ).optional(),
  /** More jobs, from a trace in the style of Philly (timestamp, duration, num_gpus, cluster). */
  trace: z
    .strictObject({
      /** Relative to the scenario file. */
      file: z.string().min(1),
      /** The first so many, by submit time. */
      limit: count(1).optional(),
      /** On the time between arrivals: 0.1 makes ten times the load. */
      timeScale: factor.optional(),
      /** On GPUs per job; run times stay. */
      gpuScale: factor.optional(),
      /** Jobs that then need more are left out. */
      mostGpus: count(1, MOST_TRACED_GPUS).optional(),
    })
    .optional(),
};

export type CsvSeriesInput = z.output<typeof csvSeriesSchema>;
