// A pipeline from options of the command line: stages alike, and cuts between some of them.

import { BITS_PER_BYTE, parseQuantity } from "@bace-pipe/core";
import {
  type PipelineInput,
  type PipelineSpec,
  pipelineOf,
  pipelineSchema,
  scheduleRequest,
} from "@bace-pipe/core/spec";
import { InvalidArgumentError } from "commander";
import { badInput } from "../failure.ts";

export interface Flags {
  readonly stages?: number;
  readonly microbatches?: number;
  readonly chunks?: number;
  readonly forward: number;
  readonly inputGrad: number;
  readonly weightGrad: number;
  readonly overhead: number;
  readonly message: number;
  readonly memory?: number;
  readonly cut?: readonly Cut[];
}

export interface Cut {
  /** Stages in front of it. */
  readonly after: number;
  readonly latencySeconds: number;
  readonly bitsPerSecond: number;
}

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

export function specOfFlags(flags: Flags): PipelineSpec["pipeline"] {
  const { chunks = 1, cut = [], message, microbatches, stages } = flags;
  if (stages === undefined || microbatches === undefined)
    throw badInput(
      "nothing-to-schedule",
      "say what is to be scheduled",
      "give --stages and --microbatches, or --spec with a file",
    );
  const { memory = stages * chunks } = flags;
  const links = Array.from({ length: stages - 1 }, () => ({ latencySeconds: 0, occupancySeconds: 0 }));
  const seen = new Set<number>();
  for (const { after, bitsPerSecond, latencySeconds } of cut) {
    if (after < 1 || after >= stages)
      throw badInput(
        "invalid-cut",
        `--cut ${after}: there is no hop after ${after} of ${stages} stages`,
        stages === 1 ? "one stage has nothing to cut" : `give a number from 1 to ${stages - 1}`,
      );
    if (seen.has(after)) throw badInput("invalid-cut", `--cut ${after} is there twice`, "give each cut once");
    seen.add(after);
    links[after - 1] = { latencySeconds, occupancySeconds: (message * BITS_PER_BYTE) / bitsPerSecond };
  }
  const input: PipelineInput = {
    stages,
    microbatches,
    chunks,
    forwardSeconds: flags.forward,
    inputGradSeconds: flags.inputGrad,
    weightGradSeconds: flags.weightGrad,
    overheadSeconds: flags.overhead,
    links,
    ...(memory === Number.POSITIVE_INFINITY ? {} : { memoryCap: memory }),
    generator: "auto",
  };
  const checked = pipelineSchema.safeParse(input);
  if (!checked.success) {
    const [message_, hint = "give less"] = checked.error.issues[0]!.message.split(" — ");
    throw badInput("invalid-option", `${checked.error.issues[0]!.path.join(".")}: ${message_}`, hint);
  }
  return pipelineOf(checked.data).pipeline;
}
