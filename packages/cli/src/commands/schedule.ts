// `bace schedule`: the best order of a pipeline's work on its stages, for given times, links and memory. Needs no service.
import { duration, share } from "@bace-pipe/core/format";
import { gapOf, scheduleNames } from "@bace-pipe/core/pipeline";
import { type Outcome, resultOf } from "@bace-pipe/core/shell";
import { type PipelineSpec, parsePipeline } from "@bace-pipe/core/spec";
import { type Command, Option } from "commander";
import { badFile, EXIT } from "../failure.ts";
import { type NamedText, readNamed } from "../files.ts";
import type { Io } from "../io.ts";
import { type Format, isTable, outputOption, rendered } from "../render/output.ts";
import { createScreen } from "../render/screen.ts";
import { scheduled, type Watch } from "../schedule/candidates.ts";
import { type FileOptions, prepareFiles } from "../schedule/files.ts";
import {
  bytesOption,
  countOption,
  cutOption,
  type Flags,
  memoryOption,
  pipelineOfOptions,
  positiveOption,
  positiveTimeOption,
  requestOf,
  timeOption,
} from "../schedule/flags.ts";
import { scheduleText } from "../schedule/table.ts";
import { VERSION } from "../version.ts";

interface Options extends Flags, FileOptions {
  readonly spec?: string;
  readonly generator?: string;
  readonly timeLimit: number;
  readonly output: Format;
}

const OF_FLAGS = [
  "stages",
  "microbatches",
  "chunks",
  "cut",
  "forward",
  "inputGrad",
  "weightGrad",
  "message",
  "overhead",
  "memory",
];

