// A pipeline to be scheduled, as `bace schedule --spec` reads it: sizes, times, links, memory, and by which generators.
// Everything that is of a rank is one number for all or a list with one per rank; links are one for all hops or one per hop.
import { z } from "zod";
import { type Pipeline, type ScheduleName, scheduleNames } from "../pipeline/index.ts";
import { nameHint, type Parsed } from "./diagnostic.ts";
import { count, quantity } from "./quantity.ts";
import { readYaml } from "./source.ts";

const MOST_STAGES = 512;
const MOST_MICROBATCHES = 4096;
const MOST_CHUNKS = 64;
/** Every generator's schedule has up to three blocks for each. */
const MOST_PARTS = 262_144;
/** Of one block or message: 30 million years. The sum of all of them is finite then. */
const MOST_SECONDS = 1e15;

/** What makes schedules: generators of core by name, all of them (`auto`), or a solver (`exact`). */
export type ScheduleRequest =
  | { readonly kind: "auto" }
  | { readonly kind: "exact" }
  | { readonly kind: "one"; readonly name: ScheduleName }
  | { readonly kind: "list"; readonly names: readonly (ScheduleName | "exact")[] };

export interface PipelineSpec {
  readonly pipeline: Pipeline;
  readonly request: ScheduleRequest;
}

const perStage = <T extends z.ZodType>(one: T, example: string) =>
  z.union([one, z.array(one)], {
    error: `is neither one value for all stages nor a list with one per stage — for example ${example}`,
  });

const time = (bounds: Parameters<typeof quantity>[1]) =>
  quantity("seconds", bounds).refine((seconds) => seconds <= MOST_SECONDS, {
    error: ({ input }) => `${String(input)} s is above ${MOST_SECONDS.toExponential()} s — give less`,
  });

const times = (bounds: Parameters<typeof quantity>[1]) => perStage(time(bounds), "10 ms, or [10 ms, 12 ms]");

const linkSchema = z.strictObject({
  /** One way; does not occupy the link. */
  latencySeconds: time({ min: 0 }).default(0),
  /** Of one message: its bytes over the bandwidth. Later messages wait for it. */
  occupancySeconds: time({ min: 0 }).default(0),
});

/** With more than one chunk, seconds and memory are of one chunk. */
export const pipelineSchema = z
  .strictObject({
    /** Ranks in a chain, each with a part of the model. */
    stages: count(1, MOST_STAGES),
    microbatches: count(1, MOST_MICROBATCHES),
    /** Parts into which each rank's part is cut in what follows. Where it is 1, loops and waves cut it in two themselves. */
    chunks: count(1, MOST_CHUNKS).default(1),
    forwardSeconds: times({ above: 0 }),
    inputGradSeconds: times({ min: 0 }),
    weightGradSeconds: times({ min: 0 }),
    /** Of each block, whatever its size. */
    overheadSeconds: time({ min: 0 }).default(0),
    /** Between neighbouring stages, both ways: one for all hops or one per hop. No time at all where there are none. */
    links: z.array(linkSchema).default([]),
    /** Activations that a stage can hold; no limit where absent. */
    memoryCap: perStage(
      z.number().positive({ error: (issue) => `${String(issue.input)} is not above 0 — give 1 or more` }),
      "8, or [8, 7, 6, 5]",
    ).optional(),
    /** What replicas of a stage exchange for each of its chunks; nothing where absent. */
    gradients: z
      .strictObject({
        /** After its last gradient: a reduce-scatter, or all of an all-reduce. */
        reduceSeconds: times({ min: 0 }),
        /** Before its first forward: an all-gather; 0 for an all-reduce. */
        gatherSeconds: times({ min: 0 }).default(0),
        /** Over the links between stages, to the next stage and from the last one back, between the messages there. */
        overLinks: z.boolean().default(false),
      })
      .optional(),
    /** A name, a list of names, `auto` (all of them) or `exact` (a solver). */
    generator: z
      .union([z.string(), z.array(z.string()).min(1, "no names — name a generator")])
      .default("auto"),
  })
  .superRefine((spec, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    const { chunks, generator, links, microbatches, stages } = spec;
    for (const field of ["forwardSeconds", "inputGradSeconds", "weightGradSeconds", "memoryCap"] as const) {
      const value = spec[field];
      if (Array.isArray(value) && value.length !== stages)
        complain(
          [field],
          `${value.length} values for ${stages} stages — give ${stages}, or one number for all`,
        );
    }
    for (const field of ["reduceSeconds", "gatherSeconds"] as const) {
      const value = spec.gradients?.[field];
      if (Array.isArray(value) && value.length !== stages)
        complain(
          ["gradients", field],
          `${value.length} values for ${stages} stages — give ${stages}, or one number for all`,
        );
    }
    if (links.length > 1 && links.length !== stages - 1)
      complain(
        ["links"],
        `${links.length} links for ${stages - 1} hops between ${stages} stages — give ${stages - 1}, or one for all`,
      );
    if (stages * chunks * microbatches > MOST_PARTS)
      complain(
        ["microbatches"],
        `${stages} stages × ${chunks} chunks × ${microbatches} micro-batches are more than ${MOST_PARTS} — give less`,
      );
    const request = scheduleRequest(generator);
    if ("problem" in request)
      complain(
        typeof generator === "string" ? ["generator"] : ["generator", request.index],
        `${request.problem} — ${request.hint}`,
      );
  });

