// `bace bandwidth`: how much bandwidth is worth buying on a link, and what one more activation of memory would save.
import type { Pipeline } from "@bace-pipe/core/pipeline";
import { provenanceOf } from "@bace-pipe/core/shell";
import { parsePipeline } from "@bace-pipe/core/spec";
import { type Command, Option } from "commander";
import { linkOf } from "../bandwidth/link.ts";
import { curveSvg } from "../bandwidth/picture.ts";
import { studyOf } from "../bandwidth/study.ts";
import { answerOf, studyText } from "../bandwidth/text.ts";
import { badFile, badInput } from "../failure.ts";
import { type NamedText, readNamed } from "../files.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import {
  bytesOption,
  countOption,
  cutOption,
  type Flags,
  memoryOption,
  pipelineOfOptions,
  timeOption,
} from "../schedule/flags.ts";
import { checkedTarget, refuseClashes, writeWhole } from "../simulation/report/files.ts";
import { VERSION } from "../version.ts";

interface Options extends Omit<Flags, "chunks"> {
  readonly spec?: string;
  /** Stages in front of the cut. */
  readonly on?: number;
  readonly svg?: string;
  readonly output: Format;
}

const OF_FLAGS = [
  "stages",
  "microbatches",
  "cut",
  "forward",
  "inputGrad",
  "weightGrad",
  "overhead",
  "memory",
];

export function bandwidthCommand(program: Command, io: Io): void {
  program
    .command("bandwidth")
    .description("say how much bandwidth is worth buying on a link, and what more memory would save")
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
    .option(
      "--on <number>",
      "the cut to study, by the stages in front of it (default: the thinnest)",
      countOption,
    )
    .addOption(time("--forward <time>", "of a micro-batch on a stage"))
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
    .option("--svg <file>", "also write the curve as a picture")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace bandwidth --stages 8 --microbatches 32 --cut 4:lat=5ms,gbps=50 --message 1GB --forward 38ms --input-grad 38ms --weight-grad 38ms --memory 9
  bace bandwidth --stages 8 --microbatches 32 --cut 2:lat=20ms,gbps=5 --cut 6:lat=40ms,gbps=10 --on 6 --memory 16
  bace bandwidth --spec pipeline.yaml --message 64MB --svg curve.svg
`,
    )
    .addHelpText(
      "after",
      `
The least bandwidth with which nothing of a link shows is max(V/C, V/(n·C/2 - latency)), for messages of V bits, a
micro-batch every C seconds, and n forwards that stages in front of it run ahead besides 1F1B's; each takes one activation.
Iteration times are simulated. With --spec, --message says what size the file's occupancies are of.`,
    )
    .action(async (options: Options) => run(options, io));
}

function time(flags: string, description: string, preset = "10ms"): Option {
  return new Option(flags, description).argParser(timeOption).default(timeOption(preset), preset);
}

async function run({ on, output, svg, ...options }: Options, io: Io): Promise<void> {
  const source = options.spec === undefined ? undefined : await readNamed(options.spec, io);
  const pipeline = source ? pipelineOf(source) : pipelineOfOptions(options);
  const hop = studiedHop(pipeline, on);
  if (options.message === 0)
    throw badInput("invalid-option", "--message: no bytes need no bandwidth", "give the size of a message");
  const target = svg === undefined ? undefined : await checkedTarget("--svg", svg, io);
  if (target && source && options.spec) await refuseClashes([target], source, options.spec);
  const study = studyOf(linkOf(pipeline, hop, 8 * options.message));
  io.out.write(
    rendered(output, { ...provenanceOf(VERSION, pipeline), answer: answerOf(study), ...study }, (wide) =>
      studyText(study, { colors: io.out.colors, wide }),
    ),
  );
  if (target) await writeWhole(target, curveSvg(study, answerOf(study)));
}

function pipelineOf({ file, text }: NamedText): Pipeline {
  const parsed = parsePipeline(text, file);
  if (!parsed.ok) throw badFile(file, text, parsed.diagnostics);
  return parsed.value.pipeline;
}

/** The cut after `on` stages, or the one whose messages take longest on it, then on their way. */
function studiedHop({ hops }: Pipeline, on: number | undefined): number {
  const cuts = [...hops.keys()].filter((hop) => {
    const { latencySeconds, occupancySeconds } = hops[hop]!;
    return latencySeconds + occupancySeconds > 0;
  });
  const [first] = cuts;
  if (first === undefined)
    throw badInput("no-cut", "no link takes any time", "give --cut with lat and gbps, or links in the file");
  if (on === undefined)
    return cuts.reduce((best, hop) => {
      const [a, b] = [hops[best]!, hops[hop]!];
      const longer = b.occupancySeconds - a.occupancySeconds || b.latencySeconds - a.latencySeconds;
      return longer > 0 ? hop : best;
    }, first);
  if (cuts.includes(on - 1)) return on - 1;
  const places = cuts.map((hop) => hop + 1).join(", ");
  throw badInput("no-cut", `--on ${on}: there is no cut after ${on} stages`, `give one of ${places}`);
}