export function scheduleCommand(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command("schedule")
    .description(
      "find the best pipeline schedule for given times, links and memory, and how far it may be from optimal",
    )
    .addOption(
      new Option("--spec <file>", "pipeline file (YAML or JSON), or - for standard input").conflicts(
        OF_FLAGS,
      ),
    )
    .option("--stages <number>", "stages, one per rank", countOption)
    .option("--microbatches <number>", "micro-batches of an iteration", countOption)
    .option(
      "--cut <place>",
      "after how many stages a slow link comes: 4:lat=20ms,gbps=5; may be repeated",
      cutOption,
    )
    .addOption(time("--forward <time>", "of a micro-batch on a stage").argParser(positiveTimeOption))
    .addOption(time("--input-grad <time>", "input gradient, likewise"))
    .addOption(time("--weight-grad <time>", "weight gradient, likewise"))
    .addOption(time("--overhead <time>", "of each block besides", "0"))
    .addOption(
      new Option("--message <size>", "of a message over a cut").argParser(bytesOption).default(16e6, "16MB"),
    )
    .option(
      "--memory <number>",
      "activations a stage can hold, or none (default: as many as 1f1b needs)",
      memoryOption,
    )
    .option(
      "--chunks <number>",
      "chunks of a stage in loops and waves; times and memory are then of one (default: of a stage, 2 chunks)",
      countOption,
    )
    .option("-g, --generator <names>", "auto, exact, or names separated by commas (default: auto)")
    .addOption(
      new Option("--time-limit <seconds>", "of exact search").argParser(positiveOption).default(60, "60"),
    )
    .option("--svg <file>", "also write the best schedule as a picture")
    .option("--html <file>", "also write a page: picture, details, candidates")
    .option("--chrome-trace <file>", "also write it for Perfetto or chrome://tracing")
    .option("--torch-csv <file>", "also write it for PyTorch's pipeline runtime (compute_only)")
    .option("--torch-csv-comms <file>", "likewise with sends and receives (compute_comms)")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace schedule --stages 8 --microbatches 32 --cut 4:lat=20ms,gbps=5
  bace schedule --stages 4 --microbatches 8 --cut 2:lat=10ms --memory 8 --generator 1f1b,zb-h1,exact --time-limit 20
  bace schedule --stages 4 --microbatches 8 --generator zb-h1 --torch-csv schedule.csv --html schedule.html
  bace schedule --spec pipeline.yaml -o json
`,
    )
    .addHelpText(
      "after",
      `
Generators: ${scheduleNames.join(", ")}.
auto compares all of them. The best is the fastest that fits into memory; where none fits, the one that is least over it.
exact searches with a solver until the time limit or Ctrl-C, and prints the best it has found.
Stages are alike here; a file can give a number for each (schema: docs/reference/pipeline.schema.json).
Exit codes: 0 done, 2 bad input or no such schedule, 130 stopped by Ctrl-C, with the best so far.`,
    )
    .action(async (options: Options) => runSchedule(options, io, exit));
}

function time(flags: string, description: string, preset = "10ms"): Option {
  return new Option(flags, description).argParser(timeOption).default(timeOption(preset), preset);
}

async function runSchedule(options: Options, io: Io, exit: (code: number) => void): Promise<void> {
  const source = options.spec === undefined ? undefined : await readNamed(options.spec, io);
  const { pipeline, request } = specOf(options, source);
  const files = await prepareFiles(options, source, io);
  const interrupt = new AbortController();
  const { timeLimit: timeLimitSeconds } = options;
  // While there is no solver to stop, Ctrl-C ends the program, as is usual.
  const search = async <T>(run: (watch: Watch) => Promise<T>) => {
    const stopListening = io.onInterrupt(() => interrupt.abort());
    try {
      return await run({ onProgress: progressLine(io, timeLimitSeconds), signal: interrupt.signal });
    } finally {
      stopListening();
    }
  };
  const outcome = await scheduled(pipeline, request, { timeLimitSeconds, search });
  if (interrupt.signal.aborted) {
    io.err.write("stopped: this is the best schedule so far\n");
    exit(EXIT.interrupted);
  }
  if (isTable(options.output)) io.err.write(memoryWarning(outcome, io));
  const { output } = options;
  const { colors, columns } = io.out;
  io.out.write(
    rendered(output, resultOf(outcome, { pipeline, request }, VERSION), (wide) =>
      scheduleText(pipeline, outcome, { colors, columns: columns(), wide }),
    ),
  );
  await files.write(pipeline, outcome);
}

function memoryWarning({ best: { generator, status }, candidates }: Outcome, { err }: Io): string {
  if (status !== "over-memory") return "";
  const told =
    candidates.length > 1
      ? `nothing here fits into memory; ${generator} is least over it`
      : `${generator} does not fit into memory`;
  return `${err.colors.yellow("warning[over-memory]")}: ${told}\n`;
}

/** The file, or the options; `--generator` is over the file's. */
function specOf(options: Options, source: NamedText | undefined): PipelineSpec {
  const asked = options.generator === undefined ? undefined : requestOf(options.generator);
  if (!source) return { pipeline: pipelineOfOptions(options), request: asked ?? { kind: "auto" } };
  const parsed = parsePipeline(source.text, source.file);
  if (!parsed.ok) throw badFile(source.file, source.text, parsed.diagnostics);
  return { ...parsed.value, ...(asked ? { request: asked } : {}) };
}

function progressLine(io: Io, timeLimitSeconds: number) {
  const screen = createScreen(io.err);
  screen.say(`searching for at most ${duration(timeLimitSeconds)}; Ctrl-C ends it with the best so far`);
  const since = performance.now();
  return (incumbentSeconds: number, boundSeconds: number) => {
    const elapsed = duration((performance.now() - since) / 1000);
    const gap = share(gapOf(incumbentSeconds, boundSeconds));
    const text = `${elapsed} of ${duration(timeLimitSeconds)}: ${duration(incumbentSeconds)}, bound ${duration(boundSeconds)}, gap ${gap}`;
    if (screen.isTerminal) screen.show(`${text}\n`);
    else screen.say(text);
  };
}