export type PipelineInput = z.output<typeof pipelineSchema>;

/** YAML or JSON. */
export function parsePipeline(text: string, file: string): Parsed<PipelineSpec> {
  const read = readYaml(text, file, pipelineSchema);
  return read.ok ? { ok: true, value: pipelineOf(read.value.data) } : read;
}

/** Of an input that the schema accepted. */
export function pipelineOf(spec: PipelineInput): PipelineSpec {
  const { chunks, generator, links, memoryCap = Number.POSITIVE_INFINITY, microbatches, stages } = spec;
  const each = (value: number | number[]) =>
    typeof value === "number" ? Array.from({ length: stages }, () => value) : value;
  const request = scheduleRequest(generator);
  if ("problem" in request) throw new RangeError(request.problem);
  const free = { latencySeconds: 0, occupancySeconds: 0 };
  return {
    pipeline: {
      ranks: stages,
      microbatches,
      chunks,
      forwardSeconds: each(spec.forwardSeconds),
      inputGradSeconds: each(spec.inputGradSeconds),
      weightGradSeconds: each(spec.weightGradSeconds),
      overheadSeconds: spec.overheadSeconds,
      hops: Array.from({ length: stages - 1 }, (_, hop) => links[links.length === 1 ? 0 : hop] ?? free),
      memoryCap: each(memoryCap),
      ...(spec.gradients ? { gradients: gradientsOf(spec.gradients, stages, each) } : {}),
    },
    request,
  };
}

function gradientsOf(
  { gatherSeconds, overLinks, reduceSeconds }: NonNullable<PipelineInput["gradients"]>,
  stages: number,
  each: (value: number | number[]) => number[],
): NonNullable<Pipeline["gradients"]> {
  const gather = each(gatherSeconds);
  return each(reduceSeconds).map((reduce, rank) => ({
    reduceSeconds: reduce,
    gatherSeconds: gather[rank]!,
    ...(overLinks && stages > 1 ? { overLinkToRank: rank < stages - 1 ? rank + 1 : rank - 1 } : {}),
  }));
}

/** `auto` and `exact` stand alone, but `exact` may also be in a list. */
export function scheduleRequest(
  generator: string | readonly string[],
): ScheduleRequest | { readonly problem: string; readonly hint: string; readonly index: number } {
  if (generator === "auto") return { kind: "auto" };
  if (generator === "exact") return { kind: "exact" };
  const names = typeof generator === "string" ? [generator] : generator;
  const known: readonly string[] = [...scheduleNames, "exact"];
  const index = names.findIndex((name) => !known.includes(name));
  if (index >= 0) {
    const name = names[index]!;
    return name === "auto"
      ? { problem: "auto is all generators", hint: "give it alone, or name those that you want", index }
      : { problem: `"${name}" is not a generator`, hint: nameHint(name, [...known, "auto"]), index };
  }
  if (typeof generator === "string") return { kind: "one", name: generator as ScheduleName };
  return { kind: "list", names: [...new Set(names)] as (ScheduleName | "exact")[] };
}
