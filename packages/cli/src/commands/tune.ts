// `bace tune`: the fastest micro-batch size, sequence length and extra warm-up forwards of a job on given GPUs (GeoPipe,
// arXiv 2510.12064). Needs no service.
import { tune } from "@bace-pipe/core";
import { provenanceOf } from "@bace-pipe/core/shell";
import { type Command, InvalidArgumentError } from "commander";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { type TuneOptions, tuneRequest } from "../tune/request.ts";
import { tuneText } from "../tune/text.ts";
import { VERSION } from "../version.ts";

interface Options extends TuneOptions {
  readonly output: Format;
}

export function tuneCommand(program: Command, io: Io): void {
  program
    .command("tune")
    .description(
      "find the fastest micro-batch size, sequence length and extra forwards of a job on given GPUs",
    )
    .requiredOption("--fleet <scenario>", "scenario file whose regions and links are the fleet, or -")
    .requiredOption("--job <file>", "job file (YAML or JSON), or - for standard input")
    .option("--job-name <name>", "which job of the file, if it has several")
    .requiredOption("--regions <names>", "where it runs, in the pipeline's order, separated by commas", names)
    .requiredOption("--gpus <counts>", "GPUs in each of them, likewise", counts)
    .option("--sequence-lengths <tokens>", "lengths to try, likewise (default: the job's own)", counts)
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace tune --fleet fleet.yaml --job job.yaml --regions frankfurt,tokyo --gpus 4,4
  bace tune --fleet fleet.yaml --job job.yaml --regions a,b,c --gpus 24,24,16 --sequence-lengths 2048,4096 -o wide
`,
    )
    .addHelpText(
      "after",
      `
Tries micro-batches of 1, 2, 4 … sequences and the job's own, with as many tokens per iteration as the job has, and up to
as many extra forwards per hop as hide it, in the memory that the GPUs have. Times are those of 1F1B with these links.
Tensor and data parallelism stay as they are. Where neither job nor scenario states an efficiency it is the fitted model's,
which knows that small micro-batches are less efficient. Another sequence length is another training run: choose it yourself.`,
    )
    .action(async ({ output, ...options }: Options) => {
      const request = await tuneRequest(options, io);
      const result = tune(request);
      const { fleet, path } = request;
      const value = {
        ...provenanceOf(VERSION, request),
        job: request.job.id,
        regions: fleet.regions.map(({ name }) => name),
        gpus: path.gpus,
        hopBitsPerSecond: path.hopBitsPerSecond,
        efficiency: request.efficiency,
        ...result,
      };
      io.out.write(rendered(output, value, (wide) => tuneText(result, { colors: io.out.colors, wide })));
    });
}

function names(text: string): readonly string[] {
  return text.split(",").map((name) => name.trim());
}

function counts(text: string): readonly number[] {
  return names(text).map((each) => {
    if (!/^[1-9]\d{0,8}$/.test(each))
      throw new InvalidArgumentError("Give whole numbers from 1, separated by commas, such as 4,4.");
    return Number(each);
  });
}
