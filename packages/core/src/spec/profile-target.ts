// What there is to profile: the models of a job file as they are trained there, or a preset.
import { MODEL_PRESETS, type ModelShape } from "../model/index.ts";
import { type Diagnostic, nameHint, type Parsed } from "./diagnostic.ts";
import { shapeOf, unknownToWorker } from "./job.ts";
import { type JobInput, jobFileFormOf } from "./schema.ts";
import { type FieldPath, readYaml, type Source } from "./source.ts";

export interface ProfileTarget {
  /** Of the preset or the job. */
  readonly name: string;
  readonly model: ModelShape;
  /** Undefined for a preset. */
  readonly sequenceLength: number | undefined;
  readonly microbatchSize: number;
  readonly dtype: "float32" | "bfloat16";
}

/** A preset that the worker can train; a message where there is none, or it cannot. */
export function presetTarget(
  name: string,
): ProfileTarget | { readonly message: string; readonly hint: string } {
  const preset = MODEL_PRESETS.get(name);
  if (!preset)
    return { message: `there is no model "${name}"`, hint: nameHint(name, [...MODEL_PRESETS.keys()]) };
  const model = preset.shape;
  return (
    unknownToWorker(model) ?? { name, model, sequenceLength: undefined, microbatchSize: 1, dtype: "float32" }
  );
}

/** One per job. The profile that a job names is not read: it may be the one to be made. */
export function profileTargets(text: string, file: string): Parsed<readonly ProfileTarget[]> {
  const read = readYaml(text, file, jobFileFormOf);
  if (!read.ok) return read;
  const { data, source } = read.value;
  const targets =
    "jobs" in data
      ? data.jobs.map((job, i) => targetOf(job, source, ["jobs", i]))
      : [targetOf(data, source, [])];
  const diagnostics = targets.filter((target) => "code" in target);
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  return { ok: true, value: targets.filter((target) => "model" in target) };
}

function targetOf(job: JobInput, source: Source, path: FieldPath): ProfileTarget | Diagnostic {
  const model = shapeOf(job, { source, path });
  const complain = (field: string, message: string, hint: string) =>
    source.diagnostic([...path, field], "invalid-field", message, hint);
  if (!model)
    return complain("name", `job "${job.name}" has no model to measure`, "give it model and sequenceLength");
  if ("code" in model) return model;
  const unknown = unknownToWorker(model);
  if (unknown) return complain("model", unknown.message, unknown.hint);
  const { microbatchSize, name, sequenceLength, training } = job;
  return { ...{ name, model, sequenceLength, microbatchSize }, dtype: training?.dtype ?? "float32" };
}
