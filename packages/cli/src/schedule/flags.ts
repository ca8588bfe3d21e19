// A pipeline from options of the command line: stages alike, and cuts between some of them.

import { parseQuantity } from "@bace-pipe/core";
import type { Pipeline } from "@bace-pipe/core/pipeline";
import { type Cut, type PipelineFlags, pipelineOfFlags } from "@bace-pipe/core/shell";
import { type PipelineSpec, scheduleRequest } from "@bace-pipe/core/spec";
import { InvalidArgumentError } from "commander";
import { badInput } from "../failure.ts";

export type Flags = Omit<PipelineFlags, "stages" | "microbatches"> &
  Partial<Pick<PipelineFlags, "stages" | "microbatches">>;

const CUT_HELP = "Write STAGES:lat=TIME,gbps=NUMBER, such as 4:lat=20ms,gbps=5 for a cut after four stages.";

/** `4:lat=20ms,gbps=5`; adds to the cuts before it. */
export function cutOption(text: string, before: readonly Cut[] = []): readonly Cut[] {
  const [, after, rest = ""] = /^(\d+)(?::(.*))?$/.exec(text) ?? [];
  if (after === undefined) throw new InvalidArgumentError(CUT_HELP);
  let latencySeconds = 0;
  let bitsPerSecond = Number.POSITIVE_INFINITY;
  for (const part of rest.split(",").filter((piece) => piece !== "")) {
    const [, name, value] = /^(\w+)=(.+)$/.exec(part) ?? [];
    if (name === "lat") latencySeconds = timeOption(value!);
    else if (name === "gbps" && Number(value) > 0) bitsPerSecond = Number(value) * 1e9;
    else throw new InvalidArgumentError(CUT_HELP);
  }
  return [...before, { after: Number(after), latencySeconds, bitsPerSecond }];
}

/** "10ms"; a number alone is seconds. */
export function timeOption(text: string): number {
  const seconds = quantity(text, "seconds");
  if (seconds === undefined) throw new InvalidArgumentError("Give a time of 0 or more, such as 10ms.");
  return seconds;
}

export function positiveTimeOption(text: string): number {
  const seconds = timeOption(text);
  if (seconds === 0) throw new InvalidArgumentError("Give a time above 0, such as 10ms.");
  return seconds;
}

/** "16MB"; a number alone is bytes. */
export function bytesOption(text: string): number {
  const bytes = quantity(text, "bytes");
  if (bytes === undefined) throw new InvalidArgumentError("Give a size of 0 or more, such as 16MB.");
  return bytes;
}

export function countOption(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new InvalidArgumentError("Give a whole number from 1, such as 8.");
  return count;
}

export function positiveOption(text: string): number {
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number)))
    throw new InvalidArgumentError("Give a number above 0, such as 8.");
  return number;
}

/** Activations; `none` for no limit. */
export function memoryOption(text: string): number {
  return text === "none" ? Number.POSITIVE_INFINITY : positiveOption(text);
}

function quantity(text: string, dimension: "seconds" | "bytes"): number | undefined {
  const value = /^[\d.]+$/.test(text) ? Number(text) : parseQuantity(text, dimension);
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** One name, or several separated by commas. */
export function requestOf(generator: string): PipelineSpec["request"] {
  const request = scheduleRequest(generatorInput(generator));
  if ("problem" in request) throw badInput("unknown-generator", request.problem, request.hint);
  return request;
}

function generatorInput(text: string): string | string[] {
  return text.includes(",") ? text.split(",").map((name) => name.trim()) : text;
}

export function pipelineOfOptions({ microbatches, stages, ...flags }: Flags): Pipeline {
  if (stages === undefined || microbatches === undefined)
    throw badInput(
      "nothing-to-schedule",
      "say what is to be scheduled",
      "give --stages and --microbatches, or --spec with a file",
    );
  const made = pipelineOfFlags({ stages, microbatches, ...flags });
  if (made.ok) return made.value;
  const { code, hint, message } = made.problem;
  throw badInput(code, message, hint);
}
