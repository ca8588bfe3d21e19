// The profile of a model on one machine: what `bace profile` measures and writes, and what a job's `profile` names.
// Seconds are medians on one device, of what a part adds to a block of one micro-batch; `overheadSeconds` is a block's own.
// Bytes are of one micro-batch. Left out: tensor parallelism, and memory that blocks need while they run.
import { z } from "zod";
import type { Parsed } from "./diagnostic.ts";
import { count } from "./quantity.ts";
import { shapeSchema } from "./schema.ts";
import { readYaml } from "./source.ts";

const seconds = z.number().min(0);
const bytes = count(0, Number.MAX_SAFE_INTEGER);

const partSchema = z.strictObject({
  forwardSeconds: seconds,
  /** Whole: gradients of inputs and of weights in one go. */
  backwardSeconds: seconds,
  inputGradSeconds: seconds,
  weightGradSeconds: seconds,
  /** Of the optimizer, once per iteration. */
  updateSeconds: seconds,
  /** What recomputation adds to a forward and its backward. */
  recomputationSeconds: seconds,
  /** Kept from the forward to the backward, besides what came over the boundary. */
  activationBytes: bytes,
  /** Kept from the input gradient to the weight gradient. */
  weightGradBytes: bytes,
  /** Distance of the quartiles as a share of the median, of the whole part that was measured. */
  spread: z.strictObject({
    forwardSeconds: seconds,
    backwardSeconds: seconds,
    inputGradSeconds: seconds,
    weightGradSeconds: seconds,
  }),
  /** How often it was measured. */
  rounds: count(1),
});

/** What the worker measures; `bace profile` adds the rest. */
export const measuredFiguresSchema = z.strictObject({
  machine: z.strictObject({
    device: z.enum(["cpu", "cuda"]),
    name: z.string(),
    pytorch: z.string(),
    /** Of a plain matrix product in the same run. */
    matmulFlopsPerSecond: z.number().positive(),
  }),
  sequenceLength: count(1),
  microbatchSize: count(1),
  /** Of activations and of the weights that multiply them. */
  dtype: z.enum(["float32", "bfloat16"]),
  /** That were measured as one part. */
  layersTogether: count(1),
  /** Estimated standard error of a part's times, of the worst part. */
  relativeError: seconds,
  /** Of a block, whatever it holds. */
  overheadSeconds: seconds,
  /** Of a message between stages. */
  boundaryBytes: bytes,
  embedding: partSchema,
  /** One of them. */
  layer: partSchema.extend({ forwardSeconds: z.number().positive(), backwardSeconds: z.number().positive() }),
  /** With the loss. */
  head: partSchema,
});

export const profileSchema = z.strictObject({
  version: z.literal(1, "not a known version — measure again with this version's `bace profile`"),
  measuredAt: z.iso.datetime(),
  /** Name of the GPU type, as in fleets. */
  gpu: z.string().min(1),
  model: shapeSchema,
  ...measuredFiguresSchema.shape,
});

export type MeasuredFigures = z.output<typeof measuredFiguresSchema>;
export type Profile = z.output<typeof profileSchema>;

export function parseProfile(text: string, file: string): Parsed<Profile> {
  const read = readYaml(text, file, profileSchema);
  return read.ok ? { ok: true, value: read.value.data } : read;
}
