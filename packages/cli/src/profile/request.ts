// What `bace profile` is to measure: a preset, or the model of a job as the job trains it; options are over both.
import { nameHint, type ProfileTarget, presetTarget, profileTargets } from "@bace-pipe/core/spec";
import { badFile, badInput } from "../failure.ts";
import { readNamed } from "../files.ts";
import type { Io } from "../io.ts";

export interface TargetOptions {
  readonly jobName?: string;
  readonly sequenceLength?: number;
  readonly microbatchSize?: number;
  readonly dtype?: ProfileTarget["dtype"];
}

export type Request = ProfileTarget & { readonly sequenceLength: number };

/** Whatever looks like a file, and standard input. */
const FILE = /^-$|\/|\.(ya?ml|json)$/;

/** Throws a Failure that says what is wrong. */
export async function profileRequest(asked: string, options: TargetOptions, io: Io): Promise<Request> {
  const target = FILE.test(asked) ? await targetOfFile(asked, options, io) : ofPreset(asked);
  const { sequenceLength = target.sequenceLength } = options;
  if (sequenceLength === undefined)
    throw badInput(
      "sequence-length-missing",
      `a preset does not say how long sequences are`,
      "give --sequence-length, or name a job file",
    );
  const { dtype = target.dtype, microbatchSize = target.microbatchSize } = options;
  return { ...target, sequenceLength, microbatchSize, dtype };
}

/** The worker's flags for its model. */
export function workerFlags({ dtype, microbatchSize, model, sequenceLength }: Request): string[] {
  const flags = {
    "vocabulary-size": model.vocabularySize,
    "hidden-size": model.hiddenSize,
    layers: model.layers,
    "attention-heads": model.attentionHeads,
    "key-value-heads": model.keyValueHeads,
    "feed-forward-size": model.feedForwardSize,
    "sequence-length": sequenceLength,
    "microbatch-size": microbatchSize,
    dtype,
  };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function ofPreset(name: string): ProfileTarget {
  const target = presetTarget(name);
  if ("model" in target) return target;
  throw badInput("unknown-model", target.message, target.hint);
}

async function targetOfFile(name: string, { jobName }: TargetOptions, io: Io): Promise<ProfileTarget> {
  const { file, text } = await readNamed(name, io);
  const parsed = profileTargets(text, file);
  if (!parsed.ok) throw badFile(file, text, parsed.diagnostics);
  const targets = parsed.value;
  const names = targets.map((each) => each.name);
  if (jobName === undefined) {
    if (targets.length === 1) return targets[0]!;
    const message = `${file} has ${targets.length} jobs: ${names.join(", ")}`;
    throw badInput("which-job", message, "choose with --job-name");
  }
  const target = targets.find((each) => each.name === jobName);
  if (!target) throw badInput("unknown-job", `${file} has no job "${jobName}"`, nameHint(jobName, names));
  return target;
}
